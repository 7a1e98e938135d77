"""A function of SQL: a DuckDB macro, and the statement that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from t4t_core.names import TableName
from t4t_core.sql.calls_as_written import with_calls_as_written
from t4t_core.sql.names import identifier, rendered, table
from t4t_core.sql.tables import TableRef


@dataclass(frozen=True, slots=True)
class Overload:
    """One list of parameters with what is computed from them.

    Attributes:
        parameters: As DuckDB takes them, without the parentheses.
        tree: The expression, or the query of a table function. Never changed: copy it first.
        text: The same as the user wrote it, or None where that is not what DuckDB gets.
    """

    parameters: str
    is_table: bool
    tree: exp.Expr = field(repr=False, compare=False, hash=False)
    text: str | None

    @property
    def tree_to_run(self) -> exp.Expr:
        """A fresh tree with calls as the user wrote them."""
        return with_calls_as_written(self.tree.copy())


@dataclass(frozen=True, slots=True)
class Macro:
    """A function of SQL.

    Attributes:
        tables: What it reads, each once.
        calls: The functions it calls that are none of SQL's own, each once.
        fingerprint: SHA-256 over the tokens, so that comments and layout do not count.
    """

    overloads: tuple[Overload, ...]
    tables: tuple[TableRef, ...]
    calls: tuple[TableRef, ...]
    fingerprint: str


def create_macro(
    name: TableName, catalog: str, overloads: Sequence[tuple[Overload, exp.Expr | None]]
) -> str:
    """`CREATE OR REPLACE MACRO ...`.

    Args:
        name: Schema and name.
        catalog: The database's.
        overloads: Each with the tree to use, or None for the text as it was written.
    """
    target = rendered(table(name, catalog))
    return f"CREATE OR REPLACE MACRO {target}{_definition(overloads)}"


def create_temporary_macro(name: str, overloads: Sequence[tuple[Overload, exp.Expr | None]]) -> str:
    """`CREATE OR REPLACE TEMPORARY MACRO ...`, for a name without a schema."""
    return f"CREATE OR REPLACE TEMPORARY MACRO {rendered(identifier(name))}{_definition(overloads)}"


def _definition(overloads: Sequence[tuple[Overload, exp.Expr | None]]) -> str:
    parts = []
    for overload, tree in overloads:
        body = overload.text if tree is None and overload.text is not None else None
        if body is None:
            body = rendered(overload.tree_to_run if tree is None else tree)
        body = f"TABLE ({body})" if overload.is_table else f"({body})"
        parts.append(f"({overload.parameters}) AS {body}")
    return ", ".join(parts)


def drop_macro(name: TableName, catalog: str, kind: str) -> str:
    """`DROP MACRO ...` for the SCALAR or TABLE functions of a name."""
    target = rendered(table(name, catalog))
    return f"DROP MACRO{' TABLE' if kind == 'TABLE' else ''} {target}"
