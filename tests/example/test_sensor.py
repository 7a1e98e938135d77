"""The sensor that reads the watermark from a materialization."""

from __future__ import annotations

import importlib
from types import ModuleType

import dagster as dg

KEY = dg.AssetKey(["my_schema", "incremental_example"])


def ticks(example: ModuleType, instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult:
    sensor = example.defs.resolve_sensor_def("watermark_sensor")
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, definitions=example.defs, sensor_name="watermark_sensor"
    )
    return sensor.evaluate_tick(context)


def materialize_model(example: ModuleType, instance: dg.DagsterInstance) -> None:
    job = example.defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(["main", "source_table"]), KEY]
    )


def test_a_materialization_starts_the_job_with_its_watermark(example: ModuleType) -> None:
    """The run request carries the watermark as key, as config and as tag."""
    with dg.DagsterInstance.ephemeral() as instance:
        materialize_model(example, instance)

        tick = ticks(example, instance, None)

    (request,) = tick.run_requests
    assert request.run_key == request.tags["watermark"] == "2024-01-15T10:30:00"
    assert request.run_config["ops"]["active_rows_report"]["config"] == {
        "watermark": "2024-01-15T10:30:00"
    }


def test_the_same_watermark_has_the_same_run_key(example: ModuleType) -> None:
    """A run with nothing new asks for the same run, which Dagster starts only once."""
    with dg.DagsterInstance.ephemeral() as instance:
        materialize_model(example, instance)
        first = ticks(example, instance, None)
        materialize_model(example, instance)

        second = ticks(example, instance, first.cursor)

    assert [r.run_key for r in second.run_requests] == [r.run_key for r in first.run_requests]


def test_a_materialization_without_watermark_is_skipped(example: ModuleType) -> None:
    """Somebody else's materialization of the asset starts nothing."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY))

        tick = ticks(example, instance, None)

    assert not tick.run_requests
    assert "t4t/last_processed_value" in str(tick.skip_message)


def test_the_job_makes_the_report(example: ModuleType) -> None:
    """The job that the sensor starts reads the model as a DataFrame."""
    sensors = importlib.import_module("example_project.sensors")
    with dg.DagsterInstance.ephemeral() as instance:
        materialize_model(example, instance)
        config = dg.RunConfig(
            ops={"active_rows_report": sensors.ReportConfig(watermark="2024-01-15T10:30:00")}
        )

        done = example.defs.resolve_job_def("report_job").execute_in_process(
            instance=instance, run_config=config
        )

    (event,) = done.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["active_rows"].value == 256
    assert metadata["watermark"].value == "2024-01-15T10:30:00"
