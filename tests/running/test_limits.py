"""What DuckDB may use of the machine, and tables that are bigger than that."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.errors import ProjectError, UsageError
from t4t_core.project.load import load_project
from t4t_core.running.open_session import open_session

# About 40 MB of values that hardly shrink, at first.
ROWS = 500_000
MEMORY = "20MB"


def _source(first: int, time: str) -> str:
    """A statement's query of rows by their number, which tell when they were made."""
    return (
        f"SELECT i AS id, md5(i::VARCHAR) || md5((i + {first})::VARCHAR) AS v, "
        f"TIMESTAMP '{time}' + to_milliseconds(i) AS c FROM range({first}, {first + ROWS}) AS r(i)"
    )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "p")
    lab.settings(
        **{
            "limits.memory_limit": MEMORY,
            "limits.threads": 1,  # each needs memory of its own
            "limits.temp_directory": "data/spilled",
        }
    )
    return lab


IN_MEMORY_OF_1_4 = pytest.mark.skipif(
    duckdb.__version__.startswith("1."),
    reason="DuckDB 1.4 groups the rows, or numbers those of each key, in memory",
)


@pytest.mark.parametrize(
    "strategy",
    [
        "append",
        pytest.param("append with a lookback", marks=IN_MEMORY_OF_1_4),
        pytest.param("merge", marks=IN_MEMORY_OF_1_4),
        "delete_insert",
    ],
)
def test_a_table_bigger_than_memory_is_loaded_and_changed(lab: Lab, strategy: str) -> None:
    """A full load and a run that changes every second row complete in a third of the table."""
    settings: dict[str, object] = {"start_date": "auto"}
    if "lookback" in strategy:
        # All rows that the table has are read and compared again.
        strategy, settings = "append", {"lookback": "30 days"}
    if strategy == "delete_insert":
        settings = {"start_date": "2024-01-02", "where_condition": "c >= @start_date"}
    lab.sql("CREATE TABLE main.src AS " + _source(0, "2024-01-01"))
    lab.model("SELECT id, v, c FROM main.src", incremental(strategy, **settings))

    first = lab.run()
    lab.sql("INSERT INTO main.src " + _source(ROWS // 2, "2024-01-02"))
    later = lab.run()

    assert (first.mode, first.row_count) == ("full", ROWS)
    rows = ROWS * 3 // 2 if strategy == "merge" else ROWS * 2
    assert (later.mode, later.row_count) == ("incremental", rows)
    latest = lab.sql("SELECT count(DISTINCT id), max(c) = (SELECT max(c) FROM main.src) FROM m.t")
    assert latest == [(ROWS * 3 // 2, True)]


def test_a_run_that_finds_no_room_publishes_nothing(lab: Lab) -> None:
    """Where neither memory nor disk is enough, the table and its watermark stay as they were."""
    lab.sql("CREATE TABLE main.src AS " + _source(0, "2024-01-01"))
    lab.model("SELECT id, v, c FROM main.src", incremental("merge", start_date="auto"))
    lab.settings()
    lab.run()
    before = lab.sql("SELECT count(*), max(c) FROM m.t")
    lab.sql("INSERT INTO main.src " + _source(ROWS // 2, "2024-01-02"))
    lab.settings(**{"limits.memory_limit": MEMORY, "limits.max_temp_directory_size": "0MB"})

    failed = lab.failure()

    assert "Out of Memory" in str(failed.error)
    assert "[connection.limits]" in str(failed.error)
    assert lab.sql("SELECT count(*), max(c) FROM m.t") == before
    lab.settings()
    assert lab.run().row_count == ROWS * 3 // 2


def test_limits_hold_in_a_run_and_are_those_of_the_environment(tmp_path: Path) -> None:
    """DuckDB has what project.toml says, with paths of the project; an environment stands above."""
    lab = Lab(tmp_path / "p")
    lab.settings(
        **{
            "limits.threads": 1,
            "limits.memory_limit": "300MiB",
            "limits.temp_directory": "data/spilled",
            "limits.preserve_insertion_order": False,
        }
    )
    with (lab.folder / "project.toml").open("a") as file:
        file.write("[env.big.connection.limits]\nmemory_limit = '600MiB'\n")
    shown = (
        "SELECT current_setting('threads'), current_setting('memory_limit'), "
        "current_setting('temp_directory'), current_setting('preserve_insertion_order')"
    )

    held = []
    for env in ("", "big"):
        with open_session(load_project(lab.folder, env=env)) as session:
            held.append(session.warehouse.rows(shown)[0])

    spilled = str(lab.folder / "data" / "spilled")
    assert held == [(1, "300.0 MiB", spilled, False), (1, "600.0 MiB", spilled, False)]


def test_limits_can_be_set_again_beside_a_connection_that_has_spilled(lab: Lab) -> None:
    """A second connection of the process may come while the first one's folder is in use."""
    with open_session(lab.project()) as session:
        session.warehouse.execute(f"CREATE TEMP TABLE big AS {_source(0, '2024-01-01')}")
        assert session.warehouse.rows("SELECT count(*) FROM duckdb_temporary_files()")[0][0]

        with open_session(lab.project()) as beside:
            memory = beside.warehouse.rows("SELECT current_setting('memory_limit')")[0][0]

    assert memory == "19.0 MiB"


@pytest.mark.parametrize(
    ("limits", "error", "words"),
    [
        ({"limits.memory": "1GB"}, ProjectError, "memory_limit"),
        ({"limits.threads": "two"}, ProjectError, "threads"),
        ({"limits.memory_limit": "much"}, UsageError, "[connection.limits] memory_limit"),
        ({"limits.memory_limit": "1GB'; DROP TABLE x; --"}, UsageError, "memory_limit"),
    ],
    ids=["unknown name", "wrong type", "not DuckDB's", "a quote"],
)
def test_a_limit_that_is_none_is_an_error(
    lab: Lab, limits: dict[str, object], error: type[Exception], words: str
) -> None:
    """It is told of before anything runs, with its name."""
    lab.settings(**limits)

    with pytest.raises(error) as raised, open_session(lab.project()):
        pass

    assert words in str(raised.value)
