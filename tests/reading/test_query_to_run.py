"""What reaches the database of a query."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from t4t_core import load_project
from t4t_core.planning.compiled import compiled_query

TOML = '[connection]\npath = "data/x.duckdb"\n[vars]\nsmallest = 3\n'


def to_run(folder: Path, sql: str) -> str:
    models = folder / "models" / "m"
    models.mkdir(parents=True)
    (folder / "project.toml").write_text(TOML)
    (models / "t.sql").write_text(sql)
    (models / "other.sql").write_text("SELECT 1 AS a")
    project = load_project(folder)
    model = next(model for model in project.models if model.name.name == "t")
    return compiled_query(model, project.graph, project.variables).sql


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
