"""How a filtered query reads, and that its bound reaches the scan."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place
from t4t_core.parsing.query import parse_query
from t4t_core.sql.filling import Fill
from t4t_core.sql.literals import number_literal
from t4t_core.sql.text import sql

SEED = """\
-- Incremental example model
SELECT
    id,
    updated_at,
    status
FROM t_project.source_table
WHERE status = 'active'
"""


def _filtered(text: str, bound: int = 5, column: str = "updated_at") -> str:
    query = parse_query(text, Place(Path("m.sql"))).filled(Fill())
    return query.where(column, lambda c: sql("{c} >= {n}", c=c, n=number_literal(bound))).sql


def test_filter_of_a_plain_select_joins_its_where() -> None:
    """The seed's query is filtered as the seed shows it: one more condition in its WHERE."""
    text = _filtered(SEED)

    assert text.splitlines()[-2:] == [
        "FROM t_project.source_table",
        "WHERE (status = 'active') AND updated_at >= 5",
    ]
    assert text.count("SELECT") == 1


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("SELECT id, updated_at FROM t", "updated_at >= 5"),
        ("SELECT id, changed AS updated_at FROM t", "changed >= 5"),
        ("SELECT a.id, a.updated_at FROM t AS a JOIN b USING (id)", "a.updated_at >= 5"),
        ("SELECT * FROM t", "updated_at >= 5"),
        ("SELECT id, updated_at, now() AS loaded FROM t", "updated_at >= 5"),
        ("SELECT id, updated_at FROM t ORDER BY id", "updated_at >= 5"),
        ("SELECT id, updated_at FROM t WHERE a OR b", "(a OR b) AND updated_at >= 5"),
    ],
)
def test_filter_stands_inside_where_it_means_the_same(query: str, condition: str) -> None:
    """A select that gives the column as it is read needs no second select around it."""
    text = _filtered(query)

    assert condition in text
    assert text.count("SELECT") == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, updated_at FROM t LIMIT 5",
        "SELECT DISTINCT updated_at FROM t",
        "SELECT id, updated_at FROM t UNION ALL SELECT id, updated_at FROM u",
        "SELECT id, max(updated_at) AS updated_at FROM t GROUP BY id",
        "SELECT id, updated_at + 1 AS updated_at FROM t",
        "SELECT id, updated_at, row_number() OVER (ORDER BY id) AS n FROM t",
        "SELECT {'at': random()} AS drawn, drawn.at AS updated_at FROM t",
    ],
)
def test_filter_stands_around_where_it_would_mean_something_else(query: str) -> None:
    """A filter inside such a query could change its rows, so it stands around it."""
    text = _filtered(query)

    assert text == f"SELECT *\nFROM (\n{query}\n) AS q\nWHERE q.updated_at >= 5"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, updated_at FROM t",
        "SELECT * FROM t",
        "SELECT id, updated_at FROM t UNION ALL SELECT id, updated_at FROM t",
        "WITH c AS (SELECT * FROM t WHERE id > 1) SELECT id, updated_at FROM c",
        "SELECT DISTINCT id, updated_at FROM t",
        "SELECT updated_at, count(*) AS n FROM t GROUP BY ALL",
        "SELECT id, updated_at FROM (SELECT * FROM t) AS s",
        "SELECT t.id, t.updated_at FROM t LEFT JOIN u USING (id)",
    ],
)
def test_bound_reaches_the_scan(query: str) -> None:
    """DuckDB skips rows outside the window while it reads the table, not afterwards."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT i AS id, i AS updated_at FROM range(9) r(i)")
        connection.execute("CREATE TABLE u AS SELECT i AS id FROM range(9) r(i)")

        rows = connection.execute(f"EXPLAIN {_filtered(query, 8)}").fetchall()

    plan = " ".join(str(rows[0][1]).split())
    assert "updated_at>=8" in plan.replace(" ", "")
    assert "FILTER" not in plan.replace("Filters", "")
