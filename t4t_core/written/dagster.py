"""What users write in a model's metadata under `dagster`.

The words are Dagster's own, so that its documentation explains them; what they mean to Dagster is
for `t4t_dagster` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import convert
from pydantic import BeforeValidator, Field, model_validator

from t4t_core.config.dagster import RetryConfig
from t4t_core.values import Lookback
from t4t_core.written.base import OfPython, Written
from t4t_core.written.partitions import WrittenPartitions
from t4t_core.written.time_zone import TimeZone


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | Mapping) else value


def _as_path(value: object) -> object:
    return value.split("/") if isinstance(value, str) else value


def _as_named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _span(value: object) -> object:
    """`2 days` as a span of time; months have no fixed length and are refused."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a span of time is a text such as '2 days', not {value!r}")  # noqa: TRY004  pydantic collects ValueErrors
    read = Lookback.parse(value)
    if read.months or read.number or not read.micros:
        raise ValueError(f"{value!r} is not a span in days, hours or minutes, such as '2 days'")
    return timedelta(microseconds=read.micros)


Span = Annotated[timedelta, BeforeValidator(_span), OfPython]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class WrittenAutomation(Written):
    """When Dagster materializes the model by itself; a name alone stands for `{"name": ...}`."""

    name: Literal[
        "eager", "on_cron", "on_missing", "t4t_eager", "t4t_on_code_change", "t4t_on_cron"
    ]
    cron: str | None = None
    timezone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _need_cron(self) -> WrittenAutomation:
        if self.name.endswith("on_cron") and self.cron is None:
            raise ValueError(
                f"{self.name!r} needs 'cron': "
                f'{{"name": "{self.name}", "cron": "0 6 * * *", "timezone": "UTC"}}'
            )
        if self.cron is not None and not self.name.endswith("on_cron"):
            raise ValueError(f"{self.name!r} takes no 'cron'")
        return self


class WrittenFreshness(Written):
    """How old the last materialization may be.

    A window, `fail_window` and perhaps `warn_window`; or a deadline, `deadline_cron` with the span
    `lower_bound_delta` before it within which the model has to be materialized.
    """

    fail_window: Span | None = None
    warn_window: Span | None = None
    deadline_cron: str | None = None
    lower_bound_delta: Span | None = None
    timezone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _need_one_kind(self) -> WrittenFreshness:
        is_window = self.fail_window is not None
        is_deadline = self.deadline_cron is not None and self.lower_bound_delta is not None
        is_mixed = is_window and (self.deadline_cron or self.lower_bound_delta)
        if is_mixed or not (is_window or is_deadline):
            raise ValueError(
                "a freshness policy has either 'fail_window' (and 'warn_window'), "
                "or 'deadline_cron' and 'lower_bound_delta'"
            )
        if self.warn_window is not None and not is_window:
            raise ValueError("'warn_window' goes with 'fail_window'")
        return self


class WrittenRetry(Written):
    """How often a failed step is tried again; `delay` is in seconds."""

    max_retries: int = Field(1, ge=1)
    delay: float | None = Field(None, ge=0)
    backoff: Literal["linear", "exponential"] | None = None
    jitter: Literal["full", "plus_minus"] | None = None


def retry_config(written: WrittenRetry) -> RetryConfig:
    """What it says."""
    return convert(written, RetryConfig, from_attributes=True)


class WrittenDagster(Written):
    """How a model looks and behaves in Dagster.

    `owners`, `description` and `kinds` stand in for what the model has without them; `tags` and
    `metadata` are added. Several automation conditions mean any of them.
    """

    asset_key: Annotated[tuple[str, ...], BeforeValidator(_as_path)] | None = None
    group_name: str | None = None
    description: str | None = None
    owners: Texts | None = None
    kinds: Texts | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    automation_condition: Annotated[
        tuple[Annotated[WrittenAutomation, BeforeValidator(_as_named)], ...],
        BeforeValidator(_as_list),
    ] = ()
    freshness_policy: WrittenFreshness | None = None
    partitions: WrittenPartitions | None = None
    pool: str | None = None
    retry_policy: WrittenRetry | None = None
    op_tags: dict[str, str] = Field(default_factory=dict)
