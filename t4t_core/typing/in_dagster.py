"""Types for what stands under `dagster` in metadata."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, TypedDict

AutomationConditionName = Literal[
    "eager", "on_cron", "on_missing", "t4t_eager", "t4t_on_code_change", "t4t_on_cron"
]


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
