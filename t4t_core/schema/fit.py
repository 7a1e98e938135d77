"""Whether a query's columns fit the metadata."""

from __future__ import annotations

from typing import Final

from t4t_core.config import nearest
from t4t_core.errors import RunError
from t4t_core.planning.facts import Column, column_named
from t4t_core.values import TimeKind

OWN_PREFIX: Final = "t4t_"


def time_kind_of(time_column: str, columns: tuple[Column, ...]) -> TimeKind:
    """What a time column counts in.

    Raises:
        RunError: The query does not give it, or its type has no order in time.
    """
    found = needed_column(columns, time_column, "time column")
    if found.kind is None:
        raise RunError(
            f"the time column {found.name!r} has type {found.type}; "
            "DATE, TIMESTAMP, TIMESTAMPTZ and integers are known",
            hint=f"cast it in the query: CAST({found.name} AS TIMESTAMP) AS {found.name}",
        )
    return found.kind


def refuse_own_names(columns: tuple[Column, ...]) -> None:
    """Keeps the names apart that the statements around a query give to their own tables.

    Within a subquery DuckDB takes `a.b` for a field of the STRUCT `a` before it looks for a table
    of that name outside, and would silently compare other values.

    Raises:
        RunError: The query gives such a column.
    """
    for found in columns:
        if found.name.lower().startswith(OWN_PREFIX):
            raise RunError(
                f"the query gives a column {found.name!r}, and names that begin with "
                f"{OWN_PREFIX!r} are t4t's own in the statements of this model",
                hint="give it another name in the query",
            )


def needed_column(columns: tuple[Column, ...], name: str, role: str) -> Column:
    """The column of this name.

    Args:
        columns: What the query gives.
        name: In any case.
        role: What the metadata calls it.

    Raises:
        RunError: The query does not give it; the nearest name is shown.
    """
    found = column_named(columns, name)
    if found is None:
        names = [column.name for column in columns]
        raise RunError(
            f"the query does not give the {role} {name!r}{nearest(name, names)}",
            hint=f"it gives {', '.join(names)}; add the column or correct the metadata",
        )
    return found
