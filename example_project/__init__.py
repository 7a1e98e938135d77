"""Two t4t projects in one Dagster code location."""
