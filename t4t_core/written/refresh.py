"""What users write of the windows in which a table is rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from t4t_core.config.refresh import size_of
from t4t_core.written.base import OfPython, Written

Bound = Annotated[int | datetime | date | str, OfPython]


def _as_placeholder(value: object) -> object:
    """`{{ name }}` and `name` are `@name`."""
    if not isinstance(value, str):
        return value
    name = value.strip()
    if name.startswith("{{") and name.endswith("}}"):
        name = name[2:-2].strip()
    return "@" + name.removeprefix("@")


class WrittenRefreshParameter(Written):
    """Where the windows begin and end, and how long each of them is.

    Attributes:
        name: The variable or column that they are of.
    """

    name: Annotated[str, BeforeValidator(_as_placeholder)] = "@start_date"
    start_value: Bound
    end_value: Bound = "CURRENT_DATE"
    step: int | str

    @field_validator("start_value", "end_value")
    @classmethod
    def _need_value(cls, value: int | date | str) -> int | date | str:
        if isinstance(value, str) and value.strip().startswith(("@", "{{")):
            raise ValueError(f"{value!r} is a variable; write a date or a number")
        return value

    @field_validator("step")
    @classmethod
    def _read_step(cls, value: int | str) -> int | str:
        try:
            is_zero = size_of(value).is_zero
        except ValueError as error:
            raise ValueError(
                f"{value!r} is no step; write 'INTERVAL 1 DAY' or '1 day', or a number for an "
                "integer column"
            ) from error
        if is_zero:
            raise ValueError("a window is longer than nothing")
        return value


class WrittenRefresh(Written):
    """`full_incremental_refresh`, which belongs to the `on_schema_change` of this name.

    `{"start": ..., "end": ..., "batch_size": ...}` says the same as one parameter.
    """

    parameters: tuple[WrittenRefreshParameter, ...] = Field(min_length=1, max_length=1)

    @model_validator(mode="before")
    @classmethod
    def _take_short_form(cls, data: object) -> object:
        names = {"start": "start_value", "end": "end_value", "batch_size": "step"}
        if not isinstance(data, Mapping) or not names.keys() & data.keys():
            return data
        if "parameters" in data:
            raise ValueError("start, end and batch_size stand in place of parameters: write one")
        return {"parameters": [{names.get(key, key): value for key, value in data.items()}]}
