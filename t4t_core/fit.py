"""Whether a query's columns fit the metadata."""

from __future__ import annotations

from t4t_core.config import nearest
from t4t_core.errors import RunError
from t4t_core.facts import Column, column_named
from t4t_core.values import TimeKind


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
