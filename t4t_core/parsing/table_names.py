"""Names of tables as users write them."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.sql.table_ref import TableRef


def table_named(text: str) -> TableRef | None:
    """The table of a name, whose parts may be quoted; None for what is no name."""
    try:
        found = exp.to_table(text, dialect="duckdb")
    except (ParseError, TokenError):
        return None
    return TableRef(found.catalog, found.db, found.name)
