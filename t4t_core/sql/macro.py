"""A function of SQL: a DuckDB macro, and the statement that makes it."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.names import TableName
from t4t_core.sql.filling import Fill, filled
from t4t_core.sql.names import identifier, table
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql


class Overload(Struct, frozen=True):
    """One list of parameters with what is computed from them.

    Attributes:
        parameters: As DuckDB takes them, without the parentheses.
        body: The expression, or the query of a table function.
    """

    parameters: str
    is_table: bool
    body: SlottedText


class Macro(Struct, frozen=True):
    """A function of SQL.

    Attributes:
        tables: What it reads, each once.
        calls: The functions it calls that are none of SQL's own, each once.
        fingerprint: SHA-256 over the tokens, so that comments and layout do not count.
        unsteady: What may give another result for the same; see `t4t_core.parsing.steadiness`.
    """

    overloads: tuple[Overload, ...]
    tables: tuple[TableRef, ...]
    calls: tuple[TableRef, ...]
    fingerprint: str
    unsteady: tuple[str, ...]


def create_macro(name: TableName, catalog: str, macro: Macro, fill: Fill) -> Sql:
    """`CREATE OR REPLACE MACRO ...`.

    Args:
        name: Schema and name.
        catalog: The database's.
        macro: The function.
        fill: What is put into the places of its bodies.
    """
    return Sql(f"CREATE OR REPLACE MACRO {table(name, catalog)}{_definition(macro, fill)}")


def create_temporary_macro(name: str, macro: Macro, fill: Fill) -> Sql:
    """`CREATE OR REPLACE TEMPORARY MACRO ...`, for a name without a schema."""
    return Sql(f"CREATE OR REPLACE TEMPORARY MACRO {identifier(name)}{_definition(macro, fill)}")


def _definition(macro: Macro, fill: Fill) -> str:
    return ", ".join(
        f"({overload.parameters}) AS {'TABLE ' * overload.is_table}({filled(overload.body, fill)})"
        for overload in macro.overloads
    )


def drop_macro(name: TableName, catalog: str, kind: str) -> Sql:
    """`DROP MACRO ...` for the SCALAR or TABLE functions of a name."""
    words = "DROP MACRO TABLE" if kind == "TABLE" else "DROP MACRO"
    return Sql(f"{words} {table(name, catalog)}")
