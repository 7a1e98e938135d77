"""The feed: at each run the next days of flights and weather land in the schema `raw`.

It stands for whatever brings data in, and knows nothing of t4t. Of the messages about flights and
of the states of planes, five in a hundred come one or two days late; for as many flights a second
message corrects the arrival a day or two later. Which ones is fixed by a hash of their keys.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import Field

from example_project.nycflights import data_folder, flights_csv

FIRST_DAY = date(2013, 1, 1)
TABLES = ("flights", "plane_states", "weather")

_DRAW = "CAST(md5_number(concat_ws('|', {})) % 100 AS INTEGER)"

# Each view gives all rows of the year as the feed sends them, with the day on which they arrive.
_SENT = {
    "flights": f"""
        WITH flown AS (
            SELECT
                *,
                make_date(year, month, day) AS flight_date,
                {_DRAW.format("carrier, flight, year, month, day, sched_dep_time")} AS draw
            FROM read_csv($flights, nullstr = 'NA')
        )
        SELECT
            * EXCLUDE (flight_date, draw),
            time_hour AS updated_at,
            flight_date + (CASE WHEN draw < 5 THEN 1 + draw % 2 ELSE 0 END) AS arrived_on
        FROM flown
        UNION ALL
        SELECT
            * EXCLUDE (flight_date, draw) REPLACE (arr_delay + 1 + draw % 10 AS arr_delay),
            time_hour + to_hours(24 + 24 * (draw % 2)) AS updated_at,
            flight_date + 1 + draw % 2 AS arrived_on
        FROM flown
        WHERE draw >= 95 AND arr_delay IS NOT NULL
    """,
    "plane_states": f"""
        WITH seen AS (
            SELECT
                tailnum,
                make_date(year, month, day) AS flight_date,
                max(time_hour) AS seen_at,
                last(origin ORDER BY time_hour, sched_dep_time, flight) AS origin,
                last(dest ORDER BY time_hour, sched_dep_time, flight) AS dest,
                {_DRAW.format("tailnum, flight_date")} AS draw
            FROM read_csv($flights, nullstr = 'NA')
            WHERE tailnum IS NOT NULL
            GROUP BY tailnum, flight_date
        )
        SELECT
            seen.* EXCLUDE (flight_date, draw),
            manufacturer,
            model,
            seats,
            year AS built,
            flight_date + (CASE WHEN draw < 5 THEN 1 + draw % 2 ELSE 0 END) AS arrived_on
        FROM seen
        LEFT JOIN read_csv($planes, nullstr = 'NA') AS planes USING (tailnum)
    """,
    "weather": """
        SELECT *, make_date(year, month, day) AS arrived_on
        FROM read_csv($weather, nullstr = 'NA')
    """,
}


class FeedConfig(dg.Config):
    """What a run lands."""

    days: int = Field(default=14, ge=1, description="How many days of 2013 land in this run.")


def flights_feed(database: Path) -> dg.AssetsDefinition:
    """The asset that lands the next days of flights, planes and weather.

    Args:
        database: The DuckDB file; the flights are unzipped into a folder beside it.
    """

    @dg.multi_asset(
        name="flights_feed",
        specs=[
            dg.AssetSpec(
                ["raw", name],
                description=description,
                kinds={"duckdb", "python"},
                metadata={"dagster/table_name": f"{database.stem}.raw.{name}"},
            )
            for name, description in {
                "flights": "Messages about flights, as they came: some late, some corrections.",
                "plane_states": "Where each plane was seen last on each day; some come late.",
                "weather": "The hourly weather of New York's airports.",
            }.items()
        ],
        group_name="raw",
    )
    def run(
        context: dg.AssetExecutionContext, config: FeedConfig, flights_database: DuckDBResource
    ) -> Iterator[dg.MaterializeResult]:
        database.parent.mkdir(parents=True, exist_ok=True)
        files = {
            "flights": str(flights_csv(database.parent / "cache")),
            "planes": str(data_folder() / "planes.csv"),
            "weather": str(data_folder() / "weather.csv"),
        }
        with flights_database.get_connection() as connection:
            landed = land(connection, files, config.days)
            for name in TABLES:
                yield _result(connection, name, landed[name])
        context.log.info("landed %s", landed)

    return run


def land(connection: duckdb.DuckDBPyConnection, files: dict[str, str], days: int) -> dict[str, int]:
    """Lands the next days in one transaction; gives the number of rows for each table.

    The position is the last day on which a flight arrived, read from the table itself.

    Args:
        connection: To the database.
        files: The CSV files `flights`, `planes` and `weather`.
        days: How many.
    """
    # Not in the transaction: DuckDB 2.0.0 does not show more than 122,880 rows that are inserted
    # into an empty table which the same transaction made, until the file is opened anew.
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    for name in TABLES:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS raw.{name} AS SELECT * FROM ({_SENT[name]}) LIMIT 0",
            _used(name, files),
        )
    connection.execute("BEGIN")
    try:
        first = _position(connection) + timedelta(days=1)
        bounds = {"first": first, "last": first + timedelta(days=days - 1)}
        landed = {}
        for name in TABLES:
            written = connection.execute(
                f"INSERT INTO raw.{name} SELECT * FROM ({_SENT[name]}) "
                "WHERE arrived_on BETWEEN $first AND $last ORDER BY ALL",
                {**_used(name, files), **bounds},
            ).fetchone()
            landed[name] = int(written[0]) if written is not None else 0
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return landed


def _used(name: str, files: dict[str, str]) -> dict[str, str]:
    return {key: file for key, file in files.items() if f"${key}" in _SENT[name]}


def _position(connection: duckdb.DuckDBPyConnection) -> date:
    row = connection.execute("SELECT max(arrived_on) FROM raw.flights").fetchone()
    landed_until: date | None = row[0] if row is not None else None
    return landed_until or FIRST_DAY - timedelta(days=1)


def _result(connection: duckdb.DuckDBPyConnection, name: str, landed: int) -> dg.MaterializeResult:
    row = connection.execute(f"SELECT count(*), max(arrived_on) FROM raw.{name}").fetchone()
    assert row is not None, "an aggregate gives a row"
    return dg.MaterializeResult(
        asset_key=["raw", name],
        metadata={
            "rows_landed": landed,
            "landed_until": str(row[1]),
            "dagster/row_count": row[0],
        },
        # The same when nothing landed, so that automation downstream stays still.
        data_version=dg.DataVersion(f"{row[1]}-{row[0]}"),
    )
