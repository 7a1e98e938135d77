"""Tests as users write them: every form, and every mistake with what to do about it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from test_query_to_run import READS_TABLE

from t4t_core.errors import Place, ProjectError
from t4t_core.names import TableName
from t4t_core.parsing.query import parse_query
from t4t_core.parsing.test_query import parse_test
from t4t_core.project.load import load_project
from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.names import table
from t4t_core.sql.test_query import with_names

Make = Callable[..., Path]
PLACE = Place(Path("least.sql"))


def _project(make: Make, metadata: dict[str, object], **sql_tests: str) -> Path:
    folder = make({"s/t.sql": f"-- metadata: {json.dumps(metadata)}\nSELECT 1 AS a"})
    (folder / "tests").mkdir()
    for name, text in sql_tests.items():
        (folder / "tests" / f"{name}.sql").write_text(text)
    return folder


def _names(folder: Path) -> list[tuple[str, str]]:
    project = load_project(folder)
    return [(check.name, check.severity) for check in project.checks.of(("s", "t"))]


def test_every_form_of_an_entry(project: Make) -> None:
    """A name alone, `name` or `test`, severities in any case; what comes twice is run once."""
    metadata = {
        "schema": [
            {
                "name": "a",
                "tests": [
                    "primary_key",
                    "not_null",
                    {"test": "not_null", "severity": "WARN"},
                    {"name": "not_null", "where": "a > 1"},
                    "of_column",
                ],
            }
        ],
        "tests": [
            "unique",
            {"name": "primary_key", "params": {"columns": ["a", "b"]}, "severity": "warning"},
            {"name": "freshness", "params": {"column": "a", "max_age": "1 day"}},
            {"name": "of_table", "severity": "error"},
        ],
    }
    folder = _project(
        project,
        metadata,
        of_column="SELECT * FROM @table_name WHERE @column_name = 1",
        of_table='-- metadata: {"severity": "warning"}\nSELECT * FROM {{ table_name }}',
    )

    assert _names(folder) == [
        ("not_null(a)", "error"),
        ("unique(a)", "error"),
        ("not_null(a) #2", "warning"),
        ("not_null(a) #3", "error"),
        ("of_column(a)", "error"),
        ("unique", "error"),
        ("not_null(a, b)", "warning"),
        ("unique(a, b)", "warning"),
        ("freshness(a)", "error"),
        ("of_table", "error"),
    ]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("not_nul", "there is no test 'not_nul' (did you mean 'not_null'?)"),
        ("least_rows", "(did you mean 'least'?)"),
        ({"name": "unique", "severity": "fatal"}, "'severity' is 'fatal'"),
        ({"name": "unique", "parameters": {}}, "unknown key 'parameters' (did you mean 'params'?)"),
        ({"name": "unique", "colunm": "a"}, "unknown key 'colunm' (what a test needs stands in"),
        ({"name": "relationships", "to": "x"}, "unknown key 'to' (what a test needs stands in"),
        ({"name": "unique", "test": "unique"}, "'test' is another name for 'name'"),
        ({"params": {}}, "'name' is missing"),
        ("not_null", "test 'not_null': 'columns' is missing"),
        ({"name": "not_null", "params": {"col": "a"}}, "unknown key 'col' (did you mean 'columns'"),
        ({"name": "accepted_values", "params": {"column": "a", "values": []}}, "'values'"),
        (
            {
                "name": "relationships",
                "params": {"columns": ["a"], "to": "x", "fields": ["a", "b"]},
            },
            "1 columns cannot be looked up in 2",
        ),
        ({"name": "expression", "params": {"expression": "a >"}}, "'a >' is not a condition"),
        (
            {"name": "expression", "params": {"expression": "a); DROP TABLE t"}},
            "is not a condition",
        ),
        ({"name": "unique", "where": "SELECT 1"}, "'SELECT 1' is not a condition"),
        (
            {"name": "freshness", "params": {"column": "a", "max_age": "soon"}},
            "'soon' is not an age",
        ),
        ({"name": "freshness", "params": {"column": "a", "max_age": 2}}, "2 is not an age"),
        ({"name": "expression", "params": {"expression": 1}}, "1 is not a condition"),
        (
            {"name": "relationships", "params": {"columns": "a", "to": 5, "fields": "a"}},
            "5 is not a table's name",
        ),
        ({"name": "row_count_eq", "params": {"value": -1}}, "'value'"),
        ({"name": "least", "params": {"colum": 1}}, "has no parameter 'colum'"),
        ({"name": "least", "where": "a > 1"}, "says itself what it is about"),
        ("of_column", "is about a column (@column_name)"),
        (
            {"name": "not_null", "params": {"column": "a", "columns": ["b"]}},
            "column is another name for columns: write one of them",
        ),
        (
            {
                "name": "freshness",
                "params": {"time_column": "a", "column": "b", "max_age": "1 day"},
            },
            "time_column is another name for column",
        ),
        (
            {
                "name": "relationships",
                "params": {"columns": "a", "source_fields": "b", "to": "x", "field": "c"},
            },
            "source_fields is another name for columns",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_its_file(project: Make, test: object, words: str) -> None:
    """The error names the file and the model, and stands beside the project's other mistakes."""
    folder = _project(
        project,
        {"tests": [test, "another"]},
        least="SELECT 1 FROM @table_name HAVING count(*) < @n:1",
        of_column="SELECT @column_name FROM @table_name",
        broken="SELECT FROM",
    )

    with pytest.raises(ProjectError) as caught:
        load_project(folder)

    texts = [str(problem) for problem in caught.value.problems]
    assert any(words in text and "t.sql" in text and "model s.t" in text for text in texts), texts
    assert any("broken.sql" in text for text in texts)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"unique": "SELECT 1"}, "'unique' is a test that is there already"),
        ({"a/x": "SELECT 1", "b/x": "SELECT 2"}, "the test 'x' is there twice"),
        ({"x": "DELETE FROM t"}, "not a query but the statement DELETE"),
        ({"x": '-- metadata: {"sevrity": "warning"}\nSELECT 1'}, "did you mean 'severity'?"),
        ({"x": "SELECT @n:1 + @n:2"}, "@n has two defaults"),
        ({"x": "SELECT 1 AS @n"}, "not a value"),
    ],
    ids=["name-of-a-kind", "twice", "no-query", "comment", "two-defaults", "no-value"],
)
def test_mistakes_in_files_of_sql_tests(project: Make, files: dict[str, str], words: str) -> None:
    """Files are read with the project, whether or not a model names them."""
    folder = _project(project, {})
    for name, text in files.items():
        file = folder / "tests" / f"{name}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    with pytest.raises(ProjectError, match=r"tests/") as caught:
        load_project(folder)

    assert words in str(caught.value)


