"""Which rows of an append table lack values that its query gives for them now.

Append tells its rows by their values, so a row that was written before a column was there, or while
the query did not give it, would be taken for another one when it is read again. What lacks values
is kept with the commit, and such rows are completed where they are read again.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit, Definition
from t4t_core.config import AppendConfig
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.strategies.work import Work
from t4t_core.values import TimeKind, TimeValue


class Incomplete(Struct, frozen=True):
    """What rows may lack.

    Attributes:
        columns: In lower case, each with the narrower type that it had, empty where it had none; of
            a history with the moment from which its query did not give it.
        complete_from: Rows at or after this lack nothing; None where any row may.
    """

    columns: tuple[tuple[str, str], ...] = ()
    complete_from: TimeValue | None = None


NOTHING: Final = Incomplete()


def incomplete_of(commit: Commit | None, kind: TimeKind) -> Incomplete:
    """What rows lack since a commit."""
    if commit is None or not commit.definition.incomplete:
        return NOTHING
    text = commit.definition.complete_from
    return Incomplete(commit.definition.incomplete, TimeValue.parse(kind, text) if text else None)


def with_incomplete(definition: Definition, incomplete: Incomplete) -> Definition:
    """The definition as it is kept."""
    found = incomplete.complete_from
    return replace(
        definition,
        incomplete=incomplete.columns,
        complete_from="" if found is None else str(found),
    )


def completing(
    work: Work, model: Model, before: Incomplete, *, is_part: bool
) -> tuple[Work, Incomplete]:
    """The work with the columns that it completes, and what rows lack afterwards.

    Args:
        work: What the run works on.
        model: The model.
        before: What rows lack so far.
        is_part: The run reads a window, or the rows of a value, alone.

    Raises:
        RunError: It does, and the other rows would lack the values of a new column.
    """
    if not isinstance(model.strategy, AppendConfig):
        return work, NOTHING
    change = work.change
    if change.compares_anew and is_part:
        raise RunError(
            f"the query's columns differ from the table's ({', '.join(change.clauses)}), and a run "
            "of a part cannot complete the rows outside it",
            hint="run it without a window first",
        )
    known = dict(before.columns)
    now = {one.name.lower(): "" for one in change.added}
    now |= {one.name.lower(): one.held for one in change.widened}
    gone = {one.name.lower(): "" for one in change.unfilled}
    columns = tuple(sorted((now | gone | known).items()))
    reads_incomplete = bool(known) and (
        before.complete_from is None
        or work.lower is None
        or work.lower.ordinal < before.complete_from.ordinal
    )
    names = {name.lower() for name in work.column_names}
    completed: tuple[tuple[str, str], ...] = ()
    if now or reads_incomplete:
        completed = tuple((name, type_) for name, type_ in columns if name in names)
    work = replace(work, completed=completed)
    if gone:
        return work, Incomplete(columns, None)
    if not completed or is_part:
        return work, before
    return work, NOTHING if work.lower is None else Incomplete(columns, work.lower)
