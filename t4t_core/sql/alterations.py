"""Statements that change a table's columns, for DuckDB.

In DuckDB 1.4 and 2.0 they go together with writes to the table in one transaction.
"""

from __future__ import annotations

from sqlglot import exp

from t4t_core.sql.names import identifier, rendered


def add_column(table: exp.Table, name: str, type_: str) -> str:
    """`ALTER TABLE ... ADD COLUMN ...`; rows that are there have NULL in it.

    Args:
        table: The table.
        name: The column.
        type_: As DuckDB writes it.
    """
    return f"ALTER TABLE {rendered(table)} ADD COLUMN {rendered(identifier(name))} {type_}"


def drop_column(table: exp.Table, name: str) -> str:
    """`ALTER TABLE ... DROP COLUMN ...`."""
    return f"ALTER TABLE {rendered(table)} DROP COLUMN {rendered(identifier(name))}"


def set_type(table: exp.Table, name: str, type_: str) -> str:
    """`ALTER TABLE ... ALTER COLUMN ... TYPE ...`."""
    column = rendered(identifier(name))
    return f"ALTER TABLE {rendered(table)} ALTER COLUMN {column} TYPE {type_}"