def test_a_generic_test_that_nobody_names_is_told(
    project: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """It would silently test nothing."""
    folder = _project(project, {}, lonely="SELECT * FROM @table_name WHERE a = 2")

    with caplog.at_level(logging.WARNING, "t4t_core.checks"):
        load_project(folder)

    assert "'lonely' is never used" in caplog.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT @n:10", "10"),
        ("SELECT @n:-1.50", "(-1.5)"),
        ("SELECT @n:'it''s; --'", "'it''s; --'"),
        ("SELECT @n:true", "TRUE"),
        ("SELECT @n:null", "NULL"),
        ("SELECT @n:'2024-01-01'", "CAST('2024-01-01' AS DATE)"),
        ("SELECT @n::DATE, @n:5", "5::DATE, 5"),
        ("SELECT {{ n | default('a') }}", "'a'"),
        ("SELECT a<@n:3", "a<3"),
        ("SELECT x[@n:2 : 3]", "x[2 : 3]"),
        ("SELECT '@n:10'", "'@n:10'"),
        ("SELECT -@column_name", '-"or der"'),
        ("SELECT 1<@column_name", '1<"or der"'),
        ("SELECT @table_name.@column_name", '"T a"."or der"'),
        ("SELECT '@column_name'", "'or der'"),
    ],
)
def test_names_and_defaults_are_found_on_tokens(text: str, expected: str) -> None:
    """A default is the literal that touches its colon; a name is quoted wherever it stands."""
    query = parse_test(text, PLACE, "duckdb")
    values = {"column_name": "or der"}

    read = StandIn(table(TableName("s", "T a")), "T a")
    fill = with_names(Fill(PLACE, values), read, "T a", "or der")

    assert query.filled(fill).sql == f"SELECT {expected}"


def test_a_table_is_read_wherever_its_name_stands() -> None:
    """In FROM it is the table, under the alias that is written; qualifiers follow."""
    text = (
        "WITH c AS (SELECT * FROM @table_name AS x) "
        "SELECT @table_name.a FROM {{ table_name }} JOIN c ON c.a = @table_name.a"
    )
    query = parse_test(text, PLACE, "duckdb")

    fill = with_names(Fill(), StandIn(table(TableName("s", "t")), "t"), "t", None)

    assert query.tables == ()
    assert query.filled(fill).sql == (
        "WITH c AS (SELECT * FROM s.t AS x) SELECT t.a FROM s.t JOIN c ON c.a = t.a"
    )


@READS_TABLE
def test_a_table_is_read_by_its_name_alone() -> None:
    """`TABLE name` is a query of its own."""
    query = parse_test("TABLE @table_name", PLACE, "duckdb")

    fill = with_names(Fill(), StandIn(table(TableName("s", "T a")), "T a"), "T a", None)

    assert query.filled(fill).sql == 'FROM s."T a"'


def test_a_default_is_no_part_of_a_model() -> None:
    """Only tests have defaults: in a model's SQL the colon stays what DuckDB takes it for."""
    query = parse_query("SELECT x[@n:3]", PLACE)

    found = query.filled(Fill(PLACE, {"n": 1})).sql

    assert found == "SELECT x[1:3]"
