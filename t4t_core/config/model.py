"""What a model's metadata says."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from t4t_core.config.checks import CheckConfig
from t4t_core.config.dagster import DagsterConfig
from t4t_core.config.history import HistoryConfig, TimestampHistoryConfig
from t4t_core.config.strategies import IncrementalConfig, StrategyConfig, Window


class ColumnConfig(Struct, frozen=True, kw_only=True):
    """One entry of a model's `schema`."""

    name: str
    datatype: str | None
    description: str | None
    tests: tuple[CheckConfig, ...]
    auto_incremental: bool
    fk_to: dict[str, str] | None
    dimension: str | None


class ModelConfig(Struct, frozen=True, kw_only=True):
    """A model's metadata."""

    description: str | None
    materialization: Literal["view", "table", "incremental", "scd2", "ephemeral"]
    incremental: IncrementalConfig | None
    scd2: HistoryConfig | None
    schema_: tuple[ColumnConfig, ...] = field(name="schema")
    schema_contract: Literal["enforce", "strict", "warn"]
    pre_hook: tuple[str, ...]
    post_hook: tuple[str, ...]
    tests: tuple[CheckConfig, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    object_tags: dict[str, str]
    full_refresh: bool
    unique_key: tuple[str, ...] | None
    dagster: DagsterConfig
    partitions: tuple[str, ...]
    table_type: str | None
    data_model: bool | None
    hierarchy: dict[str, Any] | None
    conformed_dimension: dict[str, str] | None
    disable_default_tests: bool | tuple[str, ...]

    @property
    def numbered(self) -> ColumnConfig | None:
        """The auto_incremental column, or None."""
        return next((column for column in self.schema_ if column.auto_incremental), None)

    @property
    def reads_windows(self) -> bool:
        """Whether a run may read the rows of one window of time alone."""
        settings = self.strategy
        is_whole = isinstance(settings, TimestampHistoryConfig) and settings.gives_states
        return isinstance(settings, Window) and not is_whole

    @property
    def strategy(self) -> StrategyConfig | HistoryConfig | None:
        """The settings of the strategy, or None for a model that every run makes anew."""
        if self.materialization == "scd2":
            return self.scd2
        if self.materialization != "incremental" or self.incremental is None:
            return None
        return self.incremental.settings
