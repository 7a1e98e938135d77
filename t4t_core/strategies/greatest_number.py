"""The greatest number that a table's rows were ever given.

It is remembered beside the ledger, since its row may be gone when the next number is given.
"""

from __future__ import annotations

from sqlglot import exp

from t4t_core.names import OWN_SCHEMA, TableName
from t4t_core.planning.steps import Write
from t4t_core.sql.names import column, identifier, rendered
from t4t_core.sql.window import subquery

_MEMORY = exp.Table(this=identifier("numbers"), db=identifier(OWN_SCHEMA))


def make_memory() -> Write:
    """The table in which it is remembered, where it is not there yet."""
    columns = "(model_name VARCHAR PRIMARY KEY, greatest HUGEINT)"
    return Write(f"CREATE TABLE IF NOT EXISTS {rendered(_MEMORY.copy())} {columns}")


def note_greatest(name: TableName, table: exp.Table, number: str) -> Write:
    """Remembers the greatest number in a table, where it is a greater one."""
    greatest: exp.Expr = exp.Max(this=column(number))
    is_greater = exp.GT(this=greatest.copy(), expression=greatest_remembered(name))
    found = (
        exp.select(_key(name), greatest, copy=False)
        .from_(table.copy(), copy=False)
        .having(is_greater, copy=False)
    )
    return Write(f"INSERT OR REPLACE INTO {rendered(_MEMORY.copy())}\n{rendered(found)}")


def greatest_given(name: TableName, table: exp.Table, number: str) -> exp.Expr:
    """The greatest number that was given to a table that is there, 0 for none."""
    held = exp.select(column(number), copy=False).from_(table.copy(), copy=False)
    both = exp.Union(this=_remembered(name), expression=held, distinct=False)
    return _or_zero(
        exp.select(exp.Max(this=column("greatest")), copy=False).from_(
            subquery(both, "given"), copy=False
        )
    )


def greatest_remembered(name: TableName) -> exp.Expr:
    """The greatest number that was noted, 0 for none; of a table that may be gone."""
    return _or_zero(_remembered(name))


def _remembered(name: TableName) -> exp.Select:
    is_ours = exp.EQ(this=column("model_name"), expression=_key(name))
    return (
        exp.select(column("greatest"), copy=False)
        .from_(_MEMORY.copy(), copy=False)
        .where(is_ours, copy=False)
    )


def _or_zero(found: exp.Select) -> exp.Expr:
    return exp.Coalesce(this=exp.Subquery(this=found), expressions=[exp.Literal.number(0)])


def _key(name: TableName) -> exp.Expr:
    return exp.Literal.string(str(name).lower())
