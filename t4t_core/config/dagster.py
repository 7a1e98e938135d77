"""What a model's metadata says under `dagster`.

The words are Dagster's own, so that its documentation explains them; what they mean to Dagster is
for `t4t_dagster` to say.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from t4t_core.config.partitions import PartitionsConfig


class AutomationConfig(Struct, frozen=True, kw_only=True):
    """When Dagster materializes the model by itself."""

    name: Literal[
        "eager", "on_cron", "on_missing", "t4t_eager", "t4t_on_code_change", "t4t_on_cron"
    ]
    cron: str | None
    timezone: str


class FreshnessConfig(Struct, frozen=True, kw_only=True):
    """How old the last materialization may be: a window, or a deadline with the span before it."""

    fail_window: timedelta | None
    warn_window: timedelta | None
    deadline_cron: str | None
    lower_bound_delta: timedelta | None
    timezone: str


class RetryConfig(Struct, frozen=True, kw_only=True):
    """How often a failed step is tried again; `delay` is in seconds."""

    max_retries: int
    delay: float | None
    backoff: Literal["linear", "exponential"] | None
    jitter: Literal["full", "plus_minus"] | None


class DagsterConfig(Struct, frozen=True, kw_only=True):
    """How a model looks and behaves in Dagster.

    `owners`, `description` and `kinds` stand in for what the model has without them; `tags` and
    `metadata` are added. Several automation conditions mean any of them.
    """

    asset_key: tuple[str, ...] | None
    group_name: str | None
    description: str | None
    owners: tuple[str, ...] | None
    kinds: tuple[str, ...] | None
    tags: dict[str, str]
    metadata: dict[str, Any]
    automation_condition: tuple[AutomationConfig, ...]
    freshness_policy: FreshnessConfig | None
    partitions: PartitionsConfig | None
    pool: str | None
    retry_policy: RetryConfig | None
    op_tags: dict[str, str]
