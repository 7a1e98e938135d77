"""How the runs of an incremental model add to its table."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct

from t4t_core.config.refresh import FullIncrementalRefresh

if TYPE_CHECKING:
    Placeable = str | int | datetime | date
    """A value, or a placeholder `@name`."""
else:
    Placeable = Any  # msgspec reads no type that may be text in two ways


class Window(Struct, frozen=True, kw_only=True):
    """What every strategy has.

    `start_date` and `lookback` may be a placeholder, `@name`, which a run resolves.
    """

    time_column: str
    start_date: Placeable
    lookback: Placeable
    null_time: Literal["include", "exclude", "error"]

    @property
    def is_start_placed(self) -> bool:
        """Whether a variable gives the start: `@name`."""
        return isinstance(self.start_date, str) and self.start_date.startswith("@")

    @property
    def read_later(self) -> tuple[object, ...]:
        """What may be a placeholder that a run resolves."""
        return (self.start_date, self.lookback)

    @property
    def is_start_a_value(self) -> bool:
        """Whether the start is a date or number that stands in the metadata."""
        text = str(self.start_date).strip().lower().removesuffix("()")
        return not self.is_start_placed and text not in ("auto", "current_date")


class AppendConfig(Window, frozen=True, kw_only=True):
    """`append`."""

    name: ClassVar[Literal["append"]] = "append"


class MergeConfig(Window, frozen=True, kw_only=True):
    """`merge`."""

    name: ClassVar[Literal["merge"]] = "merge"
    unique_key: tuple[str, ...]
    on_duplicate_key: Literal["latest", "error"]
    method: Literal["fastest", "merge"]
    update_columns: tuple[str, ...] | None
    exclude_columns: tuple[str, ...] | None
    incremental_predicates: tuple[str, ...]
    delete_when: str | None


class DeleteInsertConfig(Window, frozen=True, kw_only=True):
    """`delete_insert`. Without `where_condition` the window is `time_column >= @start_date`."""

    name: ClassVar[Literal["delete_insert"]] = "delete_insert"
    where_condition: str | None
    allow_wider_delete: bool


OnSchemaChange = Literal[
    "fail",
    "ignore",
    "append_new_columns",
    "sync_all_columns",
    "full_refresh",
    "full_incremental_refresh",
    "recreate_empty",
]
StrategyConfig = AppendConfig | MergeConfig | DeleteInsertConfig


class IncrementalConfig(Struct, frozen=True, kw_only=True):
    """The strategy, and its settings under its own name; those of others are not used."""

    strategy: Literal["append", "merge", "delete_insert"]
    append: AppendConfig | None
    merge: MergeConfig | None
    delete_insert: DeleteInsertConfig | None
    on_schema_change: OnSchemaChange
    full_incremental_refresh: FullIncrementalRefresh | None

    @property
    def settings(self) -> StrategyConfig:
        """The chosen strategy's settings."""
        chosen: StrategyConfig | None = getattr(self, self.strategy)
        assert chosen is not None, "checked when the metadata was read"
        return chosen
