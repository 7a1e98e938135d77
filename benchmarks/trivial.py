"""Projects of many trivial models, run by t4t and as their bare statements."""

from __future__ import annotations

import itertools
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import duckdb
import workload

# As long as what t4t notes of a run.
_BODY = "x" * 1700
ROW = "SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c"
METADATA: dict[str, dict[str, object]] = {
    "view": {"materialization": "view"},
    "table": {"materialization": "table"},
    "append": {
        "materialization": "incremental",
        "incremental": {"strategy": "append", "append": {"time_column": "c"}},
    },
    "merge": {
        "materialization": "incremental",
        "incremental": {
            "strategy": "merge",
            "merge": {"unique_key": ["id"], "time_column": "c"},
        },
    },
    "delete_insert": {
        "materialization": "incremental",
        "incremental": {
            "strategy": "delete_insert",
            "delete_insert": {
                "where_condition": "c >= @start_date",
                "time_column": "c",
                "start_date": "2024-01-01",
            },
        },
    },
}


def measure(folder: Path, kind: str, count: int, runs: int) -> dict[str, object]:
    """Seconds of loading the project, and of each later run by t4t and of what it stands beside.

    Those are the bare statements, the same with a row in a ledger, and what t4t itself sends.
    """
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.run import run_nodes

    models = folder / "models" / "bench"
    models.mkdir(parents=True)
    workload.write_settings(folder)
    for number in range(count):
        text = f"-- metadata: {json.dumps(METADATA[kind])}\n{ROW}\n"
        (models / f"m{number}.sql").write_text(text)
    loading = [workload.taken(lambda: load_project(folder)) for _ in range(min(runs, 3))]
    project = load_project(folder)

    def by_t4t() -> None:
        report = run_nodes(project, list(project.graph.nodes.values()), Request())
        failed = [model.error for model in report.models if model.status != "success"]
        if failed:
            raise SystemExit(str(failed[0]))

    with duckdb.connect(str(folder / "raw.duckdb")) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(
            "CREATE TABLE bench.ledger (model VARCHAR, version BIGINT, body VARCHAR, "
            "PRIMARY KEY (model, version))"
        )
        for number in range(count):
            if kind != "view":
                connection.execute(f"CREATE TABLE bench.m{number} AS {ROW}")
    raw = partial(_run_raw, folder / "raw.duckdb", kind, count)
    versions = itertools.count()
    by_t4t()
    sent = _sent(by_t4t)
    copy = folder / "sent.duckdb"
    shutil.copyfile(project.settings.database, copy)
    again = itertools.count(1000)
    contenders = (
        by_t4t,
        raw,
        lambda: raw(next(versions)),
        lambda: _send(copy, sent, next(again)),
    )
    for contender in contenders:
        contender()
    turns = [[workload.taken(contender) for contender in contenders] for _ in range(runs)]
    return {"loading": loading, "turns": turns}


def _sent(run: Callable[[], None]) -> list[str]:
    """What a run sends to the database, from its first transaction to the end of its last one."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]  # one function is all it needs
    log = logging.getLogger("t4t_core.engines")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        run()
    finally:
        log.setLevel(before)
        log.removeHandler(handler)
    last = max(number for number, text in enumerate(found) if text == "COMMIT")
    of_models = found[found.index("BEGIN TRANSACTION") : last + 1]
    return [text for text in of_models if "_t4t_state" not in text]


def _send(file: Path, statements: Sequence[str], version: int) -> None:
    """The statements of a run, and nothing else of it."""
    models = itertools.count()
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            if statement.startswith("INSERT INTO _t4t.ledger"):
                row = (f"bench.m{next(models)}", version, _BODY, None)
                connection.execute(statement, row)
            else:
                connection.execute(statement).fetchall()


def _run_raw(file: Path, kind: str, count: int, version: int | None = None) -> None:
    """The bare statements; with a version, each model commits a row of a ledger too."""
    is_transaction = version is not None or kind not in ("view", "table")
    with duckdb.connect(str(file)) as connection:
        for number in range(count):
            if is_transaction:
                connection.execute("BEGIN TRANSACTION")
            _raw(connection, kind, f"bench.m{number}")
            if version is not None:
                row = (f"bench.m{number}", version, _BODY)
                connection.execute("INSERT INTO bench.ledger VALUES (?, ?, ?)", row)
            if is_transaction:
                connection.execute("COMMIT")


def _raw(connection: duckdb.DuckDBPyConnection, kind: str, table: str) -> None:
    if kind in ("view", "table"):
        connection.execute(f"CREATE OR REPLACE {kind} {table} AS {ROW}")
        return
    if kind == "append":
        lower = connection.execute(f"SELECT max(c) FROM {table}").fetchall()[0][0]
        connection.execute(
            f"INSERT INTO {table} SELECT * FROM ({ROW}) WHERE c > TIMESTAMP '{lower}'"
        )
    elif kind == "merge":
        lower = connection.execute(f"SELECT max(c) FROM {table}").fetchall()[0][0]
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE stage AS SELECT * FROM ({ROW}) "
            f"WHERE c >= TIMESTAMP '{lower}' "
            "QUALIFY row_number() OVER (PARTITION BY id ORDER BY c DESC) = 1"
        )
        connection.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM stage)")
        connection.execute(f"INSERT INTO {table} SELECT * FROM stage")
        connection.execute("DROP TABLE stage")
    else:
        where = "WHERE c >= TIMESTAMP '2024-01-01'"
        connection.execute(f"DELETE FROM {table} {where}")
        connection.execute(f"INSERT INTO {table} SELECT * FROM ({ROW}) {where}")
