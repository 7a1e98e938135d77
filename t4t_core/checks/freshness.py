"""`freshness`: the newest row is not too old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainValidator, model_validator

from t4t_core.checks.subject import Subject
from t4t_core.config.written import Written, with_our_names
from t4t_core.errors import RunError
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_finite
from t4t_core.sql.text import Sql, sql
from t4t_core.values import MICROS_OF_A_DAY, Lookback, TimeKind, TimeValue, reaching_back, time_kind


def _age(value: object) -> Lookback:
    try:
        age = Lookback.parse(value) if isinstance(value, str) else None
    except ValueError:
        age = None
    if age is None or age.number or age.is_zero:
        raise ValueError(f"{value!r} is not an age; write a number and a unit, such as '2 days'")
    return age


class Freshness(Written):
    """`params` of `freshness`. `time_column` is another name for `column`."""

    column: str = Field(min_length=1)
    max_age: Annotated[Lookback, PlainValidator(_age)]

    @model_validator(mode="before")
    @classmethod
    def _take_other_name(cls, data: object) -> object:
        return (
            with_our_names(data, {"time_column": "column"}) if isinstance(data, Mapping) else data
        )


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
