"""Windows of time: what a run, a backfill or a partition reads, and what has been read."""
