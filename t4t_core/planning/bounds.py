"""Where a run of an incremental model reads from."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.config import AppendConfig, DeleteInsertConfig
from t4t_core.config import Window as WindowSettings
from t4t_core.errors import RunError, VariableError
from t4t_core.models import Model
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Facts
from t4t_core.planning.request import Request
from t4t_core.values import Lookback, TimeKind, TimeValue, reaching_back, start_value
from t4t_core.windows.window import Window, bound_in, placeholder_values


class Bounds(Struct, frozen=True):
    """Where a run of an incremental model reads from.

    Attributes:
        lower: At or after this; None for everything.
        start: The start S, where it is a value.
        upper: Before this; None for everything, as in all runs but those of a window.
    """

    lower: TimeValue | None
    start: TimeValue | None
    upper: TimeValue | None = None


def depends_on_greatest(model: Model, commit: Commit | None) -> bool:
    """Whether the plan of a later run needs `Facts.greatest`."""
    return isinstance(model.strategy, AppendConfig) or _starts_at_greatest(model, commit)


def _starts_at_greatest(model: Model, commit: Commit | None) -> bool:
    """Whether the run starts at the greatest time in the table, or at the watermark if less.

    `auto` does, so rows that somebody deleted from the table's end are read again. A watermark set
    by hand is taken as it is.
    """
    settings = model.window
    return (
        settings is not None
        and settings.start_date == "auto"
        and commit is not None
        and commit.watermark is not None
        and commit.origin == "run"
    )


def bounds(
    model: Model,
    kind: TimeKind,
    decision: Decision,
    facts: Facts,
    request: Request,
) -> Bounds:
    """Where this run of an incremental model reads from.

    Append and merge read from the watermark less the lookback, and never before the start that
    bounded the last full load, since a full refresh would not give those rows either. A run of a
    window reads the window, and neither the watermark nor the lookback bears on it.

    Raises:
        RunError: The start, the lookback or the window does not fit the time column.
    """
    settings = model.window
    assert settings is not None, "only asked for models with a window"
    lookback = _lookback(model, settings, request)
    try:
        if request.slice is not None:
            before = facts.commit if facts.target is not None else None
            return Bounds(None, None if before is None else before.start)
        if request.window is not None:
            return _bounds_of_window(settings, kind, facts, request.window, request)
        if isinstance(settings, DeleteInsertConfig):
            return _bounds_of_delete_insert(settings, kind, decision, facts, request, lookback)
        if decision.is_full:
            start = None
            if settings.start_date != "auto":
                start = start_value(kind, given_start(settings.start_date, request), request.now)
            return Bounds(start, start)
        commit = facts.commit
        assert commit is not None, "a later run follows a commit"
        watermark = _effective_watermark(model, facts)
        if watermark is None:
            return Bounds(commit.start, commit.start)
        lower = _not_before(commit.start, reaching_back(watermark, lookback))
        return Bounds(lower, commit.start)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error


def require_lookback(model: Model, kind: TimeKind, request: Request) -> None:
    """Checks the lookback of a full load, which reads without it: each run after it would fail.

    Raises:
        RunError: It does not fit the time column.
    """
    if model.window is None:
        return
    try:
        _lookback(model, model.window, request).require(kind)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error


def with_window_values(model: Model, request: Request, kind: TimeKind | None) -> Request:
    """The request with a window's bounds as `@start_date` and `@end_date`.

    A model that reads no windows is run as always: without one.

    Raises:
        RunError: The window does not fit the time column.
    """
    if request.window is None or not model.reads_windows:
        return replace(request, window=None)
    try:
        values = placeholder_values(request.window, kind)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error
    return replace(request, variables=MappingProxyType({**request.variables, **values}))


def _bounds_of_delete_insert(
    settings: DeleteInsertConfig,
    kind: TimeKind,
    decision: Decision,
    facts: Facts,
    request: Request,
    lookback: Lookback,
) -> Bounds:
    if decision.is_full:
        return Bounds(None, None)
    if settings.start_date != "auto":
        return Bounds(
            start_value(kind, given_start(settings.start_date, request), request.now), None
        )
    assert facts.commit is not None, "a later run follows a commit"
    watermark = facts.commit.watermark
    assert watermark is not None, "without one it is a full load"
    if facts.commit.origin == "run" and facts.greatest is not None:
        watermark = min(watermark, facts.greatest, key=lambda value: value.ordinal)
    floor = facts.commit.start
    return Bounds(_not_before(floor, reaching_back(watermark, lookback)), floor)


def _bounds_of_window(
    settings: WindowSettings,
    kind: TimeKind,
    facts: Facts,
    window: Window,
    request: Request,
) -> Bounds:
    """The window, less what lies before a start that the metadata gives as a value.

    A start that is none, as a variable or `CURRENT_DATE`, does not hold against a window that
    somebody asks for; later runs then may reach back to where it begins.
    """
    lower, upper = bound_in(kind, window.start), bound_in(kind, window.end)
    commit = facts.commit if facts.target is not None else None
    if isinstance(settings, DeleteInsertConfig):
        return Bounds(lower, None if commit is None else commit.start, upper)
    start = None
    if settings.is_start_a_value:
        start = start_value(kind, settings.start_date, request.now)
        lower = _not_before(start, lower)
    if commit is None or commit.start is None:
        return Bounds(lower, start, upper)
    return Bounds(lower, min(commit.start, lower, key=lambda value: value.ordinal), upper)


def _not_before(start: TimeValue | None, lower: TimeValue) -> TimeValue:
    return lower if start is None or start.ordinal <= lower.ordinal else start


def _effective_watermark(model: Model, facts: Facts) -> TimeValue | None:
    commit = facts.commit
    if commit is None or commit.watermark is None:
        return None
    if not _starts_at_greatest(model, commit):
        return commit.watermark
    if facts.greatest is None:
        return None
    return min(commit.watermark, facts.greatest, key=lambda value: value.ordinal)


def given_start(value: str | int | date, request: Request) -> str | int | date:
    """A start as it is written, or the value of the variable that it names.

    Raises:
        ValueError: The variable's value can be no start.
    """
    if isinstance(value, str) and value.startswith("@"):
        found = request.variables[value[1:]]
        if isinstance(found, bool) or not isinstance(found, str | int | date):
            raise ValueError(f"variable {value[1:]!r} is {found!r}, which is no start")
        return found
    return value


def _lookback(model: Model, settings: WindowSettings, request: Request) -> Lookback:
    value: object = settings.lookback
    if isinstance(value, str) and value.startswith("@"):
        name = value[1:]
        value = request.variables[name]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise VariableError(f"variable {name!r} is {value!r}, which is no lookback")
    assert isinstance(value, str | int), "the configuration takes nothing else"
    try:
        return Lookback.parse(value)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error
