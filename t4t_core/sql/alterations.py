"""Statements that change a table's columns, for DuckDB.

In DuckDB 1.4 and 2.0 they go together with writes to the table in one transaction.
"""

from __future__ import annotations

from t4t_core.names import TableName
from t4t_core.sql.names import identifier, table, type_name
from t4t_core.sql.text import Sql, sql


def add_column(table: Sql, name: str, type_: str) -> Sql:
    """`ALTER TABLE ... ADD COLUMN ...`; rows that are there have NULL in it.

    Args:
        table: The table.
        name: The column.
        type_: As DuckDB writes it.
    """
    return sql(
        "ALTER TABLE {table} ADD COLUMN {name} {type}",
        table=table,
        name=identifier(name),
        type=type_name(type_),
    )


def drop_column(table: Sql, name: str) -> Sql:
    """`ALTER TABLE ... DROP COLUMN ...`."""
    return sql("ALTER TABLE {table} DROP COLUMN {name}", table=table, name=identifier(name))


def set_type(table: Sql, name: str, type_: str) -> Sql:
    """`ALTER TABLE ... ALTER COLUMN ... TYPE ...`."""
    return sql(
        "ALTER TABLE {table} ALTER COLUMN {name} TYPE {type}",
        table=table,
        name=identifier(name),
        type=type_name(type_),
    )


def drop_index(index: str, name: TableName, catalog: str) -> Sql:
    """`DROP INDEX ...`, in the schema of its table."""
    return sql("DROP INDEX {index}", index=table(TableName(name.schema, index), catalog))
