"""What a plan is made of: the statements of one model's transaction, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from t4t_core.errors import Place


class Tally(Enum):
    """What the number of rows that a statement wrote is counted as."""

    NONE = "none"
    CREATED = "created"  # the table's rows; replaces an earlier count
    INSERTED = "inserted"
    UPDATED = "updated"
    DELETED = "deleted"
    UPSERTED = "upserted"  # inserted, together with the rows already counted as updated


@dataclass(frozen=True, slots=True)
class Write:
    """A statement.

    Attributes:
        note: What the log says once it ran, or None for nothing.
    """

    sql: str
    tally: Tally = Tally.NONE
    note: str | None = None


@dataclass(frozen=True, slots=True)
class HookStep:
    """A statement of the user's own.

    Attributes:
        key: What the metadata calls it.
        place: The file that it stands in.
    """

    sql: str
    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Count:
    """A query whose one number is counted as `tally`."""

    sql: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Gate:
    """A query that gives the number of rows that break a rule; more than none stops the run.

    Attributes:
        what: The error, with `{count}` for the number.
        hint: What to try.
    """

    sql: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A statement that only runs where a query gives a number above 0.

    Attributes:
        make: Gives the statement. It mostly is not needed, and to write one takes longer than to
            ask the database whether it is.
    """

    sql: str
    make: Callable[[], Write] = field(compare=False)


Step = Write | HookStep | Count | Gate | Repair


def statements(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The SQL of the steps in order; what a repair does follows the query that asks for it."""
    found: list[str] = []
    for step in steps:
        found.append(step.sql)
        if isinstance(step, Repair):
            found.append(step.make().sql)
    return tuple(found)
