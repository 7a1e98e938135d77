"""What in a query may give other rows of the same tables."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place
from t4t_core.parsing.query import parse_query
from t4t_core.sql.steady_names import NO_CALLS, STEADY

PLACE = Place(Path("m.sql"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT now(), a FROM t", ("now()",)),
        ("SELECT a FROM t WHERE d < CURRENT_DATE", ("current_date",)),
        ('SELECT "current_date" FROM t', ("current_date",)),
        ('SELECT "random"() FROM t', ("random()",)),
        (
            "SELECT age(d), getvariable('x'), nextval('s') FROM t",
            ("age()", "getvariable()", "nextval()"),
        ),
        ("SELECT DISTINCT ON (a) uuid() FROM t", ("uuid()",)),
        ("SELECT * FROM (FROM t) TABLESAMPLE (10%)", ("tablesample()",)),
        ("SELECT * FROM f(1) t(a), m.g(2) u(b)", ("f()", "m.g()")),
        ("SELECT * FROM range(3) r(i) WHERE (i) > random()", ("random()",)),
        ("SELECT m.f(a), w.m.g(a) FROM t", ("m.f()", "w.m.g()")),
        ("SELECT a.f() FROM t", ("a.f()",)),
        ("SELECT 'a'.f(), (a).g() FROM t", ("f()", "g()")),
        ("SELECT * FROM read_csv('x.csv')", ("read_csv()",)),
        ("SELECT * FROM glob('*')", ("glob()",)),
        ("SELECT * FROM t, glob('*') AS (a)", ("glob()",)),
        ("FROM t, glob('*') AS (\"from\", b)", ("glob()",)),
        ("SELECT * FROM query('SELECT random()')", ("query()",)),
        ("SELECT * FROM histogram_values(t, a)", ("histogram_values()",)),
        ("SELECT * FROM t TABLESAMPLE 10%", ("tablesample",)),
        ("SELECT * FROM t USING SAMPLE 3 ROWS", ("using sample",)),
        ("SELECT reservoir_quantile(a, 0.5) FROM t", ("reservoir_quantile()",)),
        ("SELECT t.rowid FROM t", ("rowid",)),
        ('SELECT "in"(a), "sum"(b) FROM t', ("in()",)),
        ("FROM (SHOW TABLES)", ("show",)),
        ("WITH x AS (SELECT random() AS r) SELECT * FROM x", ("random()",)),
        ("SELECT localtime, t.localtime FROM t", ("localtime",)),
        ("WITH w AS (INSERT INTO t VALUES (1)) SELECT * FROM w", ("insert in a WITH",)),
        ("WITH w AS (Delete From t RETURNING a) SELECT * FROM w", ("delete in a WITH",)),
        ("WITH w AS (UPDATE t SET a = 1) SELECT * FROM w", ("update in a WITH",)),
    ],
)
def test_what_may_change_by_itself_is_named(query: str, found: tuple[str, ...]) -> None:
    """Whatever a query calls or says that no table explains is found, however it is written."""
    assert parse_query(query, PLACE).unsteady == found


@pytest.mark.parametrize(
    "query",
    [
        "SELECT upper(a), 'b'.lower(), date_trunc('day', d), CAST(a AS DECIMAL(10, 2)) FROM t",
        "SELECT sum(a) FILTER (WHERE b IN (1, 2)) OVER (PARTITION BY c ORDER BY d) FROM t",
        "WITH x(a) AS (SELECT 1), y(b) AS MATERIALIZED (SELECT 2) SELECT * FROM x, y AS z(c)",
        "WITH x AS (FROM t), y(a) AS (FROM x), z(a) AS NOT MATERIALIZED ((SELECT 1)) FROM z",
        "SELECT * EXCLUDE (a) REPLACE (1 AS b) FROM t GROUP BY GROUPING SETS ((a), ())",
        "SELECT a FROM t LIMIT (3)",
        "SELECT i, a FROM range(3) r(i), (VALUES (1)) v(a) JOIN (SELECT 1) AS w(b) ON a = b",
        'SELECT * FROM range((1 + 2)) "R"(i) JOIN (FROM t) "T"(a) ON a = i',
        "SELECT * FROM t, LATERAL (SELECT t.a) u(b)",
        "SELECT EXTRACT(year FROM d), TRIM(BOTH 'x' FROM y), INTERVAL (a) DAY, ARRAY(SELECT 1)",
        "PIVOT t ON a IN (1, 2) USING sum(b) GROUP BY c",
        "SELECT list_transform(l, lambda x: x + 1), COLUMNS(c -> c LIKE 'a%') FROM range(3)",
        "SELECT t.current_date, 'random()', -- now()\n a FROM t",
    ],
)
def test_a_steady_query_is_known_as_one(query: str) -> None:
    """Nothing is found in what only the tables explain, so such a model can be left as it is."""
    assert parse_query(query, PLACE).unsteady == ()


def test_another_dialect_counts_as_duckdb_gets_it() -> None:
    """MySQL's names are known by what they become."""
    assert parse_query("SELECT RAND(), IFNULL(a, 1) FROM t", PLACE, "mysql").unsteady == (
        "random()",
    )


def test_no_function_that_duckdb_calls_volatile_is_steady() -> None:
    """The names that were looked through agree with what DuckDB says of its own functions."""
    rows = duckdb.sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    ).fetchall()

    assert not {str(row[0]) for row in rows} & (STEADY | NO_CALLS)
