"""`freshness`: the newest row is not too old."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.errors import RunError
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_finite
from t4t_core.sql.text import Sql, sql
from t4t_core.values import MICROS_OF_A_DAY, Lookback, TimeKind, TimeValue, reaching_back, time_kind


class Freshness(Struct, frozen=True, tag=True):
    """The rule."""

    column: str
    max_age: Lookback


def too_old(rule: Freshness, subject: Subject) -> Sql:
    """One row with the newest time, where it is older than allowed or there is none.

    Times without a zone are UTC. A date is as old as the days since it, whatever the hour is.

    Raises:
        RunError: The column is not there, or is no date or timestamp.
    """
    least = _oldest(rule, subject)
    oldest = time_literal(least)
    time = column(rule.column)
    finite = is_finite(time, least.kind)
    newest = sql("max({time}) FILTER (WHERE {finite})", time=time, finite=finite)
    found = sql("{newest} AS newest, {oldest} AS oldest_allowed", newest=newest, oldest=oldest)
    return sql(
        "{found}\nHAVING {newest} IS NULL OR {newest} < {oldest}",
        found=subject.select(found),
        newest=newest,
        oldest=oldest,
    )


def _oldest(rule: Freshness, subject: Subject) -> TimeValue:
    sql_type = subject.types.get(rule.column.lower())
    if sql_type is None:
        raise RunError(f"there is no column {rule.column!r}")
    kind = time_kind(sql_type)
    if kind is None or kind.is_integer:
        raise RunError(f"{rule.column!r} is {sql_type}, which has no age")
    return _of_kind(_moment(rule, subject.now), kind)


def _moment(rule: Freshness, now: datetime) -> TimeValue:
    try:
        return reaching_back(TimeValue.of_moment(TimeKind.TIMESTAMP, now), rule.max_age)
    except ValueError as error:
        raise RunError(str(error)) from error


def _of_kind(moment: TimeValue, kind: TimeKind) -> TimeValue:
    match kind:
        case TimeKind.DATE:
            return TimeValue(kind, moment.ordinal // MICROS_OF_A_DAY)
        case TimeKind.TIMESTAMP_NS:
            return TimeValue(kind, moment.ordinal * 1000)
        case _:
            return TimeValue(kind, moment.ordinal)
