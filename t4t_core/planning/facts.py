"""What the database says about one model before a run."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from t4t_core.commit import Commit
from t4t_core.values import TimeKind, TimeValue, time_kind


class Column(Struct, frozen=True):
    """A column's name and DuckDB type."""

    name: str
    type: str

    @property
    def kind(self) -> TimeKind | None:
        """Its kind as a time column, or None where it cannot be one."""
        return time_kind(self.type)


class Number(Struct, frozen=True):
    """The column whose values t4t gives: one number for each key, the same as long as it is there.

    Attributes:
        type: A DuckDB integer type.
        is_given: Whether the query gives the column; new rows get their numbers in its order.
    """

    name: str
    type: str
    is_given: bool


class Target(Struct, frozen=True):
    """The table or view that stands under the model's name.

    Attributes:
        columns: In their order; only read for incremental models.
    """

    kind: Literal["table", "view"]
    columns: tuple[Column, ...] = ()


class Index(Struct, frozen=True):
    """An index of the model's table, with the statement that makes it in DuckDB's words."""

    name: str
    sql: str


class Facts(Struct, frozen=True):
    """What a plan is decided from.

    Attributes:
        target: None where there is nothing under the model's name.
        commit: The model's last commit, or None.
        query_columns: What the model's query gives now, and the number where there is one. Only
            read for models that are incremental, numbered, or declare columns.
        number: The column that t4t numbers, or None.
        declared: The columns that the metadata gives a type, with the type's own name.
        indexes: Those of the table; only read where it is made anew or altered.
        greatest: The greatest finite value of the time column in the table; None where there is
            none, or where the plan does not depend on it.
        may_read_target: Whether the query could read the model's own table, through a view that
            the project does not make, or in a function.
        reads_by_scan: Whether the query is a scan of one table, of which a part is read for little
            more than that part costs.
    """

    target: Target | None
    commit: Commit | None
    query_columns: tuple[Column, ...] = ()
    number: Number | None = None
    declared: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    greatest: TimeValue | None = None
    may_read_target: bool = True
    reads_by_scan: bool = False

    @property
    def columns_but_number(self) -> tuple[Column, ...]:
        """What the model's query gives, without the number."""
        number = None if self.number is None else self.number.name.lower()
        return tuple(c for c in self.query_columns if c.name.lower() != number)

    @property
    def columns_with_numbers(self) -> tuple[Column, ...]:
        """The columns of the table where its rows keep their numbers; none where they have none."""
        if self.number is None or self.target is None or self.target.kind != "table":
            return ()
        if self.commit is not None and self.commit.definition.number != self.number.name.lower():
            return ()
        held = column_named(self.target.columns, self.number.name)
        is_number = held is not None and held.kind is TimeKind.INTEGER
        return self.target.columns if is_number else ()


def column_named(columns: tuple[Column, ...], name: str) -> Column | None:
    """The column of this name in any case, or None."""
    wanted = name.lower()
    return next((column for column in columns if column.name.lower() == wanted), None)
