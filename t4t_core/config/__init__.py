"""What `project.toml` and metadata say, once they have been checked.

What few projects or commands read (functions, seeds) is imported from its own module.
"""

from t4t_core.config.checks import CheckConfig, Severity, SqlTestConfig
from t4t_core.config.dagster import (
    AutomationConfig,
    DagsterConfig,
    FreshnessConfig,
    RetryConfig,
)
from t4t_core.config.history import (
    CheckHistoryConfig,
    HistoryConfig,
    TimestampHistoryConfig,
)
from t4t_core.config.model import ColumnConfig, ModelConfig
from t4t_core.config.nearest import nearest
from t4t_core.config.partitions import PartitionsConfig
from t4t_core.config.project import ConnectionConfig, FlagsConfig, ProjectConfig, StateConfig
from t4t_core.config.refresh import FullIncrementalRefresh, RefreshParameter
from t4t_core.config.strategies import (
    AppendConfig,
    DeleteInsertConfig,
    IncrementalConfig,
    MergeConfig,
    OnSchemaChange,
    StrategyConfig,
    Window,
)

__all__ = [
    "AppendConfig",
    "AutomationConfig",
    "CheckConfig",
    "CheckHistoryConfig",
    "ColumnConfig",
    "ConnectionConfig",
    "DagsterConfig",
    "DeleteInsertConfig",
    "FlagsConfig",
    "FreshnessConfig",
    "FullIncrementalRefresh",
    "HistoryConfig",
    "IncrementalConfig",
    "MergeConfig",
    "ModelConfig",
    "OnSchemaChange",
    "PartitionsConfig",
    "ProjectConfig",
    "RefreshParameter",
    "RetryConfig",
    "Severity",
    "SqlTestConfig",
    "StateConfig",
    "StrategyConfig",
    "TimestampHistoryConfig",
    "Window",
    "nearest",
]
