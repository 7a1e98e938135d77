"""Projects of many trivial models, run by t4t and as their bare statements."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import workload

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
    """Seconds of loading the project, and of each later run by t4t and raw, in turns."""
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

    def raw() -> None:
        with duckdb.connect(str(folder / "raw.duckdb")) as connection:
            for number in range(count):
                _raw(connection, kind, f"bench.m{number}")

    with duckdb.connect(str(folder / "raw.duckdb")) as connection:
        connection.execute("CREATE SCHEMA bench")
        for number in range(count):
            if kind != "view":
                connection.execute(f"CREATE TABLE bench.m{number} AS {ROW}")
    by_t4t()
    raw()
    pairs = [(workload.taken(by_t4t), workload.taken(raw)) for _ in range(runs)]
    return {"loading": loading, "pairs": pairs}


def _raw(connection: duckdb.DuckDBPyConnection, kind: str, table: str) -> None:
    if kind in ("view", "table"):
        connection.execute(f"CREATE OR REPLACE {kind} {table} AS {ROW}")
        return
    connection.execute("BEGIN TRANSACTION")
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
    connection.execute("COMMIT")
