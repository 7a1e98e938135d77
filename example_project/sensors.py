"""What happens when the watermark of `incremental_example` moves: a job makes a report."""

import dagster as dg
import pandas as pd

from example_project.names import INCREMENTAL_EXAMPLE

WATERMARK = "t4t/last_processed_value"


class ReportConfig(dg.Config):
    """What the sensor tells the job."""

    watermark: str | None = None


@dg.asset(
    group_name="reports",
    kinds={"python"},
    description="How many rows are active, by the day they were made.",
    ins={
        "incremental_example": dg.AssetIn(
            key=INCREMENTAL_EXAMPLE, input_manager_key="t4t_io_manager"
        )
    },
)
def active_rows_report(
    config: ReportConfig, incremental_example: pd.DataFrame
) -> dg.MaterializeResult:
    """The report; any asset can take a model as a DataFrame."""
    by_day = incremental_example.groupby(incremental_example["created_at"].dt.date).size()
    lines = [f"| {day} | {count} |" for day, count in by_day.items()]
    return dg.MaterializeResult(
        metadata={
            "active_rows": len(incremental_example),
            "watermark": config.watermark or "not started by the sensor",
            "by_day": dg.MetadataValue.md("\n".join(["| day | rows |", "| --- | --- |", *lines])),
        }
    )


report_job = dg.define_asset_job("report_job", selection=[active_rows_report])


@dg.asset_sensor(
    asset_key=INCREMENTAL_EXAMPLE,
    job=report_job,
    description="Starts report_job each time the watermark has moved.",
)
def watermark_sensor(
    context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry
) -> dg.RunRequest | dg.SkipReason:
    """A run for each new watermark; its key keeps Dagster from starting a second one."""
    materialization = asset_event.asset_materialization
    found = materialization.metadata.get(WATERMARK) if materialization is not None else None
    if found is None:
        return dg.SkipReason(f"the materialization has no {WATERMARK}")
    watermark = str(found.value)
    context.log.info("the watermark is %s", watermark)
    return dg.RunRequest(
        run_key=watermark,
        run_config=dg.RunConfig(ops={"active_rows_report": ReportConfig(watermark=watermark)}),
        tags={"watermark": watermark},
    )
