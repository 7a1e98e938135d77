"""Partitioned models: each run brings the rows of its partitions in line, and no others."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster_shop import metadata, read, without_models, write

from t4t_core.errors import ProjectError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.project import Project, load_project
from t4t_core.running.run import run_nodes
from t4t_core.seeds.seed import Seed
from t4t_dagster import T4tTranslator, build_t4t_definitions, t4t_assets

DAILY = {"type": "daily", "start_date": "2024-01-01", "end_date": "2024-02-01"}
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose source `raw.seen` has a row for each of ten days and two tenants."""
    return without_models(
        tmp_path,
        "CREATE SCHEMA raw; CREATE TABLE raw.seen AS "
        "SELECT i AS id, TIMESTAMP '2024-01-01 08:00' + INTERVAL (i // 2) DAY AS c, "
        "CASE i % 2 WHEN 0 THEN 'o''ne' ELSE '2024-01-01' END AS tenant FROM range(20) t(i)",
    )


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def run(folder: Path, instance: dg.DagsterInstance) -> Run:
    """Materializes assets of the project, and others besides, for partitions."""

    def materialize(
        *keys: str,
        tags: Mapping[str, str] | None = None,
        partition: str | None = None,
        also: tuple[Any, ...] = (),
        config: Mapping[str, Any] | None = None,
        fails: bool = False,
    ) -> dg.ExecuteInProcessResult:
        assets = dg.AssetSelection.assets(*(key.split("/") for key in keys))
        job = dg.define_asset_job("some", selection=assets)
        definitions = dg.Definitions.merge(
            build_t4t_definitions(folder), dg.Definitions(assets=list(also), jobs=[job])
        )
        return definitions.resolve_job_def("some").execute_in_process(
            instance=instance,
            run_config={"resources": {"t4t_io_manager": {"config": dict(config or {})}}},
            partition_key=partition,
            tags=dict(tags or {}),
            raise_on_error=not fails,
        )

    return materialize


def model(
    folder: Path,
    partitions: Mapping[str, Any] | None,
    query: str = "SELECT id, c, tenant FROM raw.seen",
    strategy: str = "delete_insert",
    tests: list[Any] | None = None,
    **own: Any,
) -> None:
    written: dict[str, Any] = {
        "materialization": "incremental",
        "incremental": {"strategy": strategy, strategy: {"time_column": "c"} | own},
    }
    if tests is not None:
        written["tests"] = tests
    if partitions is not None:
        written["dagster"] = {"partitions": dict(partitions)}
    text = f"-- metadata: {json.dumps(written)}\n{query}\n"
    (folder / "models" / "mart" / "seen.sql").write_text(text)


