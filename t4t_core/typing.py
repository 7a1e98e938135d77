"""Types for the metadata that stands beside a model.

`from tee.typing import ModelMetadata` in a project's files means these.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Materialization = Literal["view", "table", "incremental", "ephemeral"]
Strategy = Literal["append", "merge", "delete_insert"]


class TimeWindow(TypedDict, total=False):
    """The keys that every strategy takes.

    `filter_column`, `start_value` and `destination_filter_column` are other names for
    `time_column`, `start_date` and `time_column` as the table calls it.
    """

    time_column: str
    start_date: str | int
    lookback: str | int
    filter_column: str
    start_value: str | int
    destination_filter_column: str
    null_time: Literal["include", "exclude", "error"]


class AppendConfig(TimeWindow, total=False):
    """Only rows that the table does not hold yet are added."""


class MergeConfig(TimeWindow, total=False):
    """One row per key, the latest by the time column."""

    unique_key: str | list[str]
    on_duplicate_key: Literal["latest", "error"]
    method: Literal["fastest", "merge"]


class DeleteInsertConfig(TimeWindow, total=False):
    """A window of the table is replaced."""

    where_condition: str
    allow_wider_delete: bool


class IncrementalConfig(TypedDict, total=False):
    """The strategy and its settings, under the strategy's own name."""

    strategy: Strategy
    append: AppendConfig
    merge: MergeConfig
    delete_insert: DeleteInsertConfig
    on_schema_change: Literal["fail"]


class ColumnMetadata(TypedDict, total=False):
    """One column of a model."""

    name: str
    datatype: str
    description: str
    tests: list[Any]


class ModelMetadata(TypedDict, total=False):
    """What the variable `metadata` of a model's `.py` file, or its JSON comment, may hold."""

    description: str
    materialization: Materialization
    incremental: IncrementalConfig
    schema: list[ColumnMetadata]
    tests: list[Any]
    tags: list[str]
    owners: list[str]
    object_tags: dict[str, str]
    full_refresh: bool
    dagster: dict[str, Any]
