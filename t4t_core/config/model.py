"""What users write in a model's metadata."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, model_validator

from t4t_core.config.checks import CheckConfig
from t4t_core.config.dagster import DagsterConfig
from t4t_core.config.history import HistoryConfig
from t4t_core.config.strategies import IncrementalConfig, StrategyConfig
from t4t_core.config.written import Written


class ColumnConfig(Written):
    """One entry of a model's `schema`."""

    name: str = Field(min_length=1)
    datatype: str | None = None
    description: str | None = None
    tests: tuple[CheckConfig, ...] = ()


class ModelConfig(Written):
    """A model's metadata."""

    description: str | None = None
    materialization: Literal["view", "table", "incremental", "scd2", "ephemeral"] = "table"
    incremental: IncrementalConfig | None = None
    scd2: HistoryConfig | None = Field(None, discriminator="strategy")
    schema_: tuple[ColumnConfig, ...] = Field((), alias="schema")
    tests: tuple[CheckConfig, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    full_refresh: StrictBool = True
    dagster: DagsterConfig = DagsterConfig()

    @model_validator(mode="after")
    def _need_settings(self) -> ModelConfig:
        if self.materialization == "incremental" and self.incremental is None:
            raise ValueError("materialization is 'incremental', but there is no 'incremental'")
        if self.materialization == "scd2" and self.scd2 is None:
            raise ValueError("materialization is 'scd2', but there is no 'scd2'")
        return self

    @property
    def strategy(self) -> StrategyConfig | HistoryConfig | None:
        """The settings of the strategy, or None for a model that every run makes anew."""
        if self.materialization == "scd2":
            return self.scd2
        if self.materialization != "incremental" or self.incremental is None:
            return None
        return self.incremental.settings
