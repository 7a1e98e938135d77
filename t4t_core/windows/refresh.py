"""The windows in which a table is rebuilt."""

from __future__ import annotations

from itertools import pairwise

from t4t_core.config import RefreshParameter
from t4t_core.errors import RunError, UsageError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.strategies.in_windows import Part
from t4t_core.strategies.work import Work
from t4t_core.values import TimeValue, start_value
from t4t_core.windows.window import Window, as_bound, batches, bound_in

MOST_WINDOWS = 1_000


def refresh_windows(model: Model, work: Work, request: Request) -> tuple[Part, ...]:
    """The windows in order, without gaps: every row that the work reads lies in one of them.

    The first is all that lies before the written start, the last all from the written end on.

    Args:
        model: An incremental model.
        work: What it reads in a full load.
        request: What the run is asked to do.

    Raises:
        RunError: What is written does not suit the time column, or gives too many windows.
    """
    settings = model.config.incremental
    assert settings is not None, "only asked for incremental models"
    assert settings.full_incremental_refresh is not None, "checked when the metadata was read"
    written = settings.full_incremental_refresh.windows
    try:
        cuts = _cuts(written, work, request)
    except (ValueError, UsageError) as error:
        what = error.what if isinstance(error, UsageError) else str(error)
        raise RunError(f"full_incremental_refresh: {what}", place=model.config_place) from error
    if len(cuts) >= MOST_WINDOWS:
        raise RunError(
            f"full_incremental_refresh gives more than {MOST_WINDOWS:,} windows",
            hint="a longer step",
            place=model.config_place,
        )
    return tuple(Part(*bounds) for bounds in pairwise((work.lower, *cuts, None)))


def _cuts(written: RefreshParameter, work: Work, request: Request) -> list[TimeValue]:
    """Where one window ends and the next begins, each later than the one before."""
    kind = work.kind
    if kind.is_integer and str(written.end_value).strip().upper() == "CURRENT_DATE":
        raise ValueError("the time column is an integer, so end_value has to be a number")
    start = start_value(kind, written.start_value, request.now, "start_value")
    end = start_value(kind, written.end_value, request.now, "end_value")
    if start.ordinal >= end.ordinal:
        raise ValueError(f"start_value {start} is not before end_value {end}")
    window = Window(as_bound(start), as_bound(end))
    found: list[TimeValue] = []
    for cut in (*(one.start for one in batches(window, written.size)), window.end):
        value = bound_in(kind, cut)
        # A step of hours gives a date column the same day again.
        before = found[-1] if found else work.lower
        if before is None or value.ordinal > before.ordinal:
            found.append(value)
    return found
