"""The same models as a project of each tool, written for the way that its documentation shows."""

from __future__ import annotations

import json
from pathlib import Path

from peer_data import COLUMNS, TRIVIAL, hour

# One model of a project that is loaded: a common table expression, a join and a grouping.
QUERY = """\
WITH a AS (
    SELECT id, ts, v, CASE WHEN v > 10 THEN 'x' ELSE 'y' END AS k FROM {parent} WHERE v IS NOT NULL
)
SELECT a.id AS id, max(a.ts) AS ts, sum(a.v) AS v, count(*) FILTER (WHERE a.k = 'x') AS xs
FROM a LEFT JOIN raw.dim AS d ON d.id = a.id
GROUP BY a.id
"""
LATEST = "QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"


def _parents(count: int) -> list[int | None]:
    """The model that each model reads: chains of ten."""
    return [number - 1 if number % 10 else None for number in range(count)]


def write(folder: Path, text: str) -> None:
    """A file, with the folders on its way."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text(text, "utf-8")


def t4t_settings(folder: Path) -> None:
    """The project's file."""
    write(
        folder / "project.toml",
        '[connection]\npath = "data/p.duckdb"\nschema = "bench"\n',
    )
    (folder / "data").mkdir()


def t4t_chains(folder: Path, count: int) -> None:
    """Models that read each other, with a description and a test."""
    t4t_settings(folder)
    metadata = {
        "materialization": "table",
        "description": "model",
        "schema": [{"name": "id", "tests": ["not_null"]}],
    }
    for number, parent in enumerate(_parents(count)):
        name = "raw.src" if parent is None else f"bench.m{parent}"
        text = f"-- metadata: {json.dumps(metadata)}\n{QUERY.format(parent=name)}"
        write(folder / "models" / "bench" / f"m{number}.sql", text)


def t4t_trivial(folder: Path, count: int) -> None:
    """Tables of one row."""
    t4t_settings(folder)
    for number in range(count):
        text = f'-- metadata: {{"materialization": "table"}}\n{TRIVIAL.format(number=number)}\n'
        write(folder / "models" / "bench" / f"m{number}.sql", text)


def t4t_incremental(folder: Path, case: str, hours: int) -> None:
    """One incremental model."""
    t4t_settings(folder)
    settings: dict[str, dict[str, object]] = {
        "append": {"time_column": "created_at", "start_date": "auto"},
        "merge": {"unique_key": ["id"], "time_column": "updated_at", "start_date": "auto"},
        "delete_insert": {
            "where_condition": "updated_at >= @start_date",
            "time_column": "updated_at",
            "start_date": hour(hours - 1),
        },
    }
    metadata = {
        "materialization": "incremental",
        "incremental": {"strategy": case, case: settings[case]},
    }
    text = f"-- metadata: {json.dumps(metadata)}\nSELECT {COLUMNS} FROM bench.source\n"
    write(folder / "models" / "bench" / "target.sql", text)


def dbt_settings(folder: Path) -> None:
    """The project's files, with one thread, as t4t has."""
    write(
        folder / "dbt_project.yml",
        "name: bench\nversion: '1.0'\nprofile: bench\nmodel-paths: [models]\n"
        "flags:\n  send_anonymous_usage_stats: false\n",
    )
    write(
        folder / "profiles.yml",
        "bench:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n"
        f"      path: {json.dumps(str(folder / 'data' / 'p.duckdb'))}\n"
        "      schema: bench\n      threads: 1\n",
    )
    (folder / "data").mkdir()


def dbt_chains(folder: Path, count: int) -> None:
    """Models that read each other, with a description and a test."""
    dbt_settings(folder)
    described = ["version: 2", "models:"]
    for number, parent in enumerate(_parents(count)):
        name = "raw.src" if parent is None else f"{{{{ ref('m{parent}') }}}}"
        text = "{{ config(materialized='table') }}\n" + QUERY.format(parent=name)
        write(folder / "models" / f"m{number}.sql", text)
        described += [
            f"  - name: m{number}",
            "    description: model",
            "    columns:",
            "      - name: id",
            "        data_tests: [not_null]",
        ]
    write(folder / "models" / "models.yml", "\n".join(described) + "\n")


def dbt_trivial(folder: Path, count: int) -> None:
    """Tables of one row."""
    dbt_settings(folder)
    for number in range(count):
        text = f"{{{{ config(materialized='table') }}}}\n{TRIVIAL.format(number=number)}\n"
        write(folder / "models" / f"m{number}.sql", text)


def dbt_incremental(folder: Path, case: str, hours: int) -> None:
    """One incremental model, with the strategy that dbt-duckdb takes by itself."""
    dbt_settings(folder)
    strategy = "append" if case == "append" else "delete+insert"
    key = "" if case == "append" else ", unique_key='id'"
    time = "created_at" if case == "append" else "updated_at"
    since = f"> (SELECT max({time}) FROM {{{{ this }}}})"
    if case == "delete_insert":
        since = f">= TIMESTAMP '{hour(hours - 1)}'"
    write(
        folder / "models" / "target.sql",
        f"{{{{ config(materialized='incremental', incremental_strategy='{strategy}'{key}) }}}}\n"
        f"SELECT {COLUMNS} FROM bench.source\n"
        f"{{% if is_incremental() %}}WHERE {time} {since}{{% endif %}}\n"
        f"{LATEST if case == 'merge' else ''}\n",
    )


def sqlmesh_settings(folder: Path) -> None:
    """The project's file; the state is in the same database, as SQLMesh has it by itself."""
    write(
        folder / "config.yaml",
        "gateways:\n  bench:\n    connection:\n      type: duckdb\n"
        f"      database: {json.dumps(str(folder / 'data' / 'p.duckdb'))}\n"
        "default_gateway: bench\nmodel_defaults:\n  dialect: duckdb\n  start: 2024-01-01\n"
        "disable_anonymized_analytics: true\n",
    )
    (folder / "data").mkdir()


def sqlmesh_chains(folder: Path, count: int) -> None:
    """Models that read each other, with a description and a test."""
    sqlmesh_settings(folder)
    for number, parent in enumerate(_parents(count)):
        name = "raw.src" if parent is None else f"bench.m{parent}"
        write(
            folder / "models" / f"m{number}.sql",
            f"MODEL (name bench.m{number}, kind FULL, description 'model', "
            f"audits (not_null(columns := (id))));\n{QUERY.format(parent=name)}",
        )


def sqlmesh_trivial(folder: Path, count: int) -> None:
    """Tables of one row."""
    sqlmesh_settings(folder)
    for number in range(count):
        text = f"MODEL (name bench.m{number}, kind FULL);\n{TRIVIAL.format(number=number)}\n"
        write(folder / "models" / f"m{number}.sql", text)


def sqlmesh_incremental(folder: Path, case: str, hours: int) -> None:  # noqa: ARG001
    """One incremental model by time, or by key where rows of known keys come again."""
    sqlmesh_settings(folder)
    time = "created_at" if case == "append" else "updated_at"
    kind = f"INCREMENTAL_BY_TIME_RANGE (time_column {time})"
    if case == "merge":
        kind = "INCREMENTAL_BY_UNIQUE_KEY (unique_key id)"
    write(
        folder / "models" / "target.sql",
        f"MODEL (name bench.target, kind {kind}, cron '@hourly', start '2024-01-01');\n"
        f"SELECT {COLUMNS} FROM bench.source WHERE {time} BETWEEN @start_ts AND @end_ts\n"
        f"{LATEST if case == 'merge' else ''}\n",
    )
