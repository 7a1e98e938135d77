"""What reaches the database of a query."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from t4t_core import load_project
from t4t_core.planning.compiled import compiled_query
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.text import Sql

READS_TABLE = pytest.mark.skipif(
    tuple(map(int, version("sqlglot").split(".")[:2])) < (30, 30),
    reason="this sqlglot does not read `TABLE name`",
)
TOML = '[connection]\npath = "data/x.duckdb"\n[vars]\nsmallest = 3\n'


def to_run(folder: Path, sql: str, *, is_ephemeral: bool = False) -> str:
    return query_to_run(folder, sql, is_ephemeral=is_ephemeral).sql


def query_to_run(folder: Path, sql: str, *, is_ephemeral: bool = False) -> QueryText:
    models = folder / "models" / "m"
    models.mkdir(parents=True)
    (folder / "project.toml").write_text(TOML)
    (models / "t.sql").write_text(sql)
    metadata = '-- metadata: {"materialization": "ephemeral"}\n' * is_ephemeral
    (models / "other.sql").write_text(f"{metadata}SELECT 1 AS a")
    project = load_project(folder)
    model = next(model for model in project.models if model.name.name == "t")
    return compiled_query(model, project.graph, project.variables)


def test_a_table_is_made_from_the_users_own_text(tmp_path: Path) -> None:
    """Layout, comments and spelling stay; what stands around the query is left out."""
    sql = "select 2^3,\n       [1, 2][1]  -- kept\nfrom m.other"

    assert to_run(tmp_path, f"-- first\n{sql} ; -- last\n") == sql


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT a FROM other WHERE a > 1", id="a bare name of a model"),
        pytest.param("SELECT a FROM m.other WHERE a > @smallest", id="a placeholder"),
    ],
)
def test_what_must_be_replaced_is(tmp_path: Path, sql: str) -> None:
    """Names and values are filled in, so the text is written anew."""
    found = to_run(tmp_path, sql)

    assert "m.other" in found
    assert "@" not in found


@pytest.mark.parametrize("is_ephemeral", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("TABLE other", marks=READS_TABLE),
        pytest.param("TABLE OTHER", marks=READS_TABLE),
        pytest.param("TABLE OTHER ORDER BY OTHER.a", marks=READS_TABLE),
        pytest.param("SELECT * FROM (TABLE/**/Other)", marks=READS_TABLE),
        pytest.param("TABLE m.other UNION ALL TABLE OTHER", marks=READS_TABLE),
        "SELECT * FROM (SUMMARIZE OTHER)",
        "SELECT * FROM (DESCRIBE OTHER) AS d",
    ],
)
def test_a_table_is_replaced_where_no_name_can_stand_beside_it(
    tmp_path: Path, sql: str, is_ephemeral: bool
) -> None:
    """Its query's own name for it is written only where SQL lets it."""
    database = duckdb.connect()
    database.execute("CREATE SCHEMA m; CREATE TABLE m.other AS SELECT 1 AS a")
    expected = database.execute(f"SET search_path = 'm'; {sql}").fetchall()
    database.execute("SET search_path = 'main'")
    if is_ephemeral:
        database.execute("DROP TABLE m.other")

    found = to_run(tmp_path, sql, is_ephemeral=is_ephemeral)

    assert database.execute(found).fetchall() == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM m.other WHERE EXISTS (SELECT 1 FROM n.other WHERE n.other.a = m.other.a)",
        "SELECT a FROM x.m.Other WHERE a NOT IN (SELECT a + 1 FROM n.other AS o WHERE o.a = a)",
        "SELECT m.other.a, n.other.a FROM m.other JOIN n.other ON n.other.a = m.other.a",
        "SELECT (SELECT max(n.other.a + m.other.a) FROM n.other) AS s FROM m.other",
    ],
)
def test_an_ephemeral_model_is_not_taken_for_a_table_of_its_name(tmp_path: Path, sql: str) -> None:
    """Where the query tells them apart by their schemas, so does what runs."""
    database = duckdb.connect()
    database.execute("ATTACH ':memory:' AS x; USE x; CREATE SCHEMA m; CREATE SCHEMA n")
    database.execute("CREATE TABLE n.other AS SELECT 2 AS a; CREATE TABLE m.other AS SELECT 1 AS a")
    expected = database.execute(sql).fetchall()
    database.execute("DROP TABLE m.other")

    found = to_run(tmp_path, sql, is_ephemeral=True)

    assert database.execute(found).fetchall() == expected


@READS_TABLE
def test_a_window_stands_around_a_table_statement(tmp_path: Path) -> None:
    """`TABLE name` has no WHERE that a filter could join."""
    query = query_to_run(tmp_path, "TABLE OTHER")

    filtered = query.where("a", lambda a: Sql(f"{a} > 1")).sql

    assert filtered == "SELECT *\nFROM (\nFROM m.other AS OTHER\n) AS q\nWHERE q.a > 1"


@pytest.mark.parametrize("call", ["d -> '{}'", "d ->> '{}'", "json_extract_string(d, '{}')"])
@pytest.mark.parametrize(
    "path", ["http.code", "$.http.code", "a[0]", "*", "", "$", "$..code", "/http/code", "a b"]
)
def test_a_path_into_json_is_as_it_is_written(tmp_path: Path, call: str, path: str) -> None:
    """Text without `$` names a key, whatever stands in it, also where the query is written anew."""
    document = {"http.code": 1, "http": {"code": 2}, "a[0]": 3, "*": 4, "": 5, "a b": 6, "a": [7]}
    call = call.format(path)
    values = f"(SELECT '{json.dumps(document)}'::JSON AS d)"

    sql = to_run(tmp_path, f"SELECT {call} AS v FROM {values}, other WHERE a < @smallest")

    written = duckdb.sql(f"SELECT {call} FROM {values}").fetchall()
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA m; CREATE TABLE m.other AS SELECT 1 AS a")
        assert connection.execute(sql).fetchall() == written


@pytest.mark.parametrize(
    "value",
    """
    l[@smallest] l[len(l)] l[len(l)-1] l[2] l[-1] l[a] l[2:@smallest] t[@smallest] m[@smallest]
    [7,8,9][@smallest]
    """.split(),  # noqa: SIM905  a list of strings would be longer
)
def test_an_index_is_as_it_is_written(tmp_path: Path, value: str) -> None:
    """A list counts from 1, whether the index is a number, a call or a variable's value."""
    rows = "(SELECT [3, 6, 9] AS l, 'abc' AS t, MAP {3: 'x'} AS m)"

    sql = to_run(tmp_path, f"SELECT {value} AS v FROM {rows}, other WHERE a < @smallest")

    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA m; CREATE TABLE m.other AS SELECT 1 AS a")
        written = value.replace("@smallest", "3")
        expected = connection.execute(f"SELECT {written} FROM {rows}, m.other").fetchall()
        assert connection.execute(sql).fetchall() == expected
