"""A sensor that fires when the watermark of a model moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from t4t_dagster.assets import IO_MANAGER_KEY

WATERMARK = "t4t/last_processed_value"


def build_t4t_asset_sensor(
    asset_key: dg.AssetKey | str | Sequence[str],
    *,
    target: Any,
    name: str | None = None,
    variable: str | None = None,
    io_manager_key: str = IO_MANAGER_KEY,
    minimum_interval_seconds: int | None = None,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
) -> dg.SensorDefinition:
    """A sensor that runs something when a model has read further than the last time.

    It looks at `t4t/last_processed_value` of the latest materialization; one that read nothing new
    starts nothing. Each run has the watermark as its tag `t4t/last_processed_value`.

    Args:
        asset_key: The model's asset, `mart/orders` or a list.
        target: The assets or the job to run: an asset selection, an asset, a job.
        name: The sensor's name; made from the key by default.
        variable: Hand the watermark on to t4t models as this variable.
        io_manager_key: The resource that runs these models.
        minimum_interval_seconds: Between two ticks.
        default_status: Whether it runs without being switched on.
    """
    key = _key(asset_key)
    shown = key.to_user_string()

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        event = _last(context.instance, key)
        if event is None:
            return dg.SkipReason(f"{shown} was not materialized yet")
        run_id, watermark = event
        if watermark is None:
            return dg.SkipReason(f"the last materialization of {shown} has no {WATERMARK}")
        if watermark == context.cursor:
            return dg.SkipReason(f"{shown} is at {watermark}, as the last time")
        given = {"vars": {variable: watermark}} if variable is not None else None
        request = dg.RunRequest(
            run_key=f"{shown}:{watermark}:{run_id}",
            run_config={"resources": {io_manager_key: {"config": given}}} if given else None,
            tags={WATERMARK: watermark},
        )
        return dg.SensorResult(run_requests=[request], cursor=watermark)

    return dg.SensorDefinition(
        name=name or f"{key.to_python_identifier()}_watermark_sensor",
        evaluation_fn=evaluate,
        target=target,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description=f"Fires when {shown} has read further.",
    )


def _key(written: dg.AssetKey | str | Sequence[str]) -> dg.AssetKey:
    if isinstance(written, dg.AssetKey):
        return written
    if isinstance(written, str):
        return dg.AssetKey.from_user_string(written)
    return dg.AssetKey(list(written))


def _last(instance: dg.DagsterInstance, key: dg.AssetKey) -> tuple[str, str | None] | None:
    """The run and the watermark of the latest materialization."""
    event = instance.get_latest_materialization_event(key)
    if event is None or event.asset_materialization is None:
        return None
    found = event.asset_materialization.metadata.get(WATERMARK)
    return event.run_id, None if found is None else str(found.value)
