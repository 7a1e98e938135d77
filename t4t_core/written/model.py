"""What users write in a model's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from t4t_core.written.base import OneIsAList, with_our_names
from t4t_core.written.dagster import WrittenDagster
from t4t_core.written.descriptive import DescriptiveColumn, DescriptiveModel
from t4t_core.written.history import WrittenHistory
from t4t_core.written.strategies import (
    ColumnNames,
    WrittenIncremental,
)
from t4t_core.written.tests import WrittenTest


class WrittenColumn(DescriptiveColumn):
    """One entry of a model's `schema`."""

    name: str = Field(min_length=1)
    datatype: str | None = None
    description: str | None = None
    tests: tuple[WrittenTest, ...] = ()
    auto_incremental: StrictBool = False


Statements = Annotated[tuple[str, ...], OneIsAList]


class WrittenModel(DescriptiveModel):
    """A model's metadata."""

    description: str | None = None
    materialization: Literal["view", "table", "incremental", "scd2", "ephemeral"] = "table"
    incremental: WrittenIncremental | None = None
    scd2: WrittenHistory | None = Field(None, discriminator="strategy")
    schema_: tuple[WrittenColumn, ...] = Field((), alias="schema")
    schema_contract: Literal["enforce", "strict", "warn"] = "enforce"
    pre_hook: Statements = ()
    post_hook: Statements = ()
    tests: tuple[WrittenTest, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    full_refresh: StrictBool = True
    unique_key: ColumnNames | None = None
    dagster: WrittenDagster = Field(default_factory=WrittenDagster)

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
    def _refuse_hooks_without_a_run(self) -> WrittenModel:
        if self.materialization == "ephemeral" and (self.pre_hook or self.post_hook):
            raise ValueError("an ephemeral model has no run of its own that a hook could be in")
        return self

    @model_validator(mode="after")
    def _need_settings(self) -> WrittenModel:
        if self.materialization == "incremental" and self.incremental is None:
            raise ValueError("materialization is 'incremental', but there is no 'incremental'")
        if self.materialization == "scd2" and self.scd2 is None:
            raise ValueError("materialization is 'scd2', but there is no 'scd2'")
        return self
