"""One code location for both projects."""

from pathlib import Path

import dagster as dg
from dagster_duckdb import DuckDBResource

from example_project.feed import flights_feed
from example_project.names import FLIGHTS_IO_MANAGER
from example_project.plot import delay_plot
from example_project.sensors import active_rows_report, report_job, watermark_sensor
from t4t_core.project import load_project
from t4t_dagster import T4tIOManager, build_t4t_definitions, t4t_asset_checks, t4t_assets

FOLDER = Path(__file__).parent

flights_project = load_project(FOLDER / "flights")
database = flights_project.settings.database

defs = dg.Definitions.merge(
    # A project on its own needs no more than this.
    build_t4t_definitions(FOLDER / "t_project"),
    # A second one beside it takes the pieces, and another key for its IO manager.
    dg.Definitions(
        assets=[
            flights_feed(database),
            *t4t_assets(flights_project, io_manager_key=FLIGHTS_IO_MANAGER),
            delay_plot(database.parent),
            active_rows_report,
        ],
        asset_checks=t4t_asset_checks(flights_project, io_manager_key=FLIGHTS_IO_MANAGER),
        jobs=[report_job],
        sensors=[watermark_sensor],
        resources={
            FLIGHTS_IO_MANAGER: T4tIOManager.of(flights_project),
            # By its bare path DuckDB 2.0.0 reads the file before it locks it.
            "flights_database": DuckDBResource(
                database=f"duckdb:{database}",
                connection_config={"temp_directory": f"{database}.tmp"},
            ),
        },
    ),
)
