"""What a run of a model that keeps history works on."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.config import CheckHistoryConfig, HistoryConfig, TimestampHistoryConfig
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.bounds import Bounds, bounds, given_start, require_lookback
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Column, Facts, column_named
from t4t_core.planning.request import Request
from t4t_core.schema.fit import needed_column, time_kind_of
from t4t_core.sql.literals import time_literal
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.text import Sql
from t4t_core.strategies.history import History
from t4t_core.strategies.work import Work
from t4t_core.values import TimeKind, TimeValue, start_value

# Types that hold the run's moment whole.
_CLOCK_TYPES = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS"})


class HistoryWork(Struct, frozen=True):
    """What a run works on.

    Attributes:
        reach: Where it reads from.
        kind: What the times count in.
        time: The column of the query that says when a version began, or None.
        start: From when the versions of a full load hold; None where their own times, or the run's
            moment, say it.
    """

    history: History
    reach: Bounds
    kind: TimeKind
    time: str | None
    start: Sql | None


def history_work(
    model: Model,
    settings: HistoryConfig,
    query: QueryText,
    decision: Decision,
    facts: Facts,
    request: Request,
    catalog: str,
) -> HistoryWork:
    """What a run of a model works on.

    Raises:
        RunError: The query's columns do not fit the metadata.
    """
    columns = facts.query_columns
    _check_columns(settings, columns)
    kind, time_type = _time_type(settings, columns)
    reach = Bounds(None, None)
    if isinstance(settings, TimestampHistoryConfig) and not settings.gives_states:
        if decision.is_full:
            require_lookback(model, kind, request)
        reach = bounds(model, kind, decision, facts, request)
        window = Work(
            name=model.name,
            catalog=catalog,
            query=query,
            columns=columns,
            time_column=settings.time,
            kind=kind,
            lower=reach.lower,
            null_time="include",
            upper=reach.upper,
        )
        # Rows without a time are read, to be refused.
        query = window.rows(with_null=True)
    history = History(
        name=model.name,
        catalog=catalog,
        rows=query,
        columns=columns,
        settings=settings,
        time_type=time_type,
        now=TimeValue.of_moment(kind, request.now) if settings.gives_states else None,
    )
    return HistoryWork(history, reach, kind, settings.time, _start(model, settings, kind, request))


def _check_columns(settings: HistoryConfig, columns: tuple[Column, ...]) -> None:
    for key in settings.unique_key:
        needed_column(columns, key, "unique key")
    if settings.time is not None:
        needed_column(columns, settings.time, "updated_at")
    if isinstance(settings, CheckHistoryConfig) and settings.check_columns != "all":
        for name in settings.check_columns:
            needed_column(columns, name, "check column")
    for name in settings.history_names:
        if column_named(columns, name) is not None:
            raise RunError(
                f"the query gives a column {name!r}, and the history has one of that name",
                hint="give it another name in the query, or name the history's own by "
                '"valid_from", "valid_to", "is_current" or "is_deleted"',
            )


def _time_type(settings: HistoryConfig, columns: tuple[Column, ...]) -> tuple[TimeKind, str]:
    """What the times count in, and their DuckDB type."""
    if settings.time is None:
        return TimeKind.TIMESTAMPTZ, "TIMESTAMP WITH TIME ZONE"
    found = needed_column(columns, settings.time, "updated_at")
    kind = time_kind_of(settings.time, columns)
    if settings.gives_states and found.type not in _CLOCK_TYPES:
        raise RunError(
            f"updated_at, {found.name!r}, has type {found.type}, which cannot hold the moment at "
            "which a run finds that a row is gone or was changed",
            hint=f"cast it in the query: CAST({found.name} AS TIMESTAMP) AS {found.name}",
        )
    return kind, found.type


def _start(model: Model, settings: HistoryConfig, kind: TimeKind, request: Request) -> Sql | None:
    if not isinstance(settings, CheckHistoryConfig) or settings.start_date is None:
        return None
    try:
        value = start_value(kind, given_start(settings.start_date, request), request.now)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error
    return time_literal(value)
