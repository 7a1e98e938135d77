"""Types for the metadata that stands beside a model.

`from tee.typing import ModelMetadata` in a project's files means these.
"""

from __future__ import annotations

from t4t_core.typing.in_dagster import (
    AutomationCondition,
    AutomationConditionName,
    DagsterMetadata,
    FreshnessPolicy,
    Partitions,
    RetryPolicy,
)
from t4t_core.typing.incremental import (
    AppendConfig,
    DeleteInsertConfig,
    FullIncrementalRefresh,
    IncrementalConfig,
    MergeConfig,
    OnSchemaChange,
    RefreshParameter,
    Strategy,
    TimeWindow,
)
from t4t_core.typing.nodes import (
    CheckMetadata,
    ColumnMetadata,
    FunctionMetadata,
    FunctionParameter,
    Materialization,
    ModelMetadata,
    Scd2Config,
    SeedMetadata,
)
from t4t_core.typing.unit_tests import (
    Rows,
    SqlRows,
    UnitRun,
    UnitTest,
)

__all__ = [
    "AppendConfig",
    "AutomationCondition",
    "AutomationConditionName",
    "CheckMetadata",
    "ColumnMetadata",
    "DagsterMetadata",
    "DeleteInsertConfig",
    "FreshnessPolicy",
    "FullIncrementalRefresh",
    "FunctionMetadata",
    "FunctionParameter",
    "IncrementalConfig",
    "Materialization",
    "MergeConfig",
    "ModelMetadata",
    "OnSchemaChange",
    "Partitions",
    "RefreshParameter",
    "RetryPolicy",
    "Rows",
    "Scd2Config",
    "SeedMetadata",
    "SqlRows",
    "Strategy",
    "TimeWindow",
    "UnitRun",
    "UnitTest",
]
