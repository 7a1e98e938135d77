"""Measures whether models that do not read each other should run at once, on several cursors.

    python benchmarks/side_by_side.py --models 32 --rows 1,100000,2000000 --runs 5

It runs bare SQL, so it shows what is there to be gained, in one process and one database file: each
model is a transaction that makes a table of a query over a table of its own and writes a row into a
table of all, as a ledger is.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import workload
from tables import Tables, progress, spread

QUERY = (
    "CREATE OR REPLACE TABLE bench.out{number} AS "
    "SELECT k, count(*) AS n, sum(v) AS v, max(t) AS t FROM bench.src{number} GROUP BY k"
)
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


def measure(tables: Tables, models: int, rows: int, runs: int, cursors: Sequence[int]) -> None:
    """A row of the table for each number of cursors, beside one cursor."""
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
        for number in range(models):
            connection.execute(SOURCE.format(number=number, rows=rows))
        taken: dict[int, list[tuple[float, float]]] = {count: [] for count in cursors}
        for turn in range(runs + 1):
            for count in cursors:
                found = workload.taken(lambda: run_all(connection, models, count, numbers))  # noqa: B023  called at once
                if turn:
                    taken[count].append(found)
    one = taken[cursors[0]]
    for count, found in taken.items():
        ratios = [ours[0] / alone[0] for ours, alone in zip(found, one, strict=True)]
        seconds = statistics.median(clock for clock, _ in found)
        processors = statistics.median(processor for _, processor in found)
        shown = "" if count == cursors[0] else spread(ratios)
        tables.add(f"| {rows:,} | {count} | {seconds:.3f} | {processors:.3f} | {shown} |")


def main() -> None:
    """Measures each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=32)
    parser.add_argument("--rows", default="1,100000,2000000")
    parser.add_argument("--cursors", default="1,2,4")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    tables = Tables()
    tables.add(
        f"{arguments.models} models:",
        "",
        "| rows of each | cursors | clock, s | processor, s | clock, beside one cursor |",
        "|---|---|---|---|---|",
    )
    for rows in map(int, arguments.rows.split(",")):
        progress(f"{rows:,} rows")
        cursors = [int(count) for count in arguments.cursors.split(",")]
        measure(tables, arguments.models, rows, arguments.runs, cursors)


if __name__ == "__main__":
    main()
