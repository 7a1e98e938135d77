"""Types for the metadata of models, seeds and functions."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from t4t_core.typing.in_dagster import DagsterMetadata
from t4t_core.typing.incremental import FullIncrementalRefresh, IncrementalConfig

Materialization = Literal["view", "table", "incremental", "scd2", "ephemeral"]


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
    hard_deletes: Literal["ignore", "invalidate", "new_record"]
    is_deleted: str
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
