"""Which windows of a model its runs have read, and which lie between them unread.

Runs without a window go on from the watermark, so what they read follows from the last commit, and
only what a backfill or a jump makes of it is kept. Each window that was read once counts as read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.values import TimeValue


class Covered(Struct, frozen=True):
    """A window that runs have read.

    Attributes:
        start: None for all that lies before the end.
        end: Not in it. A watermark may be one, since rows that tie with it are still to come.
        goes_on: Whether the watermark lies in it, so that runs without a window make it longer.
    """

    start: TimeValue | None
    end: TimeValue
    goes_on: bool = False


class Missing(Struct, frozen=True):
    """A window that no run has read, between two that were."""

    start: TimeValue
    end: TimeValue


def covered_now(kept: Sequence[Covered], commit: Commit | None) -> tuple[Covered, ...]:
    """The windows that were read up to a commit, in order and apart from each other.

    Args:
        kept: What was kept of them.
        commit: The model's last one.
    """
    if commit is None or commit.origin == "reset":
        return ()
    watermark = commit.watermark
    if watermark is None:
        return tuple(kept)
    known = [window for window in kept if window.end.kind is watermark.kind]
    if not any(window.goes_on for window in known):
        return merged([*known, Covered(commit.start, watermark, True)])
    return merged(
        replace(window, end=_later(window.end, watermark)) if window.goes_on else window
        for window in known
    )


def to_keep(
    kept: Sequence[Covered], before: Commit | None, after: Commit, read: Covered | None
) -> tuple[Covered, ...] | None:
    """What is to be kept after a commit; None where that follows from what is kept already.

    Args:
        kept: What was kept before.
        before: The commit before; None where the table was made.
        after: The commit.
        read: What the run read; None where that is not known.
    """
    known = [replace(window, goes_on=False) for window in covered_now(kept, before)]
    if read is not None:
        known.append(replace(read, goes_on=False))
    watermark = after.watermark
    if watermark is not None:
        known.append(Covered(watermark, watermark, True))
    found = merged(known)
    if found == covered_now(kept, after):
        return None
    return () if found == covered_now((), after) else found


def missing(covered: Sequence[Covered], start: TimeValue | None) -> tuple[Missing, ...]:
    """The windows between those that were read, from the model's start on where it has one."""
    found = []
    if covered:
        first = covered[0].start
        if start is not None and first is not None and start.ordinal < first.ordinal:
            found.append(Missing(start, first))
    for window, following in pairwise(covered):
        assert following.start is not None, "only the first window has no start"
        found.append(Missing(window.end, following.start))
    return tuple(found)


def merged(windows: Iterable[Covered]) -> tuple[Covered, ...]:
    """The windows in order, with those that overlap or touch as one."""
    found: list[Covered] = []
    for window in sorted(windows, key=_first):
        last = found[-1] if found else None
        if last is not None and (window.start is None or window.start.ordinal <= last.end.ordinal):
            end, goes_on = _later(last.end, window.end), last.goes_on or window.goes_on
            found[-1] = Covered(last.start, end, goes_on)
        else:
            found.append(window)
    return tuple(found)


def _first(window: Covered) -> tuple[bool, int]:
    return (False, 0) if window.start is None else (True, window.start.ordinal)


def _later(one: TimeValue, other: TimeValue) -> TimeValue:
    return max(one, other, key=lambda value: value.ordinal)
