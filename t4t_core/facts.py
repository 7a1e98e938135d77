"""What the database says about one model before a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from t4t_core.commit import Commit
from t4t_core.values import TimeKind, TimeValue, time_kind


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and DuckDB type."""

    name: str
    type: str

    @property
    def kind(self) -> TimeKind | None:
        """Its kind as a time column, or None where it cannot be one."""
        return time_kind(self.type)


@dataclass(frozen=True, slots=True)
class Target:
    """The table or view that stands under the model's name.

    Attributes:
        columns: In their order; only read for incremental models.
    """

    kind: Literal["table", "view"]
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan is decided from.

    Attributes:
        target: None where there is nothing under the model's name.
        commit: The model's last commit, or None.
        query_columns: What the model's query gives now.
        greatest: The greatest finite value of the time column in the table; None where there is
            none, or where the plan does not depend on it.
        may_read_target: Whether the query could read the model's own table, through a view that
            the project does not make, or in a function.
    """

    target: Target | None
    commit: Commit | None
    query_columns: tuple[Column, ...] = ()
    greatest: TimeValue | None = None
    may_read_target: bool = True


def column_named(columns: tuple[Column, ...], name: str) -> Column | None:
    """The column of this name in any case, or None."""
    wanted = name.lower()
    return next((column for column in columns if column.name.lower() == wanted), None)
