"""What users write in a model's metadata under `scd2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from t4t_core.config.strategies import ColumnNames, Placeable, Window, refuse_twice
from t4t_core.config.written import Written


def _as_columns(value: object) -> object:
    return [value] if isinstance(value, str) and value != "all" else value


CheckColumns = Annotated[
    Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)], BeforeValidator(_as_columns)
]


class Interval(Written):
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
    def _need_own_names(self) -> Interval:
        refuse_twice(self.history_names)
        return self

    @model_validator(mode="after")
    def _need_records_of_deletes(self) -> Interval:
        if self.is_deleted is not None and self.hard_deletes != "new_record":
            raise ValueError('is_deleted is a column of "hard_deletes": "new_record" alone')
        return self

    @property
    def deleted_flag(self) -> str | None:
        """The column that tells a version for "the key was gone" from others, or None."""
        return (self.is_deleted or "is_deleted") if self.hard_deletes == "new_record" else None

    @property
    def history_names(self) -> tuple[str, ...]:
        """The columns that the table has besides the query's."""
        flags = (self.is_current, self.deleted_flag)
        return (self.valid_from, self.valid_to, *(flag for flag in flags if flag is not None))


class TimestampHistoryConfig(Interval, Window):
    """A column of the query says when each version began.

    `updated_at` is the time column.
    """

    name: ClassVar[Literal["timestamp"]] = "timestamp"
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
    def _need_whole_query(self) -> TimestampHistoryConfig:
        if self.gives_states and self.model_fields_set & {"lookback", "start_date"}:
            raise ValueError(
                f'"hard_deletes": "{self.hard_deletes}" reads the whole query, or rows that were '
                "not read would be taken for deleted; take start_date and lookback out"
            )
        return self

    @property
    def time(self) -> str:
        """The column that says when a version began."""
        return self.time_column

    @property
    def gives_states(self) -> bool:
        """Whether the query gives each key once, as it is now, and not its versions."""
        return self.hard_deletes != "ignore"


class CheckHistoryConfig(Interval):
    """A version begins where values differ from those of the run before."""

    name: ClassVar[Literal["check"]] = "check"
    strategy: Literal["check"]
    check_columns: CheckColumns = "all"
    updated_at: str | None = Field(None, min_length=1)
    start_date: Placeable | None = None

    @property
    def time(self) -> str | None:
        """The column that says when a version began; None where the run's moment does."""
        return self.updated_at

    @property
    def gives_states(self) -> bool:
        """Whether the query gives each key once, as it is now, and not its versions."""
        return True

    @property
    def read_later(self) -> tuple[object, ...]:
        """What may be a placeholder that a run resolves."""
        return (self.start_date,)


HistoryConfig = TimestampHistoryConfig | CheckHistoryConfig
