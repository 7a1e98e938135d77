"""The data and the models that are measured, and the best SQL written by hand for each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

DELTA_ROWS = 100_000
FIRST = datetime(2024, 1, 1)
COLUMNS = "id, name, status, amount, created_at, updated_at"
TARGET = "bench.target"
LEDGER = "bench.ledger"
CREATE_LEDGER = (
    f"CREATE TABLE IF NOT EXISTS {LEDGER} (model VARCHAR, version BIGINT, row_count BIGINT, "
    "watermark VARCHAR, PRIMARY KEY (model, version))"
)

Statements = Callable[[duckdb.DuckDBPyConnection, int], tuple[int, str]]
"""They give by how many rows the table grew, and where those that they wrote stand."""


@dataclass(frozen=True, slots=True)
class Case:
    """A strategy under measurement.

    Attributes:
        strategy: The model's `incremental` metadata, given the rows of the table at first.
        delta: What happens to the source before the run of a number, given those rows.
        by_hand: What somebody would write who knows DuckDB and has no tool.
    """

    name: str
    label: str
    strategy: Callable[[int], dict[str, object]]
    delta: Callable[[int, int], str]
    by_hand: Statements


@dataclass(frozen=True, slots=True)
class Other:
    """Other SQL by hand for a case.

    Attributes:
        stands_for_t4t: It is measured beside the case's own SQL by hand; otherwise t4t beside it.
        most_rows: Of the tables that it is measured on.
    """

    name: str
    label: str
    by_hand: Statements
    stands_for_t4t: bool
    most_rows: int = 1_000_000_000


def second(number: int) -> str:
    """The literal of the time of a row: one row a second."""
    return f"TIMESTAMP '{FIRST + timedelta(seconds=number)}'"


def source_sql(rows: int) -> str:
    """Makes the source with its first rows."""
    return f"CREATE TABLE bench.source AS {_rows('i', 'range(' + str(rows) + ') AS r(i)', '0')}"


def _rows(number: str, of: str, shift: str) -> str:
    """Rows by number; `shift` is added to the amount."""
    time_of = f"{second(0)} + to_seconds({number})"
    return (
        f"SELECT {number} AS id, 'name ' || ({number} % 100003) AS name, "
        f"['active', 'new', 'closed'][1 + {number} % 3] AS status, "
        f"({number} % 10007) / 7.0 + {shift} AS amount, "
        f"{time_of} AS created_at, {time_of} AS updated_at FROM {of}"
    )


def _new_rows(rows: int, run: int) -> str:
    first = rows + run * DELTA_ROWS
    of = f"range({first}, {first + DELTA_ROWS}) AS r(i)"
    return f"INSERT INTO bench.source {_rows('i', of, '0')}"


def _changed_and_new_rows(rows: int, run: int) -> str:
    half = DELTA_ROWS // 2
    first_new, first_time = rows + run * half, rows + run * DELTA_ROWS
    known = f"(hash(i, {run}) % {rows})::BIGINT"
    key = f"CASE WHEN i < {half} THEN {known} ELSE {first_new - half} + i END"
    updated = f"{second(first_time)} + to_seconds(i)"
    return (
        f"INSERT INTO bench.source SELECT k, 'name ' || (i % 100003), 'changed', i / 7.0, "
        f"{updated}, {updated} FROM (SELECT i, {key} AS k FROM range({DELTA_ROWS}) AS r(i))"
    )


def _changed_window(rows: int, run: int) -> str:
    return (
        f"UPDATE bench.source SET amount = amount + {run + 1} "
        f"WHERE updated_at >= {second(rows - DELTA_ROWS)}"
    )


def _greatest(connection: duckdb.DuckDBPyConnection, column: str) -> str:
    found = connection.execute(f"SELECT max({column}) FROM {TARGET}").fetchone()
    assert found is not None
    return f"TIMESTAMP '{found[0]}'"


def _done(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """How many rows a statement wrote."""
    return int(connection.execute(statement).fetchall()[0][0])


def append_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:  # noqa: ARG001
    """`INSERT` of what is later than the table."""
    where = f"created_at > {_greatest(connection, 'created_at')}"
    query = f"SELECT {COLUMNS} FROM bench.source WHERE {where}"
    return _done(connection, f"INSERT INTO {TARGET} {query}"), where


def append_safely_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:  # noqa: ARG001
    """The same, and rows as late as the greatest that came after it was read."""
    greatest = _greatest(connection, "created_at")
    inserted = _done(
        connection,
        f"INSERT INTO {TARGET} SELECT {COLUMNS} FROM bench.source WHERE created_at > {greatest} "
        f"UNION ALL (SELECT {COLUMNS} FROM bench.source WHERE created_at = {greatest} "
        f"EXCEPT ALL SELECT {COLUMNS} FROM {TARGET} WHERE created_at = {greatest})",
    )
    return inserted, f"created_at > {greatest}"


def append_window_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:  # noqa: ARG001
    """`INSERT` of the window's rows less, as bags, those that the table holds of it."""
    lower = f"{_greatest(connection, 'created_at')} - INTERVAL {DELTA_ROWS - 1} SECONDS"
    bound = connection.execute(f"SELECT {lower}").fetchall()[0][0]
    where = f"created_at >= TIMESTAMP '{bound}'"
    inserted = _done(
        connection,
        f"INSERT INTO {TARGET} SELECT {COLUMNS} FROM bench.source WHERE {where} "
        f"EXCEPT ALL SELECT {COLUMNS} FROM {TARGET} WHERE {where}",
    )
    return inserted, where


