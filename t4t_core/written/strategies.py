"""What users write in a model's metadata under `incremental`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictBool, field_validator, model_validator

from t4t_core.config.strategies import OnSchemaChange
from t4t_core.values import Lookback
from t4t_core.written.base import OfPython, OneIsAList, Written, with_our_names
from t4t_core.written.refresh import WrittenRefresh


def _unplaced(value: object) -> object:
    """`{{ name }}` in a value is `@name`."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("{{") and text.endswith("}}"):
            return "@" + text[2:-2].strip()
        return text
    return value


def refuse_twice(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, none of which may come twice in any case."""
    if len({name.lower() for name in names}) != len(names):
        raise ValueError(f"names a column twice: {', '.join(names)}")
    return names


ColumnNames = Annotated[tuple[str, ...], OneIsAList, Field(min_length=1)]
ConditionTexts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], OneIsAList]
Placeable = Annotated[str | int | datetime | date, BeforeValidator(_unplaced), OfPython]


class WrittenWindow(Written):
    """The keys that every strategy takes.

    `start_date` and `lookback` may be a placeholder, `@name`, which a run resolves.
    """

    time_column: str = Field(min_length=1)
    start_date: Placeable = "auto"
    lookback: Placeable = "0"
    null_time: Literal["include", "exclude", "error"] = "include"

    @model_validator(mode="before")
    @classmethod
    def _take_other_names(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        other_names = {"start_value": "start_date", "filter_column": "time_column"}
        written = with_our_names(data, other_names)
        if "destination_filter_column" in written:
            written["time_column"] = written.pop("destination_filter_column")
        return written

    @field_validator("lookback")
    @classmethod
    def _read_lookback(cls, value: str | int | date) -> str | int | date:
        if isinstance(value, date):
            raise ValueError("a lookback is a span of time, not a date")  # noqa: TRY004  pydantic collects ValueErrors
        if not (isinstance(value, str) and value.startswith("@")):
            Lookback.parse(value)
        return value


class WrittenAppend(WrittenWindow):
    """`append`."""


class WrittenMerge(WrittenWindow):
    """`merge`.

    With `delete_when`, `null_time` is `error` where it is not written.
    """

    OTHER_NAMES: ClassVar[dict[str, str]] = {
        "merge_update_columns": "update_columns",
        "merge_exclude_columns": "exclude_columns",
    }

    unique_key: ColumnNames
    on_duplicate_key: Literal["latest", "error"] = "latest"
    method: Literal["fastest", "merge"] = "fastest"
    update_columns: ColumnNames | None = None
    exclude_columns: ColumnNames | None = None
    incremental_predicates: ConditionTexts = ()
    delete_when: str | None = Field(None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _take_names_of_dbt(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        written = with_our_names(data, cls.OTHER_NAMES)
        if written.get("delete_when") is not None:
            written.setdefault("null_time", "error")
        return written

    @field_validator("unique_key", "update_columns", "exclude_columns")
    @classmethod
    def _refuse_twice(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else refuse_twice(value)

    @model_validator(mode="after")
    def _check_what_is_updated(self) -> WrittenMerge:
        if self.update_columns is not None and self.exclude_columns is not None:
            raise ValueError(
                "update_columns and exclude_columns say the same thing in two ways: write one"
            )
        keys = {name.lower() for name in self.unique_key}
        key = next((name for name in self.update_columns or () if name.lower() in keys), None)
        if key is not None:
            raise ValueError(f"update_columns names {key!r}, by which rows are matched")
        if self.time_column.lower() in {name.lower() for name in self.exclude_columns or ()}:
            raise ValueError(
                f"exclude_columns names the time column {self.time_column!r}: it has to follow "
                "the row, or nothing would say which row of a key is the latest"
            )
        return self

    @model_validator(mode="after")
    def _need_times_to_delete(self) -> WrittenMerge:
        if self.delete_when is not None and self.null_time == "include":
            raise ValueError(
                "delete_when needs every row's time, since a row without one is read by every run "
                'and would bring its deleted key back: "null_time" has to be "error" or "exclude"'
            )
        return self


class WrittenDeleteInsert(WrittenWindow):
    """`delete_insert`. Without `where_condition` the window is `time_column >= @start_date`."""

    where_condition: str | None = Field(None, min_length=1)
    allow_wider_delete: StrictBool = False


class WrittenIncremental(Written):
    """`incremental`: the strategy, and its settings under its own name.

    The settings of other strategies may stand beside it; they are checked too and not used.
    """

    strategy: Literal["append", "merge", "delete_insert"]
    append: WrittenAppend | None = None
    merge: WrittenMerge | None = None
    delete_insert: WrittenDeleteInsert | None = None
    on_schema_change: OnSchemaChange = "fail"
    full_incremental_refresh: WrittenRefresh | None = None

    @model_validator(mode="after")
    def _need_settings(self) -> WrittenIncremental:
        if getattr(self, self.strategy) is None:
            raise ValueError(f"the strategy is {self.strategy!r}, but its settings are missing")
        return self

    @model_validator(mode="after")
    def _need_windows(self) -> WrittenIncremental:
        refresh = self.full_incremental_refresh
        if refresh is None:
            if self.on_schema_change == "full_incremental_refresh":
                raise ValueError(
                    "on_schema_change is 'full_incremental_refresh', but the windows are missing: "
                    '"full_incremental_refresh": {"parameters": [{"name": "@start_date", '
                    '"start_value": "2024-01-01", "step": "INTERVAL 1 DAY"}]}'
                )
            return self
        settings = getattr(self, self.strategy)
        if settings is None:
            return self
        known = {"@start_date", f"@{settings.time_column}".lower()}
        if str(settings.start_date).startswith("@"):
            known.add(str(settings.start_date).lower())
        name = refresh.parameters[0].name
        if name.lower() not in known:
            raise ValueError(
                f"full_incremental_refresh is of {name!r}, and the model's time of "
                f"{', '.join(sorted(known))}"
            )
        return self
