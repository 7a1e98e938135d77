"""What a plan is made of: the statements of one model's transaction, in order."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from t4t_core.errors import Place
from t4t_core.sql.text import Sql


class Tally(Enum):
    """What the number of rows that a statement wrote is counted as."""

    NONE = "none"
    CREATED = "created"  # the table's rows; replaces an earlier count
    INSERTED = "inserted"
    UPDATED = "updated"  # in place
    REPLACED = "replaced"  # deleted, for one of the same key that is inserted
    DELETED = "deleted"
    MERGED = "merged"  # inserted, together with those already counted as updated
    STAGED = "staged"  # about to be written; replaces an earlier count
    UNSTAGED = "unstaged"  # no longer


class Write(Struct, frozen=True):
    """A statement.

    Attributes:
        note: What the log says once it ran, or None for nothing.
        is_of_stage: It does nothing where no rows are staged, so that it is left out then.
        into: The table that it writes to, where the user's own query stands in it.
    """

    sql: str
    tally: Tally = Tally.NONE
    note: str | None = None
    is_of_stage: bool = False
    into: Sql | None = None


class HookStep(Struct, frozen=True):
    """A statement of the user's own.

    Attributes:
        key: What the metadata calls it.
        place: The file that it stands in.
    """

    sql: str
    key: str
    place: Place


class Count(Struct, frozen=True):
    """A query whose one number is counted as `tally`."""

    sql: str
    tally: Tally


class Gate(Struct, frozen=True):
    """A query that gives the number of rows that break a rule; more than none stops the run.

    Attributes:
        what: The error, with `{count}` for the number.
        hint: What to try.
    """

    sql: str
    what: str
    hint: str


class Repair(Struct, frozen=True):
    """A statement that only runs where a query gives a number above 0.

    Attributes:
        make: Gives the statement. It mostly is not needed, and to write one takes longer than to
            ask the database whether it is.
        is_of_stage: It does nothing where no rows are staged, so that it is left out then.
    """

    sql: str
    make: Callable[[], Write]
    is_of_stage: bool = False


class Refusal(Struct, frozen=True):
    """Stops the run where a number is above 0.

    Attributes:
        what: The error, with `{count}` for the number.
        hint: What to try.
    """

    what: str
    hint: str


Fix = Callable[[], Write]


class Look(Struct, frozen=True):
    """One query about rows that were just read, in place of one for each question.

    Attributes:
        sql: Gives the greatest time in them, as an ordinal or NULL, and then a number for each of
            `then`.
        then: What is done, in order, about each number that is above 0: the run stops, a statement
            runs, or (None) nothing.
    """

    sql: str
    then: tuple[Refusal | Fix | None, ...]


class Greatest(Struct, frozen=True):
    """How the greatest finite time that a run has read is known, once its steps have run.

    Where a `Look` is among them it has told already.

    Attributes:
        sql: Gives it as an ordinal, or NULL; None where only the `Look` can.
        is_of_inserted: It is that of rows which the steps inserted; without any there is none.
    """

    sql: str | None
    is_of_inserted: bool = False


Step = Write | HookStep | Count | Gate | Repair | Look


def statements(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The SQL of the steps in order; what a repair does follows the query that asks for it."""
    found: list[str] = []
    for step in steps:
        found.append(step.sql)
        if isinstance(step, Repair):
            found.append(step.make().sql)
        if isinstance(step, Look):
            found += [then().sql for then in step.then if callable(then)]
    return tuple(found)
