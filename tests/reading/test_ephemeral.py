"""An ephemeral model is a part of the models that read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
Query = Callable[..., list[tuple[Any, ...]]]

EPHEMERAL = '-- metadata: {"materialization": "ephemeral"}\n'
RAW = "CREATE TABLE raw AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(id, name)"
BASE = "SELECT id, name FROM raw"

CASES: dict[str, tuple[dict[str, str], list[tuple[Any, ...]]]] = {
    "alias": (
        {"e": BASE, "m": "SELECT x.id, e.name FROM s.e AS x JOIN e USING (id)"},
        [(1, "a"), (2, "b")],
    ),
    "its own name": ({"e": BASE, "m": "SELECT e.id FROM s.e"}, [(1,), (2,)]),
    "schema in columns": ({"e": BASE, "m": "SELECT s.e.id FROM s.e WHERE s.e.id > 1"}, [(2,)]),
    "case": ({"E": BASE, "m": 'SELECT "e".ID FROM S."e"'}, [(1,), (2,)]),
    "hidden source": (
        {"e": BASE, "m": "WITH raw AS (SELECT 7 AS id, 'x' AS name) SELECT * FROM e"},
        [(1, "a"), (2, "b")],
    ),
    "same names inside": (
        {
            "e": "WITH b AS (SELECT * FROM raw) SELECT * FROM b",
            "m": "WITH b AS (SELECT 7 AS n) SELECT e.*, n FROM e, b",
        },
        [(1, "a", 7), (2, "b", 7)],
    ),
    "nested": (
        {
            "e": "SELECT * FROM raw WHERE id >= @least",
            "f": "WITH e AS (SELECT * FROM s.e) SELECT * FROM e",
            "m": "WITH e AS (SELECT 7 AS id) SELECT * FROM f",
        },
        [(2, "b")],
    ),
    "limit": (
        {"e": BASE + " ORDER BY id LIMIT 1 -- cut", "m": "FROM e UNION ALL FROM e"},
        [(1, "a"), (1, "a")],
    ),
    "values": ({"e": "VALUES (1, 2)", "m": "SELECT * FROM e AS q(a, b)"}, [(1, 2)]),
    "pivot": (
        {"e": "PIVOT main.raw ON name IN ('a', 'b') USING count(*)", "m": "SELECT * FROM e"},
        [(1, 1, 0), (2, 0, 1)],
    ),
    "pivoted": (
        {"e": BASE, "m": "SELECT * FROM e PIVOT (count(*) FOR name IN ('a'))"},
        [(1, 1), (2, 0)],
    ),
    "subqueries": (
        {"e": BASE, "m": "SELECT (SELECT max(id) FROM e) AS a, 2 IN (SELECT id FROM e) AS b"},
        [(2, True)],
    ),
    "nested join": (
        {"e": BASE, "m": "SELECT e.id FROM (s.e JOIN main.raw b USING (id)) JOIN e f USING (id)"},
        [(1,), (2,)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_ephemeral_model_reads_like_a_table(
    case: str, project: Make, t4t: Run, query: Query
) -> None:
    """A model that reads an ephemeral one has the rows it would have, were that a table."""
    models, expected = CASES[case]
    folder = project(
        {f"s/{name}.sql": ("" if name == "m" else EPHEMERAL) + sql for name, sql in models.items()},
        toml="\n[vars]\nleast = 2\n",
    )
    query(folder, RAW)

    result = t4t("run", folder)

    assert result.exit_code == 0, result.stderr
    assert query(folder, "FROM s.m ORDER BY ALL") == expected
    assert query(folder, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 's'") == [
        ("m",)
    ]


def test_ephemeral_model_reads_a_file(project: Make, t4t: Run, query: Query) -> None:
    """A file in an ephemeral model stays that file."""
    folder = project()
    file = folder / "rows.csv"
    file.write_text("id\n5\n")
    project({"s/e.sql": f"{EPHEMERAL}SELECT * FROM '{file}'", "s/m.sql": "SELECT * FROM e"})

    result = t4t("run", folder)

    assert result.exit_code == 0, result.stderr
    assert query(folder, "FROM s.m") == [(5,)]


def test_schema_called_like_the_database_works(project: Make, t4t: Run, query: Query) -> None:
    """A schema with the database's own name is written so that DuckDB knows which is meant."""
    folder = project(
        {"warehouse/a.sql": "SELECT 1 AS id", "warehouse/b.sql": "SELECT * FROM warehouse.a"},
        {"warehouse/c.csv": "id\n3\n"},
    )

    first, second = t4t("build", folder), t4t("build", folder)

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr
    assert query(folder, "FROM warehouse.warehouse.b") == [(1,)]
