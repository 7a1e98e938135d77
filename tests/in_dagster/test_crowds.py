"""Many processes at once on one project take turns, and no row is lost or comes twice."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster_shop import read, write
from long_part import IS_LONG, TIMES, played

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.project.load import load_project
from t4t_core.running.run import run_nodes
from t4t_core.running.session import Session
from t4t_dagster import build_t4t_definitions, build_t4t_source_sensor

ROUNDS = 4 * TIMES if IS_LONG else 1
COMMANDS, DAGSTER_RUNS, HOLDERS = (6, 2, 4) if IS_LONG else (2, 0, 2)

TOML = """
[connection]
path = "data/shop.duckdb"
schema = "mart"
lock_timeout_s = 120
"""
KEYED = '"unique_key": "id", "time_column": "c", "lookback": "1 day"'
TIMED = '"time_column": "c", "lookback": "1 day"'
METADATA = {
    "added": f'"incremental", "incremental": {{"strategy": "append", "append": {{{TIMED}}}}}',
    "merged": f'"incremental", "incremental": {{"strategy": "merge", "merge": {{{KEYED}}}}}',
    "window": '"incremental", "incremental": {"strategy": "delete_insert", '
    f'"delete_insert": {{{TIMED}}}}}',
    "versions": '"scd2", "scd2": {"strategy": "timestamp", "unique_key": "id", '
    '"updated_at": "c", "lookback": "1 day"}',
}
DEFINITIONS = """
import warnings
warnings.simplefilter("ignore")
from t4t_dagster import build_t4t_definitions
defs = build_t4t_definitions({folder!r})
"""
# Somebody else's program: takes the file when it is free, adds rows, and keeps it a while.
HOLDER = """
import duckdb, sys, time
file, number, seconds = sys.argv[1:]
while True:
    try:
        connection = duckdb.connect(file)
        break
    except duckdb.IOException:
        time.sleep(0.02)
connection.execute(
    "INSERT INTO raw.events SELECT (i + $n) % 7, TIMESTAMP '2024-01-01' + "
    "INTERVAL ($n // 3 + i % 5) HOUR, 'v' || ($n * i) % 4 FROM range(20) AS t(i)",
    {"n": int(number)},
)
print("held", flush=True)
time.sleep(float(seconds))
"""


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A project with a model of every strategy, none of which has run."""
    folder = tmp_path / "shop"
    models = folder / "models" / "mart"
    models.mkdir(parents=True)
    (folder / "project.toml").write_text(TOML)
    for name, metadata in METADATA.items():
        text = f'-- metadata: {{"materialization": {metadata}}}\nSELECT id, c, v FROM raw.events\n'
        (models / f"{name}.sql").write_text(text)
    (models / "totals.sql").write_text("SELECT v, count(*) AS n FROM mart.added GROUP BY v\n")
    (tmp_path / "definitions.py").write_text(DEFINITIONS.format(folder=str(folder)))
    write(
        folder,
        "CREATE SCHEMA raw; CREATE TABLE raw.events (id INTEGER, c TIMESTAMP, v VARCHAR); "
        "INSERT INTO raw.events VALUES (1, '2024-01-01', 'a'), (1, '2024-01-01', 'a')",
    )
    return folder


@dataclass(frozen=True)
class Running:
    """A process, and the file that takes what it says: a pipe that nobody reads would stop it."""

    process: subprocess.Popen[bytes]
    said: Path

    def has_ended(self) -> bool:
        """Whether it has, after a moment of waiting for that."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.3)
        return self.process.returncode is not None


def started(said: Path, *command: str | Path) -> Running:
    kept = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    with said.open("wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**kept, "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONWARNINGS": "ignore"},
        )
    return Running(process, said)


def refreshed(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What each table would be after a full refresh, made in memory."""
    project = load_project(folder)
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{folder}/data/shop.duckdb' AS there (READ_ONLY)")
    connection.execute("ATTACH ':memory:' AS shop; COPY FROM DATABASE there TO shop; USE shop")
    with connection:
        session = Session(project, Warehouse.borrowed(connection))
        for node in project.graph.select():
            assert session.run(node, Request(full_refresh=True)).status == "success"
        return {
            str(node): sorted(connection.execute(f"FROM {node}").fetchall(), key=repr)
            for node in project.graph.select()
        }


@pytest.mark.long
def test_a_crowd_takes_turns(crowded: Path, tmp_path: Path) -> None:
    """Commands, Dagster runs, sensors and strangers that write: all finish.

    In the long part some of Dagster's runs have a process for each step, several at once, with no
    limit and without DAGSTER_HOME.
    """
    job = build_t4t_definitions(crowded).resolve_implicit_global_asset_job_def()
    sensor = build_t4t_source_sensor(crowded)
    programs = Path(sys.executable).parent
    database = crowded / "data" / "shop.duckdb"
    dagster = (programs / "dagster", "asset", "materialize", "--select", "*")
    ticks: list[str] = []

    for number in range(ROUNDS):
        commands: list[tuple[str | Path, ...]] = [
            (sys.executable, "-c", HOLDER, database, str(10 * number + n), str(0.5 + n))
            for n in range(HOLDERS)
        ]
        commands += [(*dagster, "-f", tmp_path / "definitions.py")] * DAGSTER_RUNS
        commands += [(sys.executable, "-m", "t4t_core.cli", "run", crowded)] * COMMANDS
        crowd = [started(tmp_path / f"said-{n}", *command) for n, command in enumerate(commands)]
        assert job.execute_in_process().success
        for one in crowd:
            while not one.has_ended():
                with dg.build_sensor_context() as context:
                    tick = sensor(context)
                is_skipped = isinstance(tick, dg.SkipReason)
                ticks.append(str(tick.skip_message) if is_skipped else "looked")
            assert one.process.returncode == 0, one.said.read_text()
        played["processes at once"] += len(crowd) + 1
    project = load_project(crowded)
    last = run_nodes(project, project.graph.select(), Request())

    assert last.status == "success"
    expected = refreshed(crowded)
    found = {name: sorted(read(crowded, f"FROM {name}"), key=repr) for name in expected}
    assert found == expected
    assert all(tick == "looked" or "is locked by" in tick for tick in ticks)
    tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name NOT IN ('_t4t', 'raw')"
    assert {name for (name,) in read(crowded, tables)} == {*METADATA, "totals"}
    versions = read(crowded, "SELECT model_name, max(version) FROM _t4t.commits GROUP BY 1")
    assert sorted(read_state(crowded)) == sorted(versions)


def read_state(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "data" / "tee_state.db"), read_only=True) as state:
        return state.execute("SELECT model_name, version FROM tee_model_state").fetchall()
