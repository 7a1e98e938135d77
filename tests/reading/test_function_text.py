"""A CREATE FUNCTION statement is read as one function, or refused in words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place, T4tError
from t4t_core.names import TableName
from t4t_core.parsing.function_text import parse_macro
from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.macro import Macro, create_macro
from t4t_core.sql.names import table_in

NAME = TableName("s", "f")
NAMED_T = TableName("s", "t")


def read(text: str, dialect: str = "duckdb") -> Macro:
    return parse_macro(text, Place(Path("f.sql")), NAME, dialect)


def value(text: str, call: str, dialect: str = "duckdb") -> list[tuple[object, ...]]:
    """What a call gives, with the body as it is written and with another table's name in it."""
    macro = read(text, dialect)
    results = []
    for fill in (Fill(), Fill(table=lambda ref: StandIn(table_in("memory", NAMED_T), ref.name))):
        with duckdb.connect() as connection:
            connection.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 7 AS x, 'a' AS y")
            connection.execute(create_macro(NAME, "memory", macro, fill))
            results.append(connection.execute(call).fetchall())
    assert results[0] == results[1]
    return results[0]


@pytest.mark.parametrize(
    ("text", "call", "rows"),
    [
        pytest.param(
            "CREATE MACRO f(a, b := 1) AS a + b -- c", "SELECT s.f(2)", [(3,)], id="macro"
        ),
        pytest.param(
            "create or replace function s.F(a) as a, (a, b) as a + b;",
            "SELECT s.f(2), s.f(2, 3)",
            [(2, 5)],
            id="overloads",
        ),
        pytest.param(
            "CREATE FUNCTION f(a INT) RETURNS INT[] IMMUTABLE LANGUAGE SQL AS $$ [a] $$",
            "SELECT s.f('2')",
            [([2],)],
            id="list",
        ),
        pytest.param(
            "CREATE FUNCTION f(a TEXT) RETURNS TIMESTAMP WITH TIME ZONE AS $$ a $$ IMMUTABLE",
            "SELECT typeof(s.f('2024-01-01'))",
            [("TIMESTAMP WITH TIME ZONE",)],
            id="type-of-several-words",
        ),
        pytest.param(
            "CREATE FUNCTION f(a INT) RETURNS INT AS $$ SELECT b: a + 1 $$",
            "SELECT s.f('2')",
            [(3,)],
            id="name-before-value",
        ),
        pytest.param(
            "CREATE MACRO f() AS (SELECT max(x) FROM s.t)", "SELECT s.f()", [(7,)], id="subquery"
        ),
        pytest.param(
            "CREATE MACRO f(n) AS TABLE SELECT x, (n) AS n FROM s.t",
            "FROM s.f(1)",
            [(7, 1)],
            id="table",
        ),
        pytest.param(
            "CREATE MACRO f(a) AS TABLE FROM s.t, (a, b) AS TABLE (SELECT a, b)",
            "FROM s.f(1, 2)",
            [(1, 2)],
            id="table-overloads",
        ),
        pytest.param(
            "CREATE FUNCTION f(a DOUBLE, b DOUBLE DEFAULT 2) RETURNS DOUBLE AS $$\n"
            "  SELECT CASE WHEN b = 0 THEN NULL ELSE a / b END -- ;\n$$;",
            "SELECT s.f('3'), s.f(3, 0), typeof(s.f(3))",
            [(1.5, None, "DOUBLE")],
            id="standard",
        ),
        pytest.param(
            "CREATE FUNCTION f(n INT) RETURNS TABLE (big BIGINT, word VARCHAR) AS $$\n"
            "SELECT x + n, y FROM s.t $$",
            "SELECT big, word, typeof(big) FROM s.f('1')",
            [(8, "a", "BIGINT")],
            id="standard-table",
        ),
        pytest.param(
            "CREATE FUNCTION f(a DOUBLE) RETURNS DOUBLE AS $$ SELECT max(x + a) FROM s.t $$",
            "SELECT s.f(1)",
            [(8.0,)],
            id="standard-query",
        ),
    ],
)
def test_a_function_gives_what_its_statement_says(
    text: str, call: str, rows: list[tuple[object, ...]]
) -> None:
    """DuckDB's own form and the standard's both make a function that DuckDB runs."""
    assert value(text, call) == rows


