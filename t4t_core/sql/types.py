"""Types as users write them, as DuckDB's."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ParseError

# Words of the public t4t for which DuckDB has no type of that name.
_WORDS = {"number": "DOUBLE", "object": "JSON", "array": "JSON"}

PORTABLE_WORDS = frozenset(_WORDS)
"""They stand for a type that each database calls otherwise, so they leave it open."""


def duckdb_type(written: str) -> str | None:
    """DuckDB's name of a type, or None for what is no type."""
    try:
        found = exp.DataType.build(_WORDS.get(written.strip().lower(), written), dialect="duckdb")
    except (ParseError, ValueError):
        return None
    return found.sql("duckdb")
