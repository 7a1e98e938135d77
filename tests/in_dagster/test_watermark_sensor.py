"""A sensor that fires when the watermark of a model moves."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster_shop import Materialize, read, write

from t4t_dagster import build_t4t_asset_sensor, build_t4t_definitions

ORDERS = dg.AssetKey(["mart", "orders"])


@pytest.mark.parametrize(
    "key", ["mart/orders", ["mart", "orders"], ORDERS], ids=["text", "list", "key"]
)
def test_it_fires_once_for_each_watermark(
    materialize: Materialize, shop: Path, instance: dg.DagsterInstance, key: object
) -> None:
    """A run that read nothing new starts nothing; the request carries the watermark."""
    sensor = build_t4t_asset_sensor(key, target=dg.AssetSelection.assets(["mart", "customers"]))
    cursor: str | None = None

    def tick() -> list[str | None]:
        nonlocal cursor
        result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
        if isinstance(result, dg.SkipReason):
            return []
        cursor = result.cursor
        return [request.tags["t4t/last_processed_value"] for request in result.run_requests]

    before = tick()
    materialize("mart/orders")
    first, again = tick(), tick()
    materialize("mart/orders")
    after_nothing = tick()
    write(shop, "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')")
    materialize("mart/orders")
    after_change = tick()

    assert (before, again, after_nothing) == ([], [], [])
    assert (first, after_change) == (["2024-01-01T12:00:00"], ["2024-01-02T00:00:00"])


def test_the_watermark_is_handed_on_as_a_variable(
    materialize: Materialize, shop: Path, instance: dg.DagsterInstance
) -> None:
    """A model downstream reads it in its SQL."""
    (shop / "models/mart/late.sql").write_text(
        "SELECT id FROM mart.orders WHERE updated_at >= CAST(@upto AS TIMESTAMP)"
    )
    sensor = build_t4t_asset_sensor(
        ORDERS, target=dg.AssetSelection.assets(["mart", "late"]), variable="upto"
    )
    materialize("mart/orders")
    (request,) = sensor(dg.build_sensor_context(instance=instance)).run_requests

    job = dg.define_asset_job("late_job", dg.AssetSelection.assets(["mart", "late"]))
    definitions = dg.Definitions.merge(build_t4t_definitions(shop), dg.Definitions(jobs=[job]))
    run = definitions.resolve_job_def("late_job").execute_in_process(
        instance=instance, run_config=request.run_config
    )

    assert run.success
    assert read(shop, "SELECT id FROM mart.late") == [(3,)]


def test_a_materialization_without_watermark_is_skipped(
    materialize: Materialize, instance: dg.DagsterInstance
) -> None:
    """A table has none."""
    materialize("mart/orders", "mart/customers")
    sensor = build_t4t_asset_sensor("mart/customers", target=dg.AssetSelection.all())

    result = sensor(dg.build_sensor_context(instance=instance))

    assert isinstance(result, dg.SkipReason)
    assert "no t4t/last_processed_value" in str(result.skip_message)
