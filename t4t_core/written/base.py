"""The base of all that users write: unknown keys are errors, and nothing changes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

Value = TypeVar("Value")


def _own_kind(value: Value) -> Value:
    """The same for a subclass of Python's dates and times, such as those of pandas."""
    found: object = value
    if isinstance(value, datetime):
        clock = (value.hour, value.minute, value.second, value.microsecond, value.tzinfo)
        found = datetime(value.year, value.month, value.day, *clock, fold=value.fold)
    elif isinstance(value, date):
        found = date(value.year, value.month, value.day)
    elif isinstance(value, timedelta):
        found = timedelta(value.days, value.seconds, value.microseconds)
    return cast(Value, found)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


OneIsAList = BeforeValidator(_as_list)
"""Takes a single text for a list of one."""
OfPython = AfterValidator(_own_kind)
"""Makes a date or time one of Python's own, which is what the core knows."""


class Written(BaseModel):
    """What a user wrote."""

    # Validators are built at their first use: a command uses few of them, and most are only parts.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, populate_by_name=True)


def with_our_names(written: Mapping[str, Any], other_names: Mapping[str, str]) -> dict[str, Any]:
    """What was written, with our name for each key that was written by another.

    Raises:
        ValueError: A key was written by both.
    """
    renamed = dict(written)
    for other, ours in other_names.items():
        if other not in renamed:
            continue
        if ours in renamed:
            raise ValueError(f"{other} is another name for {ours}: write one of them")
        renamed[ours] = renamed.pop(other)
    return renamed
