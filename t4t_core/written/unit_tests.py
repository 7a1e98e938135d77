"""What users write as a model's unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from t4t_core.config.mistakes import MistakesError
from t4t_core.written.base import Written
from t4t_core.written.mistakes import problems


class SqlRows(Written):
    """Rows that a query gives."""

    sql: str = Field(min_length=1)


def _as_rows(value: object) -> object:
    match value:
        case None | str() | SqlRows():
            return value
        case {"sql": str() as sql, **rest} if not rest:
            return SqlRows(sql=sql)
        case list() | tuple() if all(_is_row(row) for row in value):
            return tuple(dict(row) for row in value)
        case _:
            raise ValueError("rows are a list of dicts, CSV text, or {'sql': 'SELECT ...'}")


def _is_row(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


Rows = Annotated[tuple[dict[str, Any], ...] | str | SqlRows, BeforeValidator(_as_rows)]


class Expectations(Written):
    """What a run of the model must have done; what is left out is not looked at."""

    expect: Rows | None = None
    expect_error: str | None = Field(None, min_length=1)
    mode: Literal["full", "incremental"] | None = None
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_deleted: int | None = None
    watermark: str | int | datetime | date | None = None

    @property
    def are_empty(self) -> bool:
        return all(getattr(self, name) is None for name in Expectations.model_fields)


class UnitRunConfig(Expectations):
    """One run of a unit test: what it finds, and what it must do.

    Tables that `given` does not name stay as the run before found them.
    """

    given: dict[str, Rows] = Field(default_factory=dict)
    vars: dict[str, Any] = Field(default_factory=dict)
    now: datetime | None = None
    full_refresh: StrictBool = False

    @field_validator("now")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class UnitTestConfig(UnitRunConfig):
    """One unit test: a single run, or several in `runs`.

    With `runs`, `given`, `vars` and `now` of the test are what the first run starts from.
    """

    name: str = Field(min_length=1)
    model: str | None = None
    description: str | None = None
    types: dict[str, dict[str, str]] = Field(default_factory=dict)
    table_before: Rows | None = None
    watermark_before: str | int | datetime | date | None = None
    runs: tuple[UnitRunConfig, ...] = ()

    @model_validator(mode="after")
    def _check_whole(self) -> UnitTestConfig:
        if self.runs and (not self.are_empty or self.full_refresh):
            raise ValueError("what is expected of a run stands in 'runs' where there are some")
        if self.watermark_before is not None and self.table_before is None:
            raise ValueError("'watermark_before' needs 'table_before'")
        return self

    @property
    def steps(self) -> tuple[UnitRunConfig, ...]:
        """The runs in their order, each with the variables and clock that hold for it."""
        own = {"given": self.given, "vars": self.vars, "now": self.now}
        if not self.runs:
            expected = {name: getattr(self, name) for name in Expectations.model_fields}
            return (UnitRunConfig(full_refresh=self.full_refresh, **expected, **own),)
        first = self.runs[0].model_copy(update={"given": {**self.given, **self.runs[0].given}})
        return tuple(
            run.model_copy(update={"vars": {**self.vars, **run.vars}, "now": run.now or self.now})
            for run in (first, *self.runs[1:])
        )


def read_unit_test(written: object) -> UnitTestConfig:
    """A unit test that was written.

    Raises:
        MistakesError: Everything that is wrong in it.
    """
    try:
        return UnitTestConfig.model_validate(written)
    except ValidationError as error:
        raise MistakesError(problems(error, UnitTestConfig)) from error


def read_rows(written: object) -> Rows:
    """Rows that were written.

    Raises:
        ValueError: They are none.
    """
    return TypeAdapter[Rows](Rows).validate_python(written)