def test_another_dialect_is_translated() -> None:
    """A function of a project in another dialect has DuckDB's types and functions."""
    text = "CREATE FUNCTION f(a FLOAT64) RETURNS STRING AS (CONCAT(CAST(a AS STRING), 'x'))"

    assert value(text, "SELECT s.f(1)", "bigquery") == [("1.0x",)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "there is no SQL", id="empty"),
        pytest.param("SELECT 1", "no CREATE FUNCTION", id="query"),
        pytest.param("CREATE TABLE f AS SELECT 1", "no CREATE FUNCTION", id="table"),
        pytest.param("CREATE TEMP MACRO f() AS 1", "no CREATE FUNCTION", id="temporary"),
        pytest.param("CREATE MACRO g(a) AS a", "the statement makes g", id="other-name"),
        pytest.param("CREATE MACRO z.f(a) AS a", "the statement makes z.f", id="other-schema"),
        pytest.param("CREATE MACRO c.s.f(a) AS a", "makes c.s.f", id="catalog"),
        pytest.param("CREATE MACRO f(a) AS a; DROP TABLE t", "second statement", id="two"),
        pytest.param("CREATE MACRO f(a) AS a + @days", "give it a parameter days", id="variable"),
        pytest.param("CREATE MACRO f(a) AS {{ days }}", "give it a parameter days", id="braces"),
        pytest.param("CREATE MACRO f(a) AS a + $1", "parameter", id="query-parameter"),
        pytest.param("CREATE MACRO f(a", "AS is missing", id="unclosed"),
        pytest.param("CREATE MACRO f(a) AS", "AS is missing", id="no-body"),
        pytest.param("CREATE MACRO f(a) AS 'x", "never closed", id="quote"),
        pytest.param("CREATE MACRO f(a) AS TABLE DROP TABLE t", "no expression", id="drop"),
        pytest.param("CREATE MACRO f(a) AS TABLE a + 1", "no query", id="table-of-a-value"),
        pytest.param("CREATE MACRO f(a) AS (DELETE FROM t)", "f.sql", id="delete"),
        pytest.param(
            "CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE PYTHON AS $$ a $$",
            "@functions.python",
            id="language",
        ),
        pytest.param("CREATE FUNCTION f(a NOSUCH(( ) RETURNS INT AS a", "f.sql", id="type"),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    """Only one statement that makes the file's own function is taken."""
    with pytest.raises(T4tError) as caught:
        read(text)

    assert words in str(caught.value)


def test_tables_and_calls_are_found() -> None:
    """What a function reads and calls, but not SQL's own functions, its parameters or its CTEs."""
    macro = read(
        "CREATE MACRO f(a) AS TABLE WITH c AS (FROM s.t) "
        "SELECT upper(y), g(a), o.h(x), max(x) FROM c, t2, o.k(3)"
    )

    assert {str(ref) for ref in macro.tables} == {"s.t", "t2"}
    assert sorted(str(ref) for ref in macro.calls) == ["g", "o.h", "o.k"]


def test_comments_and_layout_do_not_count() -> None:
    """The fingerprint changes with the meaning alone."""
    one = read("CREATE MACRO f(a) AS a + 1")

    assert one.fingerprint == read("create macro f(a)\n as a+1 -- now").fingerprint
    assert one.fingerprint != read("CREATE MACRO f(a) AS a + 2").fingerprint
    assert one.fingerprint != read("CREATE MACRO f(a := 1) AS a + 1").fingerprint
