"""What users write in a model's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from t4t_core.config.checks import CheckConfig
from t4t_core.config.dagster import DagsterConfig
from t4t_core.config.descriptive import DescriptiveColumn, DescriptiveModel
from t4t_core.config.history import HistoryConfig, TimestampHistoryConfig
from t4t_core.config.strategies import (
    AppendConfig,
    ColumnNames,
    DeleteInsertConfig,
    IncrementalConfig,
    MergeConfig,
    StrategyConfig,
    Window,
)
from t4t_core.config.written import with_our_names


class ColumnConfig(DescriptiveColumn):
    """One entry of a model's `schema`."""

    name: str = Field(min_length=1)
    datatype: str | None = None
    description: str | None = None
    tests: tuple[CheckConfig, ...] = ()
    auto_incremental: StrictBool = False


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Statements = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class ModelConfig(DescriptiveModel):
    """A model's metadata."""

    description: str | None = None
    materialization: Literal["view", "table", "incremental", "scd2", "ephemeral"] = "table"
    incremental: IncrementalConfig | None = None
    scd2: HistoryConfig | None = Field(None, discriminator="strategy")
    schema_: tuple[ColumnConfig, ...] = Field((), alias="schema")
    schema_contract: Literal["enforce", "strict", "warn"] = "enforce"
    pre_hook: Statements = ()
    post_hook: Statements = ()
    tests: tuple[CheckConfig, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    full_refresh: StrictBool = True
    unique_key: ColumnNames | None = None
    dagster: DagsterConfig = Field(default_factory=DagsterConfig)

    @model_validator(mode="before")
    @classmethod
    def _take_other_names(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        written = with_our_names(data, {"pre_hooks": "pre_hook", "post_hooks": "post_hook"})
        refresh, settings = "full_incremental_refresh", written.get("incremental")
        if refresh in written and isinstance(settings, Mapping):
            if refresh in settings:
                raise ValueError(f"{refresh} stands in 'incremental' and beside it: write one")
            written["incremental"] = {**settings, refresh: written.pop(refresh)}
        return written

    @model_validator(mode="after")
    def _refuse_hooks_without_a_run(self) -> ModelConfig:
        if self.materialization == "ephemeral" and (self.pre_hook or self.post_hook):
            raise ValueError("an ephemeral model has no run of its own that a hook could be in")
        return self

    @model_validator(mode="after")
    def _need_settings(self) -> ModelConfig:
        if self.materialization == "incremental" and self.incremental is None:
            raise ValueError("materialization is 'incremental', but there is no 'incremental'")
        if self.materialization == "scd2" and self.scd2 is None:
            raise ValueError("materialization is 'scd2', but there is no 'scd2'")
        return self

    @model_validator(mode="after")
    def _check_numbered(self) -> ModelConfig:
        found = [column for column in self.schema_ if column.auto_incremental]
        if self.unique_key is not None and (not found or self.materialization != "table"):
            raise ValueError(
                "unique_key stands here for a table with an auto_incremental column alone; "
                "merge has its own"
            )
        if not found:
            return self
        name = found[0].name
        if len(found) > 1:
            raise ValueError(f"two columns are auto_incremental, {name} and {found[1].name}")
        settings = self.strategy
        is_table = settings is None and self.materialization == "table"
        if not is_table and not isinstance(settings, AppendConfig | MergeConfig):
            kind = self.materialization if settings is None else settings.name
            raise ValueError(
                f"{kind} cannot keep the numbers of the auto_incremental column {name!r}; "
                "a table and the strategies merge and append can"
            )
        if is_table and self.unique_key is None:
            raise ValueError(
                f"the auto_incremental column {name!r} of a table needs a 'unique_key' beside "
                "'schema', by which a row has its number again after the next run"
            )
        used = [*(self.unique_key or ())]
        if isinstance(settings, AppendConfig | MergeConfig):
            used.append(settings.time_column)
        if isinstance(settings, MergeConfig):
            used += [*settings.unique_key, *(settings.update_columns or ())]
        if name.lower() in {other.lower() for other in used}:
            raise ValueError(
                f"the auto_incremental column {name!r} cannot be key, time or updated column"
            )
        return self

    @property
    def numbered(self) -> ColumnConfig | None:
        """The auto_incremental column, or None."""
        return next((column for column in self.schema_ if column.auto_incremental), None)

    @model_validator(mode="after")
    def _need_parts(self) -> ModelConfig:
        """A partition's run replaces a part of the rows, which not every model can."""
        partitions = self.dagster.partitions
        if partitions is None:
            return self
        if not partitions.is_static and not self.reads_windows:
            raise ValueError(
                "'partitions' by time need a model with a time column: 'incremental', or 'scd2' "
                "that is given versions"
            )
        if partitions.is_static and not isinstance(self.strategy, DeleteInsertConfig):
            raise ValueError("static 'partitions' need the strategy 'delete_insert'")
        return self

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
