"""What a row of an append table was written with, of what the query gives for it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from t4t_core.planning.facts import Column
from t4t_core.sql.exact import ascending, values
from t4t_core.sql.names import column


def held_values(
    columns: Iterable[Column], incomplete: Mapping[str, str], alias: str | None = None
) -> list[exp.Expr]:
    """What tells whether two rows are the same one.

    A widened value is compared in its old type, since 0.1 is another number as FLOAT.

    Args:
        columns: What the rows have.
        incomplete: Columns, in lower case, in which a row may lack its value, each with the
            narrower type that it had; empty where it had none.
        alias: Of the rows.
    """
    found: list[exp.Expr] = []
    for one in columns:
        held = incomplete.get(one.name.lower())
        if held is None:
            found.extend(values(one.name, one.type, alias))
        elif held:
            to = exp.DataType.build(held, dialect="duckdb", udt=True)
            found.append(exp.TryCast(this=column(one.name, alias), to=to))
            is_null = exp.Is(this=column(one.name, alias), expression=exp.Null())
            found.append(exp.Paren(this=is_null))
    return found


def order_of_equals(
    columns: Iterable[Column], incomplete: Mapping[str, str], alias: str | None = None
) -> list[exp.Expr]:
    """The order of rows that are the same but for what they may lack.

    By it each meets itself again where no value is missing.
    """
    return [
        each
        for one in columns
        if one.name.lower() in incomplete
        for each in ascending(one.name, one.type, alias)
    ]
