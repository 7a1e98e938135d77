"""Types for what stands under `incremental` in a model's metadata."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, TypedDict

Strategy = Literal["append", "merge", "delete_insert"]
OnSchemaChange = Literal[
    "fail",
    "ignore",
    "append_new_columns",
    "sync_all_columns",
    "full_refresh",
    "full_incremental_refresh",
    "recreate_empty",
]


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
    """One row per key, the latest by the time column.

    `merge_update_columns` and `merge_exclude_columns` are other names for `update_columns` and
    `exclude_columns`.
    """

    unique_key: str | list[str]
    on_duplicate_key: Literal["latest", "error"]
    method: Literal["fastest", "merge"]
    update_columns: str | list[str]
    exclude_columns: str | list[str]
    merge_update_columns: str | list[str]
    merge_exclude_columns: str | list[str]
    incremental_predicates: str | list[str]
    delete_when: str


class DeleteInsertConfig(TimeWindow, total=False):
    """A window of the table is replaced."""

    where_condition: str
    allow_wider_delete: bool


class RefreshParameter(TypedDict, total=False):
    """The windows in which a table is rebuilt, each a `step` long."""

    name: str
    start_value: str | int | date
    end_value: str | int | date
    step: str | int


class FullIncrementalRefresh(TypedDict, total=False):
    """One parameter; or `start`, `end` and `batch_size`, which say the same."""

    parameters: Sequence[RefreshParameter]
    start: str | int | date
    end: str | int | date
    batch_size: str | int


class IncrementalConfig(TypedDict, total=False):
    """The strategy and its settings, under the strategy's own name."""

    strategy: Strategy
    append: AppendConfig
    merge: MergeConfig
    delete_insert: DeleteInsertConfig
    on_schema_change: OnSchemaChange
    full_incremental_refresh: FullIncrementalRefresh
