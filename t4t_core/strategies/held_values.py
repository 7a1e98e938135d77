"""What a row of an append table was written with, of what the query gives for it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from t4t_core.planning.facts import Column
from t4t_core.sql.exact import ascending, values
from t4t_core.sql.names import column, try_cast
from t4t_core.sql.statements import is_null
from t4t_core.sql.text import Sql, in_parentheses


def held_values(
    columns: Iterable[Column], incomplete: Mapping[str, str], alias: str | None = None
) -> list[Sql]:
    """What tells whether two rows are the same one.

    A widened value is compared in its old type, since 0.1 is another number as FLOAT.

    Args:
        columns: What the rows have.
        incomplete: Columns, in lower case, in which a row may lack its value, each with the
            narrower type that it had; empty where it had none.
        alias: Of the rows.
    """
    found: list[Sql] = []
    for one in columns:
        held = incomplete.get(one.name.lower())
        if held is None:
            found.extend(values(one.name, one.type, alias))
        elif held:
            value = column(one.name, alias)
            found += [try_cast(value, held), in_parentheses(is_null(value))]
    return found


def order_of_equals(
    columns: Iterable[Column], incomplete: Mapping[str, str], alias: str | None = None
) -> list[Sql]:
    """The order of rows that are the same but for what they may lack.

    By it each meets itself again where no value is missing.
    """
    return [
        each
        for one in columns
        if one.name.lower() in incomplete
        for each in ascending(one.name, one.type, alias)
    ]
