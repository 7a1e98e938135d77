"""Data that every tool works on, made and compared in the tool's own Python, so by its own DuckDB.

    python peer_data.py VERB DATABASE ...

Needs DuckDB alone. There are 100,000 rows to an hour, so that a run's delta is an hour, which is
what SQLMesh counts in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb

HOUR_ROWS = 100_000
COLUMNS = "id, name, status, amount, created_at, updated_at"
FIRST = datetime(2024, 1, 1)
TRIVIAL = "SELECT {number} AS id, TIMESTAMP '2024-01-01' AS c"


def hour(number: int) -> str:
    """The text of an hour's beginning; hour 0 is that of the first rows."""
    return str(FIRST + timedelta(hours=number))


def _rows(key: str, time: str, amount: str, of: str) -> str:
    at = f"TIMESTAMP '{FIRST}' + to_milliseconds({time} * 36)"
    return (
        f"SELECT {key} AS id, 'name ' || ({key} % 100003) AS name, "
        f"['active', 'new', 'closed'][1 + {key} % 3] AS status, {amount} AS amount, "
        f"{at} AS created_at, {at} AS updated_at FROM {of}"
    )


def source(file: str, hours: str) -> None:
    """Makes the source with so many hours of rows."""
    rows = _rows("i", "i", "(i % 10007) / 7.0", f"range({int(hours) * HOUR_ROWS}) AS r(i)")
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(f"CREATE TABLE bench.source AS {rows}")


def delta(file: str, case: str, hours: str, run: str) -> None:
    """What happens to the source before a run: an hour of rows more, or the last hour changed."""
    held, nth = int(hours), int(run)
    first = (held + nth) * HOUR_ROWS
    of = f"range({first}, {first + HOUR_ROWS}) AS r(i)"
    if case == "append":
        sql = f"INSERT INTO bench.source {_rows('i', 'i', '(i % 10007) / 7.0', of)}"
    elif case == "merge":
        # Half of the keys are known ones, each once; the other half are new.
        known = f"(i * 7919 + {nth}) % {held * HOUR_ROWS}"
        key = f"CASE WHEN i % 2 = 0 THEN {known} ELSE i END"
        rows = _rows("k", "i", "i / 7.0", f"(SELECT i, {key} AS k FROM {of})")
        sql = f"INSERT INTO bench.source {rows}"
    else:
        sql = (
            f"UPDATE bench.source SET amount = amount + {nth + 1} "
            f"WHERE updated_at >= TIMESTAMP '{hour(held - 1)}'"
        )
    with duckdb.connect(file) as connection:
        connection.execute(sql)
        connection.execute("CHECKPOINT")


def first(file: str, case: str) -> None:
    """Makes the table for the first time."""
    with duckdb.connect(file) as connection:
        rows = f"SELECT {COLUMNS} FROM bench.source"
        if case == "merge":
            rows += " QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"
        connection.execute(f"CREATE TABLE bench.target AS {rows}")


def later(file: str, case: str, hours: str) -> None:
    """Applies the delta, by the best statements that somebody writes who has no tool."""
    with duckdb.connect(file) as connection:
        time = "created_at" if case == "append" else "updated_at"
        if case == "delete_insert":
            where = f"WHERE {time} >= TIMESTAMP '{hour(int(hours) - 1)}'"
        else:
            held = connection.execute(f"SELECT max({time}) FROM bench.target").fetchall()[0][0]
            where = f"WHERE {time} > TIMESTAMP '{held}'"
        connection.execute("BEGIN TRANSACTION")
        rows = f"SELECT {COLUMNS} FROM bench.source {where}"
        if case == "merge":
            connection.execute(
                f"CREATE TEMP TABLE stage AS {rows} "
                "QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"
            )
            rows = f"SELECT {COLUMNS} FROM stage"
            connection.execute("DELETE FROM bench.target WHERE id IN (SELECT id FROM stage)")
        elif case == "delete_insert":
            connection.execute(f"DELETE FROM bench.target {where}")
        connection.execute(f"INSERT INTO bench.target {rows}")
        connection.execute("COMMIT")


def trivial(file: str, count: str) -> None:
    """Makes so many tables of one row, each committed on its own."""
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
        for number in range(int(count)):
            sql = TRIVIAL.format(number=number)
            connection.execute(f"CREATE OR REPLACE TABLE bench.m{number} AS {sql}")


def content(file: str, schema: str) -> None:
    """Prints the number of rows of the table, and sums over them that tell tables apart."""
    with duckdb.connect(file, read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT id), sum(id), sum(id * round(amount * 7)::BIGINT), "
            "sum(epoch_ms(created_at)::HUGEINT), sum(id * epoch_ms(updated_at)::HUGEINT), "
            f"sum(length(name)), count(*) FILTER (WHERE status = 'new') FROM {schema}.target"
        ).fetchall()
    print(*found[0])


def trivial_content(file: str, schema: str, count: str) -> None:
    """Prints the sum of the tables' values."""
    with duckdb.connect(file, read_only=True) as connection:
        tables = (f"SELECT id, c FROM {schema}.m{number}" for number in range(int(count)))
        found = connection.execute(
            f"SELECT count(*), sum(id), min(c), max(c) FROM ({' UNION ALL '.join(tables)})"
        ).fetchall()
    print(*found[0])


VERBS: tuple[Callable[..., None], ...] = (
    source,
    delta,
    first,
    later,
    trivial,
    content,
    trivial_content,
)

if __name__ == "__main__":
    {verb.__name__: verb for verb in VERBS}[sys.argv[1]](*sys.argv[2:])
