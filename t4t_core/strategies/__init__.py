"""The incremental strategies: one file each, from a model's window to its statements."""