def range_of(start: str, end: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


def ids(folder: Path, where: str = "true") -> list[int]:
    return [row[0] for row in read(folder, f"SELECT id FROM mart.seen WHERE {where} ORDER BY id")]


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.user_failure_data
    assert error is not None
    return str(error.description)


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_a_partition_is_a_window(folder: Path, run: Run, strategy: str) -> None:
    """Partitions in any order, and again, take their own rows; the watermark stays."""
    own = {"unique_key": "id"} if strategy == "merge" else {}
    model(folder, DAILY, strategy=strategy, **own)

    later = metadata(run("mart/seen", partition="2024-01-05"), "seen")
    write(folder, "UPDATE raw.seen SET tenant = 'x' WHERE id >= 10")
    earlier = metadata(run("mart/seen", partition="2024-01-03"), "seen")
    run("mart/seen", partition="2024-01-03")

    assert ids(folder) == [4, 5, 8, 9]
    assert ids(folder, "tenant = 'x'") == []
    assert later["t4t/window_start"] == "2024-01-05T00:00:00"
    assert later["t4t/window_end"] == "2024-01-06T00:00:00"
    assert later["t4t/mode"] == "full"
    assert earlier["t4t/mode"] == "incremental"
    assert earlier["t4t/reason"].startswith("the window 2024-01-03")
    assert earlier["t4t/last_processed_value"] == "2024-01-05T08:00:00"
    assert "dagster/column_lineage" in earlier


def test_only_changed_leaves_out_no_partition(folder: Path, run: Run) -> None:
    """Each partition that is asked for is run, and is told why once."""
    model(folder, DAILY)
    only_changed = {"only_changed": True}

    first = metadata(run("mart/seen", partition="2024-01-05", config=only_changed), "seen")
    run("mart/seen", partition="2024-01-03", config=only_changed)

    assert ids(folder) == [4, 5, 8, 9]
    window = "the window 2024-01-05T00:00:00+00:00 .. 2024-01-06T00:00:00+00:00 was asked for"
    assert first["t4t/reason"] == f"this is the first run; {window}"


def test_a_range_is_one_window(folder: Path, run: Run, instance: dg.DagsterInstance) -> None:
    """A run of a range is one transaction, and each of its partitions is materialized."""
    model(folder, DAILY, "SELECT id, c, @end_date - @start_date AS span FROM raw.seen")

    result = run("mart/seen", tags=range_of("2024-01-03", "2024-01-06"))

    assert ids(folder) == [4, 5, 6, 7, 8, 9, 10, 11]
    assert read(folder, "SELECT DISTINCT span::VARCHAR FROM mart.seen") == [("4 days",)]
    assert read(folder, "SELECT count(*) FROM _t4t.commits") == [(1,)]
    assert result.success
    key = dg.AssetKey(["mart", "seen"])
    assert instance.get_materialized_partitions(key) == {f"2024-01-0{day}" for day in range(3, 7)}


def test_a_plain_run_goes_on_as_before(folder: Path, run: Run) -> None:
    """`t4t run` knows of no partitions: it reads from the watermark on."""
    model(folder, DAILY, strategy="append")
    run("mart/seen", partition="2024-01-09")

    project = load_project(folder, {})
    (report,) = run_nodes(project, project.graph.select(), Request()).models

    assert (report.mode, ids(folder)) == ("incremental", [16, 17, 18, 19])


@pytest.mark.parametrize(
    ("key", "hours"),
    [("2024-03-31", 23), ("2024-10-27", 25), ("2024-07-01", 24)],
    ids=["spring", "autumn", "summer"],
)
def test_days_are_those_of_the_zone(folder: Path, run: Run, key: str, hours: int) -> None:
    """A column with a zone is cut at the zone's midnights; the day has 23 or 25 hours there."""
    write(
        folder,
        "CREATE TABLE raw.hours AS SELECT i AS id, "
        "TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i) HOUR AS c FROM range(9000) t(i)",
    )
    query = "SELECT id, c FROM raw.hours WHERE c >= @start_date AND c < @end_date"
    zone = {"type": "daily", "start_date": "2024-01-01", "timezone": "Europe/Berlin"}
    model(folder, zone, query)

    run("mart/seen", partition=key)

    found = read(
        folder,
        "SELECT count(*), min(timezone('Europe/Berlin', c))::VARCHAR, "
        "max(timezone('Europe/Berlin', c))::VARCHAR FROM mart.seen",
    )
    assert found == [(hours, f"{key} 00:00:00", f"{key} 23:00:00")]


def test_a_column_without_a_zone_has_the_wall_time(folder: Path, run: Run) -> None:
    """A local column is cut at its own midnights, whatever the zone; both hours of autumn come."""
    write(
        folder,
        "CREATE TABLE raw.hours AS SELECT i AS id, "
        "TIMESTAMP '2024-10-26 20:00' + INTERVAL (i) HOUR AS c FROM range(40) t(i)",
    )
    zone = {"start_date": "2024-01-01", "timezone": "Europe/Berlin"}
    model(folder, zone | {"type": "daily"}, "SELECT id, c FROM raw.hours")
    run("mart/seen", partition="2024-10-27")
    assert ids(folder) == list(range(4, 28))

    model(folder, zone | {"type": "hourly"}, "SELECT id, c FROM raw.hours WHERE true")
    run("mart/seen", partition="2024-10-27-04:00", config={"full_refresh": True})
    write(folder, "DELETE FROM mart.seen; UPDATE raw.hours SET c = '2024-10-27 02:30' WHERE id < 3")
    run("mart/seen", tags=range_of("2024-10-27-01:00", "2024-10-27-03:00"))

    assert ids(folder) == [0, 1, 2, 5, 6, 7]


def test_months_weeks_and_cron(folder: Path, run: Run) -> None:
    """A month is the calendar's; a week and a schedule begin when they say."""
    start = {"start_date": "2023-11-01"}
    model(folder, start | {"type": "monthly"})
    assert metadata(run("mart/seen", partition="2024-02-01"), "seen")["t4t/window_end"] == (
        "2024-03-01T00:00:00"
    )
    model(folder, start | {"type": "cron", "cron": "0 6 * * *"})
    run("mart/seen", partition="2024-01-04-06:00")
    assert ids(folder) == [6, 7]
    model(folder, start | {"type": "weekly"})
    run("mart/seen", partition="2024-01-07")
    assert ids(folder) == [6, 7, *range(12, 20)]


def test_a_static_partition_is_replaced_by_its_value(folder: Path, run: Run) -> None:
    """Exactly the rows of the tenant go and come, whatever their time; others stay."""
    partitions = {"type": "static", "column": "TENANT", "values": ["o'ne", "2024-01-01", "none"]}
    model(folder, partitions)
    first = metadata(run("mart/seen", partition="o'ne"), "seen")
    assert ids(folder) == list(range(0, 20, 2))
    run("mart/seen", partition="2024-01-01")
    write(folder, "DELETE FROM raw.seen WHERE id < 4")

    second = metadata(run("mart/seen", partition="2024-01-01"), "seen")

    assert ids(folder) == [0, 2, *range(4, 20)]
    assert (second["t4t/rows_deleted"], second["t4t/rows_inserted"]) == (10, 8)
    assert "t4t/last_processed_value" not in first
    run("mart/seen", tags=range_of("o'ne", "2024-01-01"))
    assert ids(folder) == list(range(4, 20))


def test_values_keep_their_type(folder: Path, run: Run) -> None:
    """A number in the metadata is a number to the column."""
    write(folder, "ALTER TABLE raw.seen ADD COLUMN n INTEGER; UPDATE raw.seen SET n = id // 10")
    query = "SELECT id, c, n FROM raw.seen"
    model(folder, {"type": "static", "column": "n", "values": [0, 1]}, query)

    run("mart/seen", partition="1")

    assert ids(folder) == list(range(10, 20))
    assert "IN (1)" in read_sql(run("mart/seen", partition="1"))


def read_sql(result: dg.ExecuteInProcessResult) -> str:
    return str(metadata(result, "seen")["t4t/sql"])


def test_assets_without_partitions_stand_above_and_below(folder: Path, run: Run) -> None:
    """A partition is read from a whole table, and a whole table is made of all partitions."""
    (folder / "models" / "mart" / "base.sql").write_text("SELECT id, c, tenant FROM raw.seen\n")
    model(folder, DAILY, "SELECT id, c, tenant FROM mart.base")
    (folder / "models" / "mart" / "total.sql").write_text("SELECT count(*) AS n FROM mart.seen\n")
    (folder / "models" / "mart" / "half.sql").write_text(
        (folder / "models" / "mart" / "seen.sql").read_text().replace("mart.base", "mart.seen")
    )

    run("mart/base")
    run("mart/seen", "mart/half", partition="2024-01-02")
    run("mart/seen", "mart/half", tags=range_of("2024-01-05", "2024-01-06"))
    run("mart/total")

    assert read(folder, "SELECT n FROM mart.total") == [(6,)]
    assert read(folder, "SELECT count(*) FROM mart.half") == [(6,)]


def test_inputs_are_of_their_partitions(folder: Path, run: Run) -> None:
    """A partitioned asset gets its partition's rows; one without partitions gets the table."""
    model(folder, DAILY)
    seen: dict[str, list[int]] = {}
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")

    @dg.asset(ins={"rows": dg.AssetIn(key=["mart", "seen"])}, partitions_def=days)
    def daily(rows: pd.DataFrame) -> None:
        seen["daily"] = sorted(rows["id"])

    @dg.asset(ins={"rows": dg.AssetIn(key=["mart", "seen"])})
    def whole(rows: pd.DataFrame) -> None:
        seen["whole"] = sorted(rows["id"])

    also = (daily, whole)
    run("mart/seen", tags=range_of("2024-01-03", "2024-01-05"), also=also)
    run("daily", partition="2024-01-04", also=also)
    run("whole", also=also)

    assert seen == {"daily": [6, 7], "whole": [4, 5, 6, 7, 8, 9]}


def test_rows_of_an_asset_are_those_of_its_partitions(folder: Path, run: Run) -> None:
    """An asset's rows replace its partition; a table of one partition's rows is refused."""
    incremental = {
        "materialization": "incremental",
        "incremental": {"strategy": "delete_insert", "delete_insert": {"time_column": "c"}},
    }
    days = dg.DailyPartitionsDefinition("2024-01-01")

    def made(name: str, written: dict[str, Any]) -> dg.AssetsDefinition:
        @dg.asset(
            key=["mart", name],
            io_manager_key="t4t_io_manager",
            metadata={"t4t/model": written},
            partitions_def=days,
        )
        def rows(context: dg.AssetExecutionContext) -> pd.DataFrame:
            start = context.partition_time_window.start.replace(tzinfo=None)
            return pd.DataFrame({"id": [start.day], "c": [pd.Timestamp(start)]})

        return rows

    also = (made("seen", incremental), made("plain", {}))
    for day in ("2024-01-05", "2024-01-03", "2024-01-05"):
        run("mart/seen", partition=day, also=also)
    refused = run("mart/plain", partition="2024-01-03", also=also, fails=True)

    assert ids(folder) == [3, 5]
    assert "without the others" in failure(refused)


def test_a_full_refresh_is_of_the_whole_table(folder: Path, run: Run) -> None:
    """Where a full load is due a partition is refused, and full_refresh makes good the table."""
    model(folder, DAILY)
    run("mart/seen", partition="2024-01-05")
    model(folder, DAILY, "SELECT id, c, upper(tenant) AS tenant FROM raw.seen")

    refused = run("mart/seen", partition="2024-01-05", fails=True)
    before = ids(folder)
    run("mart/seen", partition="2024-01-05", config={"full_refresh": True})

    assert "needs a full load (the query changed)" in failure(refused)
    assert "full_refresh in the config of t4t_io_manager" in failure(refused)
    assert (before, ids(folder)) == ([8, 9], list(range(20)))


@pytest.mark.parametrize(
    ("partitions", "words"),
    [
        ({"type": "yearly"}, "'yearly'"),
        ({"type": "daily"}, "needs 'start_date'"),
        (DAILY | {"colum": "c"}, "did you mean 'column'"),
        (DAILY | {"column": "c"}, "takes no 'column'"),
        (DAILY | {"timezone": "Mars"}, "no time zone 'Mars'"),
        (DAILY | {"end_date": "2023-01-01"}, "not after 'start_date'"),
        ({"type": "cron", "start_date": "2024-01-01"}, "needs 'cron'"),
        ({"type": "cron", "start_date": "2024-01-01", "cron": "x"}, "Dagster does not take it"),
        ({"type": "static", "column": "tenant"}, "need 'column' and 'values'"),
        ({"type": "static", "column": "c", "values": [1, "1"]}, "names a value twice"),
    ],
)
def test_wrong_partitions_are_refused(folder: Path, partitions: dict[str, Any], words: str) -> None:
    """The error names the file and what is wrong, when the project is loaded or its assets made."""
    model(folder, partitions)

    with pytest.raises(ProjectError) as caught:
        build_t4t_definitions(folder)

    assert words in str(caught.value)
    assert "seen.sql" in str(caught.value)


def test_a_data_test_of_a_partition_stops_it(folder: Path, run: Run) -> None:
    """A partitioned model has its checks too; a partition that fails one is not published."""
    model(folder, DAILY, tests=[{"name": "expression", "params": {"expression": "id < 10"}}])

    assert run("mart/seen", partition="2024-01-05").success
    assert not run("mart/seen", partition="2024-01-06", fails=True).success

    assert ids(folder) == [8, 9]


def test_partitions_of_a_translator_have_to_say_which_rows(folder: Path) -> None:
    """Windows of time from a translator do; values without a column are refused."""

    class Mine(T4tTranslator):
        def __init__(self, partitions: dg.PartitionsDefinition[Any]) -> None:
            self.partitions = partitions

        def get_asset_spec(self, node: Model | Seed, project: Project) -> dg.AssetSpec:
            spec = super().get_asset_spec(node, project)
            return spec.replace_attributes(partitions_def=self.partitions)

    model(folder, None)
    daily = Mine(dg.DailyPartitionsDefinition("2024-01-01"))
    (asset,) = t4t_assets(load_project(folder, {}), translator=daily)
    assert asset.partitions_def == daily.partitions

    with pytest.raises(ProjectError, match="say nothing about the rows"):
        t4t_assets(load_project(folder, {}), translator=Mine(dg.StaticPartitionsDefinition(["a"])))
    model(folder, {"type": "static", "column": "tenant", "values": ["a"]})
    for other in (
        dg.StaticPartitionsDefinition(["a", "b"]),
        dg.DynamicPartitionsDefinition(name="d"),
    ):
        with pytest.raises(ProjectError, match="say nothing about the rows"):
            t4t_assets(load_project(folder, {}), translator=Mine(other))


def test_a_table_in_partitions_of_any_sort_is_read_whole(
    folder: Path, instance: dg.DagsterInstance
) -> None:
    """Nothing says which of its rows belong to one of them."""
    (folder / "models" / "mart" / "seen.sql").write_text(
        '-- metadata: {"materialization": "table"}\nSELECT id FROM raw.seen'
    )
    days = dg.DynamicPartitionsDefinition(name="days")
    instance.add_dynamic_partitions("days", ["one", "two"])

    class Mine(T4tTranslator):
        def get_asset_spec(self, node: Model | Seed, project: Project) -> dg.AssetSpec:
            return super().get_asset_spec(node, project).replace_attributes(partitions_def=days)

    @dg.asset(ins={"seen": dg.AssetIn(key=["mart", "seen"])}, partitions_def=days)
    def reader(seen: pd.DataFrame) -> int:
        return len(seen)

    made = build_t4t_definitions(folder, translator=Mine())
    both = dg.Definitions.merge(made, dg.Definitions(assets=[reader]))
    result = both.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, partition_key="one"
    )

    assert result.output_for_node("reader") == 20


@pytest.mark.parametrize("strategy", ["append", "merge"])
def test_a_static_partition_needs_delete_insert(folder: Path, strategy: str) -> None:
    """Other strategies cannot replace the rows of a value."""
    own = {"unique_key": "id"} if strategy == "merge" else {}
    model(folder, {"type": "static", "column": "tenant", "values": ["a"]}, strategy=strategy, **own)

    with pytest.raises(ProjectError, match="need the strategy 'delete_insert'"):
        load_project(folder, {})


def test_a_table_has_no_partitions_of_time(folder: Path) -> None:
    """It is made anew by each run, so no partition is a part of it."""
    written = json.dumps({"materialization": "table", "dagster": {"partitions": DAILY}})
    (folder / "models" / "mart" / "seen.sql").write_text(f"-- metadata: {written}\nSELECT 1 AS a\n")

    with pytest.raises(ProjectError, match="need a model with a time column"):
        load_project(folder, {})
