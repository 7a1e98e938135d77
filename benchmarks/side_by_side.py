"""Measures what it gains to run models at a time that do not read each other, on several cursors.

    python benchmarks/side_by_side.py --models 32 --rows 1,100000,2000000 --runs 5

Each model makes a table of a query over a table of its own. They are run by t4t, and as bare SQL,
which shows what is there to be gained: there each model is a transaction that also writes a row
into a table of all, as a ledger is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import trivial
import workload
from tables import Tables, progress, spread

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


def run_all(
    connection: duckdb.DuckDBPyConnection, models: int, cursors: int, runs: Iterator[int]
) -> None:
    """All models once, spread over cursors that work at the same time."""
    run = next(runs)

    def some(first: int) -> None:
        with connection.cursor() as cursor:
            for number in range(first, models, cursors):
                model(cursor, number, run)

    with ThreadPoolExecutor(cursors) as pool:
        list(pool.map(some, range(cursors)))


def measure_bare(tables: Tables, models: int, rows: int, runs: int, cursors: Sequence[int]) -> None:
    """A row of the table for each number of cursors, beside the first."""
    numbers = iter(range(1_000_000))
    with (
        tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as folder,
        duckdb.connect(str(Path(folder) / "side.duckdb")) as connection,
    ):
        connection.execute("CREATE SCHEMA bench")
        connection.execute(
            "CREATE TABLE bench.ledger (model INTEGER, run INTEGER, body VARCHAR, "
            "PRIMARY KEY (model, run))"
        )
        make_sources(connection, models, rows)
        in_turns(
            tables,
            f"bare SQL, {rows:,}",
            lambda count: run_all(connection, models, count, numbers),
            runs,
            cursors,
        )


def measure_t4t(tables: Tables, models: int, rows: int, runs: int, threads: Sequence[int]) -> None:
    """The same of t4t, with opening and closing the database, and without loading the project."""
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.run import run_nodes

    with tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as name:
        folder = Path(name)
        workload.write_settings(folder)
        (folder / "models" / "bench").mkdir(parents=True)
        for number in range(models):
            text = f"-- metadata: {json.dumps(trivial.METADATA['table'])}\n"
            text += SELECT.format(number=number)
            (folder / "models" / "bench" / f"out{number}.sql").write_text(text)
        project = load_project(folder)
        (folder / "data").mkdir()
        with duckdb.connect(str(project.settings.database)) as connection:
            connection.execute("CREATE SCHEMA bench")
            make_sources(connection, models, rows)

        def run(count: int) -> None:
            report = run_nodes(project, project.graph.select(), Request(), threads=count)
            if report.status != "success":
                raise SystemExit(next(model.error for model in report.models if model.error))

        in_turns(tables, f"t4t, {rows:,}", run, runs, threads)


def make_sources(connection: duckdb.DuckDBPyConnection, models: int, rows: int) -> None:
    """The table of each model."""
    for number in range(models):
        connection.execute(SOURCE.format(number=number, rows=rows))


def in_turns(
    tables: Tables,
    label: str,
    run: Callable[[int], None],
    runs: int,
    counts: Sequence[int],
) -> None:
    """Runs all models with each number at a time, in turns; the first turn is thrown away."""
    taken: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    for turn in range(runs + 1):
        for count in counts:
            found = workload.taken(lambda: run(count))  # noqa: B023  called at once
            if turn:
                taken[count].append(found)
    one = taken[counts[0]]
    for count, found in taken.items():
        ratios = [ours[0] / alone[0] for ours, alone in zip(found, one, strict=True)]
        seconds = statistics.median(clock for clock, _ in found)
        processors = statistics.median(processor for _, processor in found)
        shown = "" if count == counts[0] else spread(ratios)
        tables.add(f"| {label} | {count} | {seconds:.3f} | {processors:.3f} | {shown} |")


def main() -> None:
    """Measures each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=32)
    parser.add_argument("--rows", default="1,100000,2000000")
    parser.add_argument("--threads", default="1,2,4")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    tables = Tables()
    tables.add(
        f"{arguments.models} models:",
        "",
        "| by, rows of each | at a time | clock, s | processor, s | clock, beside one at a time |",
        "|---|---|---|---|---|",
    )
    for rows in map(int, arguments.rows.split(",")):
        progress(f"{rows:,} rows")
        counts = [int(count) for count in arguments.threads.split(",")]
        measure_bare(tables, arguments.models, rows, arguments.runs, counts)
        measure_t4t(tables, arguments.models, rows, arguments.runs, counts)


if __name__ == "__main__":
    main()
