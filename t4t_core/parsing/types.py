"""Types as users write them, as DuckDB's."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from t4t_core.sql.portable_types import IN_DUCKDB


def duckdb_type(written: str) -> str | None:
    """DuckDB's name of a type, or None for what is no type."""
    try:
        found = exp.DataType.build(
            IN_DUCKDB.get(written.strip().lower(), written), dialect="duckdb"
        )
    except (SqlglotError, ValueError):
        return None
    return found.sql("duckdb")


def translated_type(written: str, dialect: str) -> str:
    """What DuckDB calls a type of another dialect; the same text where sqlglot knows no such."""
    try:
        return exp.DataType.build(written, dialect=dialect, udt=True).sql(dialect="duckdb")
    except SqlglotError:
        return written
