"""Windows: what a backfill is asked for, and the batches that it is cut into."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from t4t_core.errors import UsageError
from t4t_core.values import Lookback, TimeKind, TimeValue

Bound = int | datetime

START: Final = "start_date"
END: Final = "end_date"
MOST_BATCHES: Final = 100_000


class Window(Struct, frozen=True):
    """From `start` on and before `end`; both are numbers, or both moments.

    A moment means its wall time to a column without a zone, and to one with a zone itself; without
    a zone it is UTC there.
    """

    start: Bound
    end: Bound

    def __str__(self) -> str:
        return f"{bound_text(self.start)} .. {bound_text(self.end)}"


class Batch(Struct, frozen=True):
    """What one of a backfill's transactions does.

    Attributes:
        window: What it reads.
        whole: The window that is gone on with where the backfill was stopped; None for a window
            that was missing, and no longer is.
        size: Of the batches, as it is written.
    """

    window: Window
    whole: Window | None
    size: str


class Backfill(Struct, frozen=True):
    """What a backfill is asked for.

    Attributes:
        window: None for the windows that no run has read.
        batch_size: How much of it a transaction does; None for all.
        is_restart: Whether batches that were done before it was stopped are done again.
    """

    window: Window | None
    batch_size: Lookback | None = None
    is_restart: bool = False


def read_window(start: str, end: str) -> Window:
    """The window between two texts: numbers, dates or ISO 8601 moments.

    Digits alone are a number. A moment with a zone is taken in UTC.

    Raises:
        UsageError: They are none of these, not of one sort, or `end` is not after `start`.
    """
    first, last = _bound("start", start), _bound("end", end)
    if isinstance(first, int) != isinstance(last, int):
        raise UsageError(
            f"--start {start} and --end {end} are a number and a date",
            hint="write both as numbers for an integer column, and both as dates for others",
        )
    if not _is_before(first, last):
        raise UsageError(
            f"--start {start} is not before --end {end}",
            hint="the window begins at --start and ends before --end",
        )
    return Window(first, last)


def read_batch_size(text: str) -> Lookback:
    """The size of a batch: `1 day`, `7d`, `1 month`, `12 hours`, or a number.

    Raises:
        UsageError: The text is none of these, or nothing long.
    """
    try:
        size = Lookback.parse(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a batch size",
            hint="as in '1 day', '7 days', '12 hours', '1 month', or 10000 for an integer column",
        ) from error
    if size.is_zero:
        raise UsageError("a batch is longer than nothing", hint="as in --batch-size '1 day'")
    return size


def batches(window: Window, size: Lookback | None) -> tuple[Window, ...]:
    """The window cut into batches, in order; the last may be shorter.

    Cuts are counted from the start by the calendar: by months from 31 January they lie at the last
    day of February and on 31 March.

    Raises:
        UsageError: The size does not suit the window, or the batches are too many.
    """
    if size is None:
        return (window,)
    if isinstance(window.start, int) != bool(size.number):
        raise UsageError(
            f"the batch size {size.text!r} does not suit the window {window}",
            hint="a number for an integer column, a number and a unit ('1 day') for others",
        )
    cuts = [window.start, *_cuts(window, size)]
    return tuple(
        Window(start, end) for start, end in zip(cuts, [*cuts[1:], window.end], strict=True)
    )


def bound_in(kind: TimeKind, bound: Bound) -> TimeValue:
    """What a bound is to a column of this kind.

    Raises:
        ValueError: It is a number and the column none, or the other way about.
    """
    if isinstance(bound, int):
        if not kind.is_integer:
            raise ValueError(
                f"the time column is a {kind.value}, so its window is bounded by dates, "
                f"not by the number {bound}"
            )
        return TimeValue(kind, bound)
    if kind.is_integer:
        raise ValueError(
            "the time column is an integer, so its window is bounded by numbers, "
            f"not by {bound_text(bound)}"
        )
    if kind is not TimeKind.TIMESTAMPTZ:
        bound = bound.replace(tzinfo=None)
    return TimeValue.of_moment(kind, bound)


def as_bound(value: TimeValue, *, is_end: bool = False) -> Bound:
    """The bound that a value of a time column is; of nanoseconds, one that leaves nothing out."""
    if value.kind.is_integer:
        return value.ordinal
    found = value.day_or_moment
    if not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day)
    is_cut = is_end and TimeValue.of_moment(value.kind, found) != value
    return found + timedelta(microseconds=1) if is_cut else found


def placeholder_values(window: Window, kind: TimeKind | None) -> dict[str, object]:
    """What `@start_date` and `@end_date` are in a run of the window.

    Args:
        window: The window.
        kind: Of the time column, or None where it is not known yet.

    Raises:
        ValueError: The bounds do not suit the kind.
    """
    return {START: _value(window.start, kind), END: _value(window.end, kind)}


def bound_text(bound: Bound) -> str:
    """A number, a date where the moment is a midnight without a zone, or an ISO 8601 moment."""
    if isinstance(bound, int):
        return str(bound)
    is_day = bound.tzinfo is None and bound.time() == datetime.min.time()
    return bound.date().isoformat() if is_day else bound.isoformat()


def _bound(name: str, text: str) -> Bound:
    text = text.strip()
    try:
        if text.removeprefix("-").isdecimal():
            return int(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--{name} {text!r} is not a date, a moment or a number",
            hint=f"as in --{name} 2024-01-31, --{name} 2024-01-31T12:00:00, or a number for an "
            "integer column",
        ) from error
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _cuts(window: Window, size: Lookback) -> Iterator[Bound]:
    """The bounds between one batch and the next."""
    for number in range(1, MOST_BATCHES):
        cut = _moved(window.start, size, number)
        if cut is None or not _is_before(cut, window.end):
            return
        yield cut
    raise UsageError(
        f"{window} has more than {MOST_BATCHES:,} batches of {size.text}",
        hint="a greater --batch-size",
    )


def _moved(start: Bound, size: Lookback, times: int) -> Bound | None:
    """The bound so many sizes later, or None past the year 9999."""
    if isinstance(start, int):
        return start + times * size.number
    try:
        moved = start + relativedelta(months=times * size.months)
        return moved + timedelta(microseconds=times * size.micros)
    except (OverflowError, ValueError):
        return None


def _is_before(one: Bound, other: Bound) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        assert isinstance(one, int), "both bounds are of one sort"
        assert isinstance(other, int), "both bounds are of one sort"
        return one < other
    return _utc(one) < _utc(other)


def _value(bound: Bound, kind: TimeKind | None) -> int | date | datetime:
    if kind is None:
        return bound
    value = bound_in(kind, bound)
    return value.ordinal if kind.is_integer else value.day_or_moment
