"""What a model's metadata says under `dagster`, in Dagster's terms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import dagster as dg
from dagster_shared.check import CheckError

from t4t_core.config import AutomationConfig, DagsterConfig, FreshnessConfig, RetryConfig
from t4t_core.errors import UsageError
from t4t_core.models import Model
from t4t_core.seeds.seed import Seed
from t4t_dagster.automation import Condition, t4t_eager, t4t_on_code_change, t4t_on_cron

NOT_TAKEN = (dg.DagsterInvalidDefinitionError, CheckError)
"""What Dagster raises for an attribute that it does not take."""


def not_taken(error: Exception, node: Model | Seed) -> UsageError:
    """The same as an error of the model's file."""
    return UsageError(
        f"Dagster does not take it: {str(error).split('Description: ')[-1]}",
        place=node.config_place,
        model=str(node),
    )


def config_of(node: Model | Seed) -> DagsterConfig:
    """What was written."""
    return node.config.dagster


def automation_condition(written: Sequence[AutomationConfig]) -> Condition | None:
    """The condition, or None where nothing was written; several are joined by `or`.

    Raises:
        CheckError: Dagster does not take a cron schedule.
    """
    return reduce(or_, map(_condition, written)) if written else None


def _condition(written: AutomationConfig) -> Condition:
    cron = written.cron or ""
    match written.name:
        case "eager":
            return dg.AutomationCondition.eager()
        case "on_missing":
            return dg.AutomationCondition.on_missing()
        case "on_cron":
            return dg.AutomationCondition.on_cron(cron, written.timezone)
        case "t4t_eager":
            return t4t_eager()
        case "t4t_on_cron":
            return t4t_on_cron(cron, written.timezone)
        case "t4t_on_code_change":
            return t4t_on_code_change()


def freshness_policy(written: FreshnessConfig | None) -> dg.FreshnessPolicy | None:
    """The policy, or None where nothing was written.

    Raises:
        CheckError: Dagster does not take a window or a cron schedule.
    """
    if written is None:
        return None
    if written.fail_window is not None:
        return dg.FreshnessPolicy.time_window(written.fail_window, written.warn_window)
    assert written.deadline_cron is not None, "checked when the metadata was read"
    assert written.lower_bound_delta is not None, "checked when the metadata was read"
    return dg.FreshnessPolicy.cron(
        written.deadline_cron, written.lower_bound_delta, written.timezone
    )


def retry_policy(written: RetryConfig | None) -> dg.RetryPolicy | None:
    """The policy, or None where nothing was written."""
    if written is None:
        return None
    return dg.RetryPolicy(
        max_retries=written.max_retries,
        delay=written.delay,
        backoff=None if written.backoff is None else dg.Backoff[written.backoff.upper()],
        jitter=None if written.jitter is None else dg.Jitter[written.jitter.upper()],
    )
