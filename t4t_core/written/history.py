"""What users write in a model's metadata under `scd2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from t4t_core.config.history import Interval
from t4t_core.written.base import Written
from t4t_core.written.strategies import ColumnNames, Placeable, WrittenWindow, refuse_twice


def _as_columns(value: object) -> object:
    return [value] if isinstance(value, str) and value != "all" else value


CheckColumns = Annotated[
    Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)], BeforeValidator(_as_columns)
]


class WrittenInterval(Written, Interval):
    """The keys that every history takes."""

    unique_key: ColumnNames
    valid_from: str = Field("valid_from", min_length=1)
    valid_to: str = Field("valid_to", min_length=1)
    is_current: str | None = Field(None, min_length=1)
    hard_deletes: Literal["ignore", "invalidate", "new_record"] = "ignore"
    is_deleted: str | None = Field(None, min_length=1)
    on_schema_change: Literal["fail", "ignore", "append_new_columns"] = "fail"

    @field_validator("unique_key")
    @classmethod
    def _refuse_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return refuse_twice(value)

    @model_validator(mode="after")
    def _need_own_names(self) -> WrittenInterval:
        refuse_twice(self.history_names)
        return self

    @model_validator(mode="after")
    def _need_records_of_deletes(self) -> WrittenInterval:
        if self.is_deleted is not None and self.hard_deletes != "new_record":
            raise ValueError('is_deleted is a column of "hard_deletes": "new_record" alone')
        return self


class WrittenTimestampHistory(WrittenInterval, WrittenWindow):
    """A column of the query says when each version began.

    `updated_at` is the time column.
    """

    strategy: Literal["timestamp"]
    null_time: Literal["error"] = "error"
    on_duplicate_key: Literal["latest", "error"] = "latest"

    @model_validator(mode="before")
    @classmethod
    def _take_updated_at(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        written = dict(data)
        if "updated_at" in written:
            if "time_column" in written:
                raise ValueError("time_column is another name for updated_at: write one of them")
            written["time_column"] = written.pop("updated_at")
        if not {"time_column", "filter_column", "destination_filter_column"} & written.keys():
            raise ValueError(
                "the strategy 'timestamp' needs 'updated_at', the column that says when a version "
                "began; without one, the strategy 'check' compares values"
            )
        return written

    @model_validator(mode="after")
    def _need_whole_query(self) -> WrittenTimestampHistory:
        if self.hard_deletes != "ignore" and self.model_fields_set & {"lookback", "start_date"}:
            raise ValueError(
                f'"hard_deletes": "{self.hard_deletes}" reads the whole query, or rows that were '
                "not read would be taken for deleted; take start_date and lookback out"
            )
        return self


class WrittenCheckHistory(WrittenInterval):
    """A version begins where values differ from those of the run before."""

    strategy: Literal["check"]
    check_columns: CheckColumns = "all"
    updated_at: str | None = Field(None, min_length=1)
    start_date: Placeable | None = None


WrittenHistory = WrittenTimestampHistory | WrittenCheckHistory
