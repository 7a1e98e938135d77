"""The columns of a table and of its query: whether they fit, and what happens where they differ."""