def merge_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:  # noqa: ARG001
    """Stage with one row a key, `DELETE` of its keys, `INSERT`."""
    greatest = _greatest(connection, "updated_at")
    connection.execute(_stage(greatest))
    deleted = _done(connection, f"DELETE FROM {TARGET} WHERE id IN (SELECT id FROM stage)")
    inserted = _done(connection, f"INSERT INTO {TARGET} SELECT {COLUMNS} FROM stage")
    connection.execute("DROP TABLE stage")
    return inserted - deleted, f"updated_at >= {greatest}"


def merge_into_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:  # noqa: ARG001
    """The same stage, and `MERGE INTO` as the standard has it."""
    greatest = _greatest(connection, "updated_at")
    values = ", ".join(f"{name} = s.{name}" for name in COLUMNS.split(", ")[1:])
    inserted = ", ".join(f"s.{name}" for name in COLUMNS.split(", "))
    connection.execute(_stage(greatest))
    connection.execute(
        f"MERGE INTO {TARGET} AS t USING stage AS s ON t.id = s.id "
        f"WHEN MATCHED THEN UPDATE SET {values} "
        f"WHEN NOT MATCHED THEN INSERT ({COLUMNS}) VALUES ({inserted})"
    )
    connection.execute("DROP TABLE stage")
    return DELTA_ROWS // 2, f"updated_at >= {greatest}"


def _stage(greatest: str) -> str:
    return (
        f"CREATE TEMP TABLE stage AS SELECT {COLUMNS} FROM bench.source "
        f"WHERE updated_at >= {greatest} "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"
    )


def delete_insert_by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:
    """`DELETE` and `INSERT` of the window."""
    where = f"updated_at >= {second(rows - DELTA_ROWS)}"
    deleted = _done(connection, f"DELETE FROM {TARGET} WHERE {where}")
    query = f"SELECT {COLUMNS} FROM bench.source WHERE {where}"
    return _done(connection, f"INSERT INTO {TARGET} {query}") - deleted, where


