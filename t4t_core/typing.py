"""Types for the metadata that stands beside a model.

`from tee.typing import ModelMetadata` in a project's files means these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict

Materialization = Literal["view", "table", "incremental", "scd2", "ephemeral"]
Strategy = Literal["append", "merge", "delete_insert"]
AutomationConditionName = Literal[
    "eager", "on_cron", "on_missing", "t4t_eager", "t4t_on_code_change", "t4t_on_cron"
]
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


class Scd2Config(TypedDict, total=False):
    """Every version of each key, with the time from which and until which it holds.

    `time_column` is another name for `updated_at`. `on_duplicate_key` and `lookback` belong to
    `timestamp`, `check_columns` to `check`.
    """

    strategy: Literal["timestamp", "check"]
    unique_key: str | list[str]
    updated_at: str
    time_column: str
    check_columns: Literal["all"] | list[str]
    valid_from: str
    valid_to: str
    is_current: str
    hard_deletes: Literal["ignore", "invalidate"]
    on_schema_change: Literal["fail", "ignore", "append_new_columns"]
    on_duplicate_key: Literal["latest", "error"]
    start_date: str | int
    lookback: str | int


class CheckMetadata(TypedDict, total=False):
    """One data test with what belongs to it; `test` is another name for `name`.

    `name` is one of `not_null`, `unique`, `primary_key`, `no_duplicates`, `accepted_values`,
    `relationships`, `expression`, `row_count_gt_0`, `row_count_eq` and `freshness`, or a file of
    `tests/`.
    """

    name: str
    test: str
    params: dict[str, Any]
    severity: Literal["error", "warning", "warn"]
    where: str
    limit: int
    description: str


class ColumnMetadata(TypedDict, total=False):
    """One column of a model."""

    name: str
    datatype: str
    description: str
    tests: list[str | CheckMetadata]
    auto_incremental: bool
    fk_to: dict[str, str]
    dimension: str


class AutomationCondition(TypedDict, total=False):
    """A condition that takes more than its name."""

    name: AutomationConditionName
    cron: str
    timezone: str


class FreshnessPolicy(TypedDict, total=False):
    """A window, `fail_window` and perhaps `warn_window`; or a deadline and the span before it."""

    fail_window: str
    warn_window: str
    deadline_cron: str
    lower_bound_delta: str
    timezone: str


class RetryPolicy(TypedDict, total=False):
    """How often a failed step is tried again; `delay` is in seconds."""

    max_retries: int
    delay: float
    backoff: Literal["linear", "exponential"]
    jitter: Literal["full", "plus_minus"]


class Partitions(TypedDict, total=False):
    """`partitions`: windows of time, or one partition for each value of a column."""

    type: Literal["hourly", "daily", "weekly", "monthly", "cron", "static"]
    start_date: str | date
    end_date: str | date
    timezone: str
    cron: str
    end_offset: int
    column: str
    values: list[str | int] | list[str] | list[int]


class DagsterMetadata(TypedDict, total=False):
    """How a model looks and behaves in Dagster."""

    asset_key: str | list[str]
    group_name: str
    description: str
    owners: list[str]
    kinds: list[str]
    tags: dict[str, str]
    metadata: dict[str, Any]
    automation_condition: (
        AutomationConditionName
        | AutomationCondition
        | list[AutomationConditionName | AutomationCondition]
    )
    freshness_policy: FreshnessPolicy
    partitions: Partitions
    pool: str
    retry_policy: RetryPolicy
    op_tags: dict[str, str]


class FunctionParameter(TypedDict, total=False):
    """One parameter of a function."""

    name: str
    type: str
    description: str
    default: Any
    mode: Literal["IN"]


class FunctionMetadata(TypedDict, total=False):
    """What the variable `metadata` of a function's `.py` file, or its decorator, may hold."""

    function_name: str
    schema: str
    description: str
    function_type: Literal["scalar", "table"]
    language: Literal["sql", "python"]
    parameters: list[FunctionParameter]
    return_type: str
    return_table_schema: list[dict[str, Any]]
    deterministic: bool
    source_sql_dialect: str
    null_handling: Literal["default", "special"]
    tests: list[Any]
    tags: list[str]
    object_tags: dict[str, str]


class SeedMetadata(TypedDict, total=False):
    """What the variable `metadata` of a seed's `.py` file may hold."""

    description: str
    schema: list[ColumnMetadata]
    tests: list[Any]
    tags: list[str]
    owners: list[str]
    object_tags: dict[str, str]
    dagster: DagsterMetadata
    delimiter: str
    header: bool
    quote: str
    escape: str
    comment: str
    null_values: str | list[str]
    skip: int
    encoding: str
    date_format: str
    timestamp_format: str
    decimal_separator: Literal[".", ","]


class ModelMetadata(TypedDict, total=False):
    """What the variable `metadata` of a model's `.py` file, or its JSON comment, may hold."""

    description: str
    materialization: Materialization
    incremental: IncrementalConfig
    full_incremental_refresh: FullIncrementalRefresh
    scd2: Scd2Config
    schema: list[ColumnMetadata]
    schema_contract: Literal["enforce", "strict", "warn"]
    pre_hook: str | list[str]
    post_hook: str | list[str]
    pre_hooks: str | list[str]
    post_hooks: str | list[str]
    tests: list[str | CheckMetadata]
    tags: list[str]
    owners: list[str]
    object_tags: dict[str, str]
    full_refresh: bool
    unique_key: str | list[str]
    dagster: DagsterMetadata
    partitions: list[str]
    table_type: Literal["fact", "dim", "lookup", "dimension"]
    data_model: bool
    hierarchy: dict[str, Any]
    conformed_dimension: dict[str, str]
    disable_default_tests: bool | list[str]


class SqlRows(TypedDict):
    """Rows that a query gives."""

    sql: str


Rows = Sequence[Mapping[str, Any]] | str | SqlRows
"""Rows as dicts, as CSV text, or as a query."""


class UnitRun(TypedDict, total=False):
    """One run of a unit test: what it finds, and what it must do."""

    given: Mapping[str, Rows]
    vars: Mapping[str, Any]
    now: str | datetime
    full_refresh: bool
    expect: Rows
    expect_error: str
    mode: Literal["full", "incremental"]
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    watermark: str | int | date


class UnitTest(UnitRun, total=False):
    """One item of the variable `unit_tests`, beside a model or in `tests/unit`."""

    name: str
    model: str
    description: str
    types: Mapping[str, Mapping[str, str]]
    table_before: Rows
    watermark_before: str | int | date
    runs: Sequence[UnitRun]
