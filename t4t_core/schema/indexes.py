"""The indexes of a table that is made anew, or altered in a way that they hinder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from t4t_core.errors import RunError
from t4t_core.names import TableName
from t4t_core.planning.facts import Index
from t4t_core.planning.steps import Write
from t4t_core.sql.alterations import drop_index


def drop_indexes(indexes: Sequence[Index], name: TableName, catalog: str) -> tuple[Write, ...]:
    """The table's indexes dropped."""
    return tuple(Write(drop_index(index.name, name, catalog)) for index in indexes)


def refuse_hindrance(
    indexes: Sequence[Index], columns: Sequence[str], dropped: Iterable[str], widened: Iterable[str]
) -> None:
    """Refuses alterations that DuckDB cannot make in one transaction with the index dropped.

    Args:
        indexes: Those of the table.
        columns: Of the table, in their order.
        dropped: No index may be over such a column, or over a later one.
        widened: No index may be over such a column.

    Raises:
        RunError: It names the index.
    """
    if not indexes:
        return
    from t4t_core.parsing.index import index_columns

    order = [column.lower() for column in columns]
    for index in indexes:
        over = index_columns(index.sql)
        last = max((order.index(name) for name in over if name in order), default=-1)
        in_the_way = [name for name in dropped if order.index(name.lower()) <= last]
        in_the_way += [name for name in widened if name.lower() in over]
        if in_the_way:
            raise RunError(
                f"the index {index.name} stands in the way of altering {', '.join(in_the_way)}: "
                "DuckDB changes no column that an index is over, and drops none before it",
                hint=f"drop {index.name} and run again, or run with --full-refresh to rebuild the "
                "table",
            )


def make_indexes(
    indexes: Sequence[Index], name: TableName, catalog: str, columns: Sequence[str]
) -> tuple[Write, ...]:
    """The indexes made again that the table had before.

    Args:
        indexes: Those it had.
        name: The table.
        catalog: The database's catalog.
        columns: What the table has now. An index over another column is not made.
    """
    if not indexes:
        return ()
    from t4t_core.parsing.index import create_index, index_columns

    known = {column.lower() for column in columns}
    return tuple(
        Write(
            create_index(index.sql, name, catalog),
            note=f"Made index {index.name} of {name} again",
        )
        for index in indexes
        if index_columns(index.sql) <= known
    )


def lost_indexes(indexes: Sequence[Index], columns: Sequence[str]) -> str | None:
    """What to tell of indexes that cannot be made again, or None."""
    if not indexes:
        return None
    from t4t_core.parsing.index import index_columns

    known = {column.lower() for column in columns}
    found = [
        f"index {index.name} is dropped, since {', '.join(missing)} is gone"
        for index in indexes
        if (missing := sorted(index_columns(index.sql) - known))
    ]
    return "; ".join(found) or None