def together(statements: Statements) -> Statements:
    """The same in one transaction."""

    def by_hand(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:
        connection.execute("BEGIN TRANSACTION")
        done = statements(connection, rows)
        connection.execute("COMMIT")
        return done

    return by_hand


def with_ledger(statements: Statements) -> Statements:
    """The same in one transaction with a row that says how many rows there are, and the greatest.

    Rows are counted before the first write, when DuckDB knows their number, and the greatest time
    is looked for only where rows were written.
    """

    def noted(connection: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:
        count = _done(connection, f"SELECT count(*) FROM {TARGET}")
        more, where = statements(connection, rows)
        found = f"SELECT max(updated_at) FROM {TARGET} WHERE {where}"
        greatest = connection.execute(found).fetchall()[0][0]
        values = [TARGET, time.time_ns(), count + more, str(greatest)]
        connection.execute(f"INSERT INTO {LEDGER} VALUES (?, ?, ?, ?)", values)
        return more, where

    return together(noted)


CASES = {
    case.name: case
    for case in (
        Case(
            "append",
            "append, 100,000 new rows",
            lambda _: {"time_column": "created_at", "start_date": "auto"},
            _new_rows,
            append_by_hand,
        ),
        Case(
            "append_lookback",
            "append, 100,000 new rows and a lookback over 100,000 held ones",
            lambda _: {
                "time_column": "created_at",
                "start_date": "auto",
                "lookback": f"{DELTA_ROWS - 1} seconds",
            },
            _new_rows,
            append_window_by_hand,
        ),
        Case(
            "merge",
            "merge, 50,000 changed rows and 50,000 new ones",
            lambda _: {"unique_key": ["id"], "time_column": "updated_at", "start_date": "auto"},
            _changed_and_new_rows,
            together(merge_by_hand),
        ),
        Case(
            "delete_insert",
            "delete_insert, a window of 100,000 rows",
            lambda rows: {
                "where_condition": "updated_at >= @start_date",
                "time_column": "updated_at",
                "start_date": str(FIRST + timedelta(seconds=rows - DELTA_ROWS)),
            },
            _changed_window,
            together(delete_insert_by_hand),
        ),
    )
}


_BESIDE_LEDGER = "(the same, beside SQL by hand with a row of a ledger)"
OTHERS = {
    "append": (
        Other(
            "append_safely",
            "(the same, beside SQL by hand that reads rows as late as the latest again)",
            append_safely_by_hand,
            stands_for_t4t=False,
        ),
        Other(
            "append_noted",
            "(the same, beside that SQL with a row of a ledger)",
            with_ledger(append_safely_by_hand),
            stands_for_t4t=False,
        ),
    ),
    "merge": (
        Other("merge_noted", _BESIDE_LEDGER, with_ledger(merge_by_hand), stands_for_t4t=False),
        Other(
            "merge_into",
            "(a `MERGE INTO` by hand, instead of t4t)",
            together(merge_into_by_hand),
            stands_for_t4t=True,
            most_rows=10_000_000,
        ),
    ),
    "delete_insert": (
        Other(
            "delete_insert_noted",
            _BESIDE_LEDGER,
            with_ledger(delete_insert_by_hand),
            stands_for_t4t=False,
        ),
    ),
}


def write_project(folder: Path, case: Case, rows: int) -> None:
    """A project with one model, whose database is `data/p.duckdb`."""
    strategy = case.name.removesuffix("_lookback")
    metadata = {
        "materialization": "incremental",
        "incremental": {"strategy": strategy, strategy: case.strategy(rows)},
    }
    models = folder / "models" / "bench"
    models.mkdir(parents=True)
    (folder / "data").mkdir()
    write_settings(folder)
    (models / "target.sql").write_text(
        f"-- metadata: {json.dumps(metadata)}\nSELECT {COLUMNS} FROM bench.source\n"
    )


def write_settings(folder: Path) -> None:
    """The project's `project.toml`."""
    (folder / "project.toml").write_text(
        'project_folder = "p"\n\n[connection]\ntype = "duckdb"\npath = "data/p.duckdb"\n'
        'schema = "bench"\n'
    )


def taken(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds that something takes: by the clock, and of all processors together."""
    clock, processors = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - processors
