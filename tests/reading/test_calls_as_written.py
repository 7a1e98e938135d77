"""Calls of functions reach the database in the user's own words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core import load_project
from t4t_core.errors import Place, T4tError
from t4t_core.models import Model
from t4t_core.parsing.lineage import column_origins
from t4t_core.parsing.query import parse_query
from t4t_core.planning.compiled import compiled_query
from t4t_core.sql.filling import Fill
from t4t_core.sql.origins import Origin
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import is_null
from t4t_core.sql.table_ref import TableRef

PLACE = Place(Path("models/m.sql"))
MODEL = """-- metadata: {"materialization": "incremental", "incremental": {"strategy": "append",
-- "append": {"time_column": "c"}}}
"""


def written(sql: str) -> str:
    return parse_query(sql, PLACE).filled(Fill()).sql


def compiled(folder: Path, sql: str) -> QueryText:
    """What an incremental model's statements are made of."""
    models = folder / "models" / "m"
    models.mkdir(parents=True)
    (folder / "functions" / "m").mkdir(parents=True)
    (folder / "functions" / "m" / "twice.sql").write_text("CREATE FUNCTION m.twice(x) AS x * 2")
    (folder / "project.toml").write_text(
        '[connection]\npath = "data/x.duckdb"\n[vars]\nsmall = 3\n'
    )
    (models / "t.sql").write_text(MODEL + sql)
    (models / "other.sql").write_text("SELECT 1 AS a, TIMESTAMP '2024-01-01' AS c")
    (models / "inlined.sql").write_text(
        '-- metadata: {"materialization": "ephemeral"}\n'
        "SELECT regexp_replace(a, b, c, d) AS a, c FROM other"
    )
    project = load_project(folder)
    node = project.graph.node("m.t")
    assert isinstance(node, Model)
    return compiled_query(node, project.graph, project.variables)


def test_every_function_of_duckdb_is_called_as_it_is_written() -> None:
    """Its name and all of its arguments stay; what cannot be read is an error and no other call."""
    found = duckdb.sql(
        "SELECT DISTINCT function_name, len(parameters) FROM duckdb_functions() WHERE "
        "function_type IN ('scalar', 'aggregate', 'macro') "
        "AND regexp_full_match(function_name, '[a-z_0-9]+')"
    ).fetchall()
    changed, unread = [], []

    for name, count in found:
        text = f"SELECT {name}({', '.join(f'a{at}' for at in range(count))}) AS v FROM t"
        try:
            if written(text) != text:
                changed.append(text)
        except T4tError:
            unread.append(name)

    assert changed == []
    assert len(found) > 700
    assert set(unread) <= {"apply", "array_cat", "array_concat", "json_object", "list_concat",
                           "reduce"}  # fmt: skip


@pytest.mark.parametrize(
    "expression",
    [
        "'abc' ~ 'b'",
        "'abc' !~ 'b'",
        "'abc' ~ 'a.c'",
        "decode('\\xA0'::BLOB, 'replace')",
        "regexp_replace('aXa', 'x', 'y', lower('I'))",
        "floor(log2(8)) + log10(1000)",
        "jaro_winkler_similarity('ab', 'AB')",
        "reduce([1, 2], lambda a, b: a + b, 10)",
        "date_add(DATE '2024-01-31', INTERVAL 1 MONTH)",
        "json_extract_string('{\"a\": \"b\"}', 'a') BETWEEN 'a' AND 'c'",
        "any_value(x) FILTER (x > 1)",
        "first(x IGNORE NULLS ORDER BY x DESC)",
        "list(x ORDER BY x DESC)[1:2]",
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)",
        "sum(DISTINCT x) FILTER (WHERE x > 0)",
        "replace('a\n  b', '\n  ', ',')",
        "replace(  /* why */ 'a',\n'a', -- to what\n 'b')",
        "coalesce(NULL, (SELECT max(q.y) FROM (VALUES (4)) AS q(y)))",
        "strptime('2024-01-02', '%Y-%m-%d')",
        "'ab'.upper().length()",
        "DATE '2024-01-31'::TIMESTAMP",
        "TIMESTAMP '2024-01-31 10:00:00'::DATE::VARCHAR || 'x'",
        "TIMESTAMP WITH TIME ZONE '2024-01-31 10:00:00+00'::VARCHAR",
        "TIMESTAMP '2024-01-31'.year()",
        "TIME '10:00:00'::VARCHAR || DATE '2024-01-31'",
        "INTERVAL '1 day'::VARCHAR",
    ],
)
def test_an_expression_gives_what_it_gives_by_itself(expression: str) -> None:
    """The value and its type are those of the user's own text."""
    query = f"SELECT {expression} AS v FROM (VALUES (1), (2), (NULL)) AS t(x)"
    try:
        expected = duckdb.sql(query)
    except duckdb.Error:
        pytest.skip("this DuckDB knows no such expression")

    found = duckdb.sql(written(query))

    assert (found.fetchall(), found.types) == (expected.fetchall(), expected.types)


def test_what_is_in_a_call_is_replaced_all_the_same(tmp_path: Path) -> None:
    """Tables, values, functions of the project and ephemeral models."""
    found = compiled(
        tmp_path,
        "SELECT c, greatest(a, @small) AS g, coalesce(m.twice(a), log2(a)) AS t, "
        "ifnull(a, (SELECT max(a) FROM inlined)) AS i FROM other",
    )

    words = " ".join(found.sql.split())
    assert "@" not in words
    assert "greatest(a, 3)" in words
    assert "m.twice(a), log2(a)" in words
    assert "regexp_replace(a, b, c, d) AS a" in words
    assert "inlined" not in words.replace("AS inlined", "")


@pytest.mark.parametrize(
    ("value", "is_around"),
    [
        ("round(a, 1)", False),
        ("coalesce(sum(a) OVER (ORDER BY c), 0)", True),
        ("coalesce(m.twice(a), 0)", True),
    ],
)
def test_a_window_in_a_call_is_seen(tmp_path: Path, value: str, is_around: bool) -> None:
    """The filter by time stands around a query whose values may come of other rows."""
    query = compiled(tmp_path, f"SELECT c, {value} AS v FROM other")

    found = query.where("c", is_null).sql

    assert found.endswith("AS q\nWHERE q.c IS NULL") is is_around


@pytest.mark.parametrize("word", ["OR", "UNION ALL SELECT 1 AS v FROM t WHERE"])
def test_a_chain_may_be_as_long_as_sqlglot_reads(word: str) -> None:
    """Thousands of conditions or of unions are no nesting to the user."""
    terms = f" {word} ".join(f"log2(a) = {number}" for number in range(3000))

    text = written(f"SELECT 1 AS v FROM t WHERE {terms}")

    assert text.count("log2(a)") == 3000


def test_lineage_looks_into_calls() -> None:
    """A column comes from what a call is given."""
    other = TableRef("", "", "other")

    found = column_origins(
        parse_query("SELECT c, log2(a) AS g FROM other", PLACE), {other: ["a", "c"]}
    )

    assert found["g"] == (Origin(other, "a"),)
