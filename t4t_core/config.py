"""What users write in `project.toml` and in a model's metadata."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)

from t4t_core.values import Lookback


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ConnectionConfig(_Written):
    """`[connection]`: which database, and the schema of models that stand straight in `models/`."""

    type: Literal["duckdb"] = "duckdb"
    path: str
    schema_: str = Field("main", alias="schema", min_length=1)
    lock_timeout_s: float = Field(60, ge=0)


class FlagsConfig(_Written):
    """`[flags]`: what a run does when a model is no longer what it was."""

    materialization_change_behavior: Literal["warn", "error", "ignore"] = "warn"
    definition_change_behavior: Literal["full_refresh", "continue", "error"] = "full_refresh"


class StateConfig(_Written):
    """`[state]`: where the readable copy of the state is kept."""

    path: str = "data/tee_state.db"


class ProjectConfig(_Written):
    """`project.toml`."""

    project_folder: str | None = None
    connection: ConnectionConfig
    flags: FlagsConfig = FlagsConfig()
    vars: dict[str, Any] = Field(default_factory=dict)
    state: StateConfig = StateConfig()
    source_sql_dialect: str = "duckdb"


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _unplaced(value: object) -> object:
    """`{{ name }}` in a value is `@name`."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("{{") and text.endswith("}}"):
            return "@" + text[2:-2].strip()
        return text
    return value


ColumnNames = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
Placeable = Annotated[str | int | datetime | date, BeforeValidator(_unplaced)]


class _Window(_Written):
    """The keys that every strategy takes.

    `start_date` and `lookback` may be a placeholder, `@name`, which a run resolves.
    """

    time_column: str = Field(min_length=1)
    start_date: Placeable = "auto"
    lookback: Placeable = "0"
    null_time: Literal["include", "exclude", "error"] = "include"

    @property
    def is_start_placed(self) -> bool:
        """Whether a variable gives the start: `@name`."""
        return isinstance(self.start_date, str) and self.start_date.startswith("@")

    @model_validator(mode="before")
    @classmethod
    def _take_other_names(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        written = dict(data)
        if "start_value" in written:
            if "start_date" in written:
                raise ValueError("start_value is another name for start_date: write one of them")
            written["start_date"] = written.pop("start_value")
        if "filter_column" in written:
            if "time_column" in written:
                raise ValueError("filter_column is another name for time_column: write one of them")
            written["time_column"] = written.pop("filter_column")
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


class AppendConfig(_Window):
    """`append`."""

    name: ClassVar[Literal["append"]] = "append"


class MergeConfig(_Window):
    """`merge`."""

    name: ClassVar[Literal["merge"]] = "merge"
    unique_key: ColumnNames
    on_duplicate_key: Literal["latest", "error"] = "latest"
    method: Literal["fastest", "merge"] = "fastest"

    @field_validator("unique_key")
    @classmethod
    def _refuse_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len({name.lower() for name in value}) != len(value):
            raise ValueError(f"names a column twice: {', '.join(value)}")
        return value


class DeleteInsertConfig(_Window):
    """`delete_insert`. Without `where_condition` the window is `time_column >= @start_date`."""

    name: ClassVar[Literal["delete_insert"]] = "delete_insert"
    where_condition: str | None = Field(None, min_length=1)
    allow_wider_delete: StrictBool = False


StrategyConfig = AppendConfig | MergeConfig | DeleteInsertConfig


class IncrementalConfig(_Written):
    """`incremental`: the strategy, and its settings under its own name.

    The settings of other strategies may stand beside it; they are checked too and not used.
    """

    strategy: Literal["append", "merge", "delete_insert"]
    append: AppendConfig | None = None
    merge: MergeConfig | None = None
    delete_insert: DeleteInsertConfig | None = None
    on_schema_change: Literal["fail"] = "fail"

    @model_validator(mode="after")
    def _need_settings(self) -> IncrementalConfig:
        if getattr(self, self.strategy) is None:
            raise ValueError(f"the strategy is {self.strategy!r}, but its settings are missing")
        return self

    @property
    def settings(self) -> StrategyConfig:
        """The chosen strategy's settings."""
        chosen: StrategyConfig | None = getattr(self, self.strategy)
        assert chosen is not None, "checked when the metadata was read"
        return chosen


class ColumnConfig(_Written):
    """One entry of a model's `schema`."""

    name: str = Field(min_length=1)
    datatype: str | None = None
    description: str | None = None
    tests: tuple[Any, ...] = ()


class ModelConfig(_Written):
    """A model's metadata."""

    description: str | None = None
    materialization: Literal["view", "table", "incremental", "ephemeral"] = "table"
    incremental: IncrementalConfig | None = None
    schema_: tuple[ColumnConfig, ...] = Field((), alias="schema")
    tests: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    full_refresh: StrictBool = True
    dagster: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _need_incremental(self) -> ModelConfig:
        if self.materialization == "incremental" and self.incremental is None:
            raise ValueError("materialization is 'incremental', but there is no 'incremental'")
        return self

    @property
    def strategy(self) -> StrategyConfig | None:
        """The settings of the strategy, or None for a model that is not incremental."""
        if self.materialization != "incremental" or self.incremental is None:
            return None
        return self.incremental.settings


def problems(error: ValidationError, shape: type[BaseModel]) -> list[tuple[tuple[str, ...], str]]:
    """Each thing that is wrong: the path of keys to it, and a sentence.

    Args:
        error: What pydantic found.
        shape: The class whose keys were written.
    """
    return [_problem(details, shape) for details in error.errors(include_url=False)]


def _problem(details: Mapping[str, Any], shape: type[BaseModel]) -> tuple[tuple[str, ...], str]:
    at = tuple(str(part) for part in details["loc"])
    match details["type"]:
        case "extra_forbidden":
            return at, f"unknown key {at[-1]!r}{nearest(at[-1], _keys_at(shape, at[:-1]))}"
        case "missing":
            return at, f"{at[-1]!r} is missing"
        case "value_error":
            return at, str(details["ctx"]["error"])
        case "literal_error":
            written = _shortened(details["input"])
            return at, f"{at[-1]!r} is {written}, which is none of {details['ctx']['expected']}"
        case _:
            message = str(details["msg"])
            what = f"{message[0].lower()}{message[1:]}, not {_shortened(details['input'])}"
            return at, f"{at[-1]!r}: {what}" if at else what


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the known word most like this one, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {found[0]!r}?)" if found else ""


def _keys_at(shape: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    """The keys that may stand at a path, by the names that users write."""
    for part in path:
        if part.isdigit():  # an item of a list
            continue
        field = next((f for name, f in shape.model_fields.items() if part in (name, f.alias)), None)
        inner = [] if field is None else _models_in(field.annotation)
        if not inner:
            return []
        shape = inner[0]
    keys = [field.alias or name for name, field in shape.model_fields.items()]
    if issubclass(shape, _Window):
        keys += ["filter_column", "start_value", "destination_filter_column"]
    return keys


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
