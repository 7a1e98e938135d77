"""What it gains to run models at a time that do not read each other, on several cursors.

Each model makes a table of a query over a table of its own. They are run by t4t, and as bare SQL,
which shows what is there to be gained: there each model is a transaction that also writes a row
into a table of all, as a ledger is.
"""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import trivial
import workload
from tables import Tables, progress, spread

MODELS = 32
ROWS = (1, 100_000, 1_000_000)
AT_A_TIME = (1, 2, 4)
SELECT = "SELECT k, count(*) AS n, sum(v) AS v, max(t) AS t FROM bench.src{number} GROUP BY k"
QUERY = f"CREATE OR REPLACE TABLE bench.out{{number}} AS {SELECT}"
SOURCE = (
    "CREATE TABLE bench.src{number} AS SELECT i % 1000 AS k, (i * 7919) % 10007 / 7.0 AS v, "
    "'name ' || i % 5003 AS t FROM range({rows}) AS r(i)"
)


def model(connection: duckdb.DuckDBPyConnection, number: int, run: int) -> None:
    """One model's transaction."""
    connection.execute("BEGIN TRANSACTION")
    connection.execute(QUERY.format(number=number)).fetchall()
    connection.execute("INSERT INTO bench.ledger VALUES (?, ?, ?)", (number, run, "x" * 600))
    connection.execute("COMMIT")


def run_all(connection: duckdb.DuckDBPyConnection, cursors: int, runs: Iterator[int]) -> None:
    """All models once, spread over cursors that work at the same time."""
    run = next(runs)

    def some(first: int) -> None:
        with connection.cursor() as cursor:
            for number in range(first, MODELS, cursors):
                model(cursor, number, run)

    with ThreadPoolExecutor(cursors) as pool:
        list(pool.map(some, range(cursors)))


def measure_bare(tables: Tables, folder: Path, rows: int, runs: int) -> None:
    """A row of the table for each number of models at a time."""
    numbers = iter(range(1_000_000))
    with duckdb.connect(str(folder / "side.duckdb")) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(
            "CREATE TABLE bench.ledger (model INTEGER, run INTEGER, body VARCHAR, "
            "PRIMARY KEY (model, run))"
        )
        make_sources(connection, rows)
        in_turns(
            tables,
            f"bare SQL, {rows:,}",
            lambda count: run_all(connection, count, numbers),
            runs,
        )


def measure_t4t(tables: Tables, folder: Path, rows: int, runs: int) -> None:
    """The same of t4t, with opening and closing the database, and without loading the project."""
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.run import run_nodes

    workload.write_settings(folder)
    (folder / "models" / "bench").mkdir(parents=True)
    (folder / "data").mkdir()
    for number in range(MODELS):
        text = f"-- metadata: {json.dumps(trivial.METADATA['table'])}\n"
        text += SELECT.format(number=number)
        (folder / "models" / "bench" / f"out{number}.sql").write_text(text)
    project = load_project(folder)
    with duckdb.connect(str(project.settings.database)) as connection:
        connection.execute("CREATE SCHEMA bench")
        make_sources(connection, rows)

    def run(count: int) -> None:
        report = run_nodes(project, project.graph.select(), Request(), threads=count)
        if report.status != "success":
            raise SystemExit(next(model.error for model in report.models if model.error))

    in_turns(tables, f"t4t, {rows:,}", run, runs)


def make_sources(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    """The table of each model."""
    for number in range(MODELS):
        connection.execute(SOURCE.format(number=number, rows=rows))


def in_turns(tables: Tables, label: str, run: Callable[[int], None], runs: int) -> None:
    """Runs all models with each number at a time, in turns; the first turn is thrown away."""
    taken: dict[int, list[tuple[float, float]]] = {count: [] for count in AT_A_TIME}
    for turn in range(runs + 1):
        for count in AT_A_TIME:
            found = workload.taken(lambda: run(count))  # noqa: B023  called at once
            if turn:
                taken[count].append(found)
    one = taken[AT_A_TIME[0]]
    for count, found in taken.items():
        ratios = [ours[0] / alone[0] for ours, alone in zip(found, one, strict=True)]
        seconds = statistics.median(clock for clock, _ in found)
        processors = statistics.median(processor for _, processor in found)
        shown = "" if count == AT_A_TIME[0] else spread(ratios)
        tables.add(f"| {label} | {count} | {seconds:.3f} | {processors:.3f} | {shown} |")


def measure(tables: Tables, folder: Path, runs: int) -> None:
    """Bare SQL and t4t, with each number of models at a time."""
    tables.add(
        "",
        "### Side by side",
        "",
        f"{MODELS} models that do not read each other, run so many at a time.",
        "",
        "| by, rows of each | at a time | clock, s | processor, s | clock, beside one at a time |",
        "|---|---|---|---|---|",
    )
    for rows in ROWS:
        progress(f"side by side, {rows:,} rows")
        for measure_one in (measure_bare, measure_t4t):
            place = folder / f"{measure_one.__name__}_{rows}"
            place.mkdir()
            measure_one(tables, place, rows, runs)
            shutil.rmtree(place)
