"""Sensors that look at the tables which a project reads and does not make."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_duckdb import DuckDBResource
from dagster_shop import Materialize, write

from t4t_dagster import (
    build_t4t_definitions,
    build_t4t_source_observation_sensor,
    build_t4t_source_sensor,
    t4t_eager,
)

NEW_ORDER = "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')"


class Ticks:
    """Evaluates a sensor again and again, each time with the cursor it left."""

    def __init__(self, sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> None:
        self.sensor = sensor
        self.instance = instance
        self.cursor: str | None = None

    def __call__(self) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.sensor(context)
        if isinstance(result, dg.SkipReason):
            return dg.SensorResult(skip_reason=result)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def asked_for(self) -> set[str]:
        """The names of the assets in the one request of a tick."""
        requests = self().run_requests or []
        assert len(requests) < 2
        return {key.path[-1] for r in requests for key in r.asset_selection or ()}


@pytest.fixture
def ticks(shop: Path, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(build_t4t_source_sensor(shop), instance)


def test_the_first_tick_asks_for_what_was_never_made_or_is_behind(
    materialize: Materialize, shop: Path, ticks: Ticks, instance: dg.DagsterInstance
) -> None:
    """The watermark decides; what is up to date is left alone."""
    never_made = ticks.asked_for()
    materialize()
    up_to_date = Ticks(ticks.sensor, instance).asked_for()
    write(shop, NEW_ORDER)
    behind = Ticks(ticks.sensor, instance).asked_for()

    assert never_made == {"orders", "customers", "big"}
    assert up_to_date == set()
    assert behind == {"orders", "customers", "big"}


@pytest.mark.parametrize(
    "change",
    [
        NEW_ORDER,
        "UPDATE raw.orders SET updated_at = TIMESTAMP '2024-02-01' WHERE id = 1",
        "INSERT INTO raw.orders VALUES (5, 'late', 5, TIMESTAMP '2020-01-01')",
        "DELETE FROM raw.orders WHERE id = 2",
    ],
    ids=["a row", "a later time", "a late row", "a row less"],
)
def test_a_change_of_a_source_runs_what_reads_it_once(
    materialize: Materialize, shop: Path, ticks: Ticks, change: str
) -> None:
    """One run for all of them; nothing else of the project is touched."""
    write(shop, "CREATE TABLE raw.other AS SELECT 1 AS id")
    (shop / "models/mart/other.sql").write_text("SELECT id FROM raw.other")
    ticks.sensor = build_t4t_source_sensor(shop)
    materialize()
    ticks()

    quiet = ticks()
    write(shop, change)
    asked = ticks.asked_for()
    after = ticks()

    assert (
        "nothing new in raw.orders, raw.other"
        in (quiet.skip_reason or dg.SkipReason()).skip_message
    )
    assert asked == {"orders", "customers", "big"}
    assert after.run_requests == []


def test_the_same_state_of_the_sources_has_the_same_run_key(
    shop: Path, ticks: Ticks, instance: dg.DagsterInstance
) -> None:
    """A second sensor daemon, or a lost cursor, starts no second run."""
    first = ticks()
    again = Ticks(ticks.sensor, instance)()
    write(shop, NEW_ORDER)
    changed = ticks()

    keys = [result.run_requests[0].run_key for result in (first, again, changed)]
    assert keys[0] == keys[1] != keys[2]


def test_a_source_that_is_as_it_was_before_is_read_again(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """Dagster starts no second run of a run key, and a table may be emptied and filled again."""
    write(shop, "CREATE TABLE raw.kept AS FROM raw.orders")
    refilled = "INSERT INTO raw.orders FROM raw.kept"
    keys = []
    for change in ("TRUNCATE raw.orders", refilled, "TRUNCATE raw.orders", refilled):
        keys += [request.run_key for request in ticks().run_requests or ()]
        materialize()
        write(shop, change)

    assert len(set(keys)) == 4


def test_a_source_that_was_away_at_a_tick_has_something_new(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """Also where it is the only one."""
    materialize()
    write(shop, "ALTER TABLE raw.orders RENAME TO away")
    without = ticks.asked_for()
    write(shop, f"ALTER TABLE raw.away RENAME TO orders; {NEW_ORDER}")
    back = ticks.asked_for()

    assert without == set()
    assert back == {"orders", "customers", "big"}


@contextmanager
def held(file: Path) -> Iterator[int]:
    """The process that holds a database meanwhile."""
    code = f"import duckdb; c = duckdb.connect({str(file)!r}); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"

        yield holder.pid

        holder.communicate("\n")


@pytest.mark.parametrize("has_resource", [False, True], ids=["by itself", "by a resource"])
def test_a_locked_database_skips_the_tick_at_once(
    shop: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, has_resource: bool
) -> None:
    """The reason names the process that holds it."""

    def slept(_seconds: float) -> None:
        raise AssertionError("the tick waits")

    file = shop / "data/shop.duckdb"
    resource = DuckDBResource(database=str(file)) if has_resource else None
    sensor = build_t4t_source_sensor(shop, duckdb=resource)
    monkeypatch.setattr("time.sleep", slept)

    with held(file) as pid:
        result = Ticks(sensor, instance)()

    assert result.skip_reason is not None
    assert f"PID {pid}" in (result.skip_reason.skip_message or "")


def test_a_database_that_this_process_has_open_otherwise_skips_the_tick(
    shop: Path, instance: dg.DagsterInstance
) -> None:
    """The settings of a resource are those of no other connection here."""
    file = str(shop / "data/shop.duckdb")
    sensor = build_t4t_source_sensor(shop, duckdb=DuckDBResource(database=file))

    with duckdb.connect(file, config={"threads": 1}):
        result = Ticks(sensor, instance)()

    assert "open in this process with other settings" in str(result.skip_reason)


@pytest.mark.parametrize("has_resource", [False, True], ids=["by itself", "by a resource"])
def test_what_is_not_there_yet_skips_the_tick(
    shop: Path, instance: dg.DagsterInstance, has_resource: bool
) -> None:
    """Neither a missing database nor a missing source is an error."""
    resource = DuckDBResource(database=str(shop / "data/shop.duckdb")) if has_resource else None
    ticks = Ticks(build_t4t_source_sensor(shop, duckdb=resource), instance)
    write(shop, "DROP TABLE raw.orders")
    without_source = ticks()
    (shop / "data/shop.duckdb").unlink()
    without_database = ticks()

    assert "none of them is there" in str(without_source.skip_reason)
    assert "there is no database" in str(without_database.skip_reason)


def test_the_requested_run_brings_the_models_up_to_date(
    shop: Path, ticks: Ticks, instance: dg.DagsterInstance
) -> None:
    """A real run of the request; the next tick finds nothing to do."""
    definitions = build_t4t_definitions(shop)
    (request,) = ticks().run_requests

    run = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=list(request.asset_selection)
    )
    after = ticks()

    assert run.success
    assert after.run_requests == []


def test_a_partitioned_model_is_left_to_its_partitions(shop: Path, ticks: Ticks) -> None:
    """Neither it nor what reads it alone is asked for."""
    (shop / "models/mart/parts.sql").write_text(
        '-- metadata: {"materialization": "incremental", "incremental": {"strategy": "append", '
        '"append": {"time_column": "updated_at"}}, '
        '"dagster": {"partitions": {"type": "daily", "start_date": "2024-01-01"}}}\n'
        "SELECT id, updated_at FROM raw.orders"
    )
    (shop / "models/mart/reader.sql").write_text("SELECT id FROM parts")
    ticks.sensor = build_t4t_source_sensor(shop)

    assert ticks.asked_for() == {"orders", "customers", "big"}


def test_names_in_any_case_and_tables_of_ephemeral_models_are_looked_at(
    materialize: Materialize, shop: Path, instance: dg.DagsterInstance
) -> None:
    """A source behind an ephemeral model, with a reserved name and a zoned time column."""
    write(
        shop,
        'CREATE TABLE raw."Select" AS SELECT 1 AS "Id", '
        "TIMESTAMPTZ '2024-01-01 00:00:00+00' AS \"At\"",
    )
    (shop / "models/mart/clean.sql").write_text(
        '-- metadata: {"materialization": "ephemeral"}\nSELECT "Id", "At" AS seen FROM raw."Select"'
    )
    (shop / "models/mart/seen.sql").write_text(
        '-- metadata: {"materialization": "incremental", "incremental": {"strategy": "append", '
        '"append": {"time_column": "SEEN"}}}\nSELECT "Id", seen FROM clean'
    )
    sensor = build_t4t_source_sensor(shop, select=["seen"])
    materialize("mart/seen")
    quiet = Ticks(sensor, instance).asked_for()

    write(shop, """UPDATE raw."Select" SET "At" = TIMESTAMPTZ '2024-01-01 00:00:01+00'""")
    asked = Ticks(sensor, instance).asked_for()

    assert quiet == set()
    assert asked == {"seen"}


def test_observed_sources_wake_declarative_automation(
    materialize: Materialize, shop: Path, instance: dg.DagsterInstance
) -> None:
    """A change is reported once, as a new data version of the external asset."""
    (shop / "models/mart/from_source.sql").write_text(
        '-- metadata: {"dagster": {"automation_condition": "t4t_eager"}}\nSELECT id FROM raw.orders'
    )
    observe = Ticks(build_t4t_source_observation_sensor(shop), instance)
    cursor = None
    seen: list[int] = []
    for change in (None, None, NEW_ORDER, None):
        if change is not None:
            write(shop, change)
        for event in observe().asset_events:
            assert isinstance(event, dg.AssetMaterialization)
            instance.report_runless_asset_event(event)
        result = dg.evaluate_automation_conditions(
            defs=build_t4t_definitions(shop),
            instance=instance,
            asset_selection=dg.AssetSelection.all(),
            cursor=cursor,
        )
        cursor = result.cursor
        seen.append(result.total_requested)
        if result.total_requested:
            materialize("mart/from_source")

    source = instance.get_latest_materialization_event(dg.AssetKey(["raw", "orders"]))
    assert source is not None
    assert source.asset_materialization is not None
    assert source.asset_materialization.metadata["dagster/row_count"].value == 4
    assert seen[2:] == [1, 0]
    assert t4t_eager().get_label() == "t4t_eager"
