"""Types that stand for another one in each database."""

from __future__ import annotations

# Words of the public t4t for which DuckDB has no type of that name.
IN_DUCKDB = {"number": "DOUBLE", "object": "JSON", "array": "JSON"}

PORTABLE_WORDS = frozenset(IN_DUCKDB)
"""They stand for a type that each database calls otherwise, so they leave it open."""
