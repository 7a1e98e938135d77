"""What each data test finds, on the tables as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from running_lab import Lab

from t4t_core.data_tests.alone import tables_tested
from t4t_core.errors import ProjectError
from t4t_core.planning.request import Request
from t4t_core.report import CheckReport, Report

NOON = datetime(2024, 3, 10, 12, tzinfo=UTC)


def looked_at(lab: Lab, *select: str, **variables: object) -> Report:
    """Runs the project's tests on its tables as they are, one and three at a time."""
    project = lab.project(**variables)
    request = Request(variables=project.variables, now=NOON)
    nodes = project.graph.select(select)
    report, other = (tables_tested(project, nodes, request, threads=n) for n in (1, 3))
    one, three = ([replace(test, duration_s=0) for test in r.tests] for r in (report, other))
    assert one == three
    return report


def found(lab: Lab, rows: str, metadata: dict[str, Any], **variables: object) -> list[CheckReport]:
    """What the tests of `m.t` find in the table of a query."""
    lab.sql("CREATE SCHEMA IF NOT EXISTS m", f"CREATE OR REPLACE TABLE m.t AS {rows}")
    lab.model("SELECT 1 AS a", metadata)
    return list(looked_at(lab, **variables).tests)


def on(column: str, *tests: object) -> dict[str, Any]:
    return {"schema": [{"name": column, "tests": list(tests)}]}


def entry(name: str, where: str | None = None, **params: object) -> dict[str, object]:
    return {"name": name, "params": params} | ({"where": where} if where else {})


VALUES = "SELECT * FROM (VALUES {}) AS v({})"


def values(columns: str, *rows: str) -> str:
    return VALUES.format(", ".join(rows), columns)


@pytest.mark.parametrize(
    ("rows", "metadata", "failures"),
    [
        (values("a", "(1)", "(NULL)", "(NULL)"), on("a", "not_null"), 2),
        (values("a", "(1)"), on("A", "not_null"), 0),
        (values('"Or der"', "(1)", "(NULL)"), on("or der", "not_null"), 1),
        (values('"sel""ect"', "(1)", "(NULL)"), on('sel"ect', "not_null"), 1),
        (values('"select"', "(1)", "(1)", "(2)"), on("select", "unique"), 1),
        (values("a", "(1)", "(NULL)", "(NULL)"), on("a", "unique"), 0),
        (
            values("a, b", "(1, NULL)", "(1, NULL)", "(1, 2)"),
            {"tests": [entry("unique", columns=["a", "b"])]},
            1,
        ),
        (values("a, copies", "(1, 2)", "(1, 3)"), {"tests": [entry("unique", column="copies")]}, 0),
        (values("a, b", "(1, [2])", "(1, [2])", "(1, NULL)"), {"tests": ["unique"]}, 1),
        (values("a, b", "(1, NULL)", "(1, NULL)"), {"tests": ["no_duplicates"]}, 1),
        (
            values("a", "('x')", "(NULL)", "('it''s')"),
            on("a", entry("accepted_values", values=["x", "it's"])),
            0,
        ),
        (values("a", "('x')", "('y')"), on("a", entry("accepted_values", values=["x", None])), 1),
        (values("a", "(1)", "(-2)", "(3)"), on("a", entry("accepted_values", values=[1, -2])), 1),
        (
            values("a", "('2024-01-01')", "('other')"),
            on("a", entry("accepted_values", values=["2024-01-01"])),
            1,
        ),
        (
            values("a", "(DATE '2024-01-01')"),
            on("a", entry("accepted_values", values=["2024-01-01"])),
            0,
        ),
        (
            values("a", "(1)", "(NULL)", "(0)"),
            {"tests": [entry("expression", expression="a > 0")]},
            2,
        ),
        (
            values("a", "(1)", "(NULL)"),
            {"tests": [entry("expression", expression="a > 0 OR a IS NULL")]},
            0,
        ),
        (
            values("a", "(1)", "(-1)"),
            {"tests": [entry("expression", "a < 0 OR FALSE", expression="t.a > 0")]},
            1,
        ),
        ("SELECT 1 AS a WHERE FALSE", {"tests": ["row_count_gt_0"]}, 1),
        (values("a", "(1)"), {"tests": [entry("row_count_gt_0", "a > 1")]}, 1),
        (values("a", "(1)", "(2)"), {"tests": [entry("row_count_eq", value=2)]}, 0),
        (values("a", "(1)", "(2)"), {"tests": [entry("row_count_eq", value=3)]}, 1),
    ],
    ids=lambda value: str(value).replace("SELECT * FROM ", "")[:60],
)
def test_rows_that_break_a_rule(
    lab: Lab, rows: str, metadata: dict[str, Any], failures: int
) -> None:
    """The violating rows are counted, with NULLs, odd names and empty tables as documented."""
    (report,) = found(lab, rows, metadata)

    assert report.error is None
    assert report.failures == failures
    assert report.status == ("failed" if failures else "passed")
    assert len(lab.sql(report.sql)) == failures


@pytest.mark.parametrize(
    ("params", "failures"),
    [
        ({"to": "m.other", "field": "id"}, 1),
        ({"table": "other", "column": "id"}, 1),
        ({"to": '"m"."OTHER"', "field": '"ID'}, None),
        ({"to": "m.other", "fields": ["id", "b"], "source_fields": ["a", "b"]}, 2),
        ({"to": "m.t", "field": "a"}, 0),
        ({"to": "brought", "field": "id"}, 2),
    ],
    ids=["to", "table", "no-such-column", "two-columns", "itself", "source"],
)
def test_relationships(lab: Lab, params: dict[str, object], failures: int | None) -> None:
    """Values that the other table does not hold are found; a NULL refers to nothing."""
    lab.sql(
        "CREATE SCHEMA m",
        "CREATE TABLE m.other AS SELECT * FROM (VALUES (1, 1), (2, 2), (NULL, NULL)) AS v(id, b)",
        "CREATE TABLE main.brought AS SELECT 2 AS id",
    )
    lab.model("SELECT 1 AS id, 1 AS b", name="other")

    rows = values("a, b", "(1, 1)", "(2, 1)", "(7, 7)", "(NULL, 9)")
    (report,) = found(lab, rows, on("a", entry("relationships", **params)))

    assert report.status == {None: "error", 0: "passed"}.get(failures, "failed")
    assert report.failures == (failures or 0)


def test_where_narrows_relationships_and_sees_other_tables(lab: Lab) -> None:
    """`where` is about the tested rows, may be qualified by the table and may read others."""
    lab.sql("CREATE SCHEMA m", "CREATE TABLE m.other AS SELECT 1 AS id")
    lab.model("SELECT 1 AS id", name="other")
    where = "t.a NOT IN (SELECT id FROM other) AND a < @most"
    test = entry("relationships", where, to="m.other", field="id")

    (report,) = found(lab, values("a", "(1)", "(5)", "(9)"), on("a", test), most=9)

    assert report.sample == (("5",),)


@pytest.mark.parametrize(
    ("newest", "max_age", "failures"),
    [
        ("TIMESTAMP '2024-03-08 12:00:00'", "2 days", 0),
        ("TIMESTAMP '2024-03-08 11:59:59'", "2 days", 1),
        ("TIMESTAMPTZ '2024-03-08 13:00:00+01'", "48 hours", 0),
        ("TIMESTAMPTZ '2024-03-08 12:30:00+01'", "48 hours", 1),
        ("TIMESTAMP_NS '2024-03-08 12:00:00'", "2 days", 0),
        ("TIMESTAMP_NS '2024-03-08 11:59:59.999999999'", "2 days", 1),
        ("DATE '2024-03-09'", "1 day", 0),
        ("DATE '2024-03-08'", "1 day", 1),
        ("TIMESTAMP 'infinity'", "1 day", 1),
        ("NULL::TIMESTAMP", "1 day", 1),
        ("'yesterday'", "1 day", None),
    ],
)
def test_freshness(lab: Lab, newest: str, max_age: str, failures: int | None) -> None:
    """The newest finite time is compared with the moment of the run, in the column's own kind."""
    test = entry("freshness", time_column="At", max_age=max_age)

    (report,) = found(lab, f"SELECT {newest} AS at", {"tests": [test]})

    assert report.status == {None: "error", 0: "passed", 1: "failed"}[failures]
    assert (report.error is not None) == (failures is None)


def test_a_sample_holds_any_value_as_text(lab: Lab) -> None:
    """Values that neither Python nor JSON can hold are text, and `limit` bounds the rows."""
    rows = (
        "SELECT NULL AS a, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS \"a b\", {'x': [1]} AS s, "
        "'1e400'::VARCHAR AS n, DATE '0044-03-15 (BC)' AS d FROM range(9)"
    )

    (report,) = found(lab, rows, {"tests": [entry("not_null", column="a") | {"limit": 2}]})

    assert report.failures == 9
    assert report.columns == ("a", "a b", "s", "n", "d")
    assert len(report.sample) == 2
    assert report.sample[0][0] is None
    assert report.sample[0][2:] == ("{'x': [1]}", "1e400", "0044-03-15 (BC)")


def test_sql_tests_get_names_and_typed_values(lab: Lab) -> None:
    """`@table_name` and `@column_name` are names, whatever they hold; the rest are literals."""
    (lab.folder / "tests" / "deep").mkdir(parents=True)
    (lab.folder / "tests" / "deep" / "floor.sql").write_text(
        "SELECT @table_name.*, '@table_name' AS of FROM @table_name "
        "WHERE @column_name < @least:-5 AND {{ word | default('a;b') }} <> @other"
    )
    column = 'a" OR 1=1 --'
    rows = 'SELECT range::INTEGER - 8 AS "a"" OR 1=1 --" FROM range(5)'
    metadata = on(column, "floor", entry("floor", least=-7, other="'; DROP TABLE m.t; --"))

    by_default, by_params = found(lab, rows, metadata, other="x")

    assert by_default.name == f"floor({column})"
    assert [row[0] for row in by_default.sample] == ["-8", "-7", "-6"]
    assert by_default.sample[0][1] == "m.t"
    assert (by_params.name, by_params.failures) == (f"floor({column}) #2", 1)


def test_tests_of_ephemeral_models_see_the_rows_of_their_readers(lab: Lab) -> None:
    """There is no table to look at, so the tests look at the query."""
    metadata = {"materialization": "ephemeral", **on("a", "unique", "not_null")}
    lab.model("SELECT * FROM (VALUES (1), (1), (2)) AS v(a)", metadata)

    unique, not_null = looked_at(lab).tests

    assert (unique.failures, unique.sample) == (1, (("1", "2"),))
    assert not_null.status == "passed"


def test_all_tests_run_whatever_the_others_find(lab: Lab) -> None:
    """A missing column and a failing cast are errors of one test each, also for warnings."""
    metadata = {
        "tests": [
            entry("not_null", column="nope"),
            entry("expression", expression="a::INTEGER > 0") | {"severity": "warn"},
            "row_count_gt_0",
        ]
    }

    reports = found(lab, "SELECT 'x' AS a", metadata)

    assert [report.status for report in reports] == ["error", "error", "passed"]
    assert "nope" in str(reports[0].error)


def test_a_table_that_was_not_built_is_an_error_with_a_hint(lab: Lab) -> None:
    """Nothing is made by testing, not even the database."""
    lab.model("SELECT 1 AS a", {"tests": ["row_count_gt_0"]})

    (report,) = looked_at(lab).tests

    assert report.status == "error"
    assert "there is no table m.t yet" in str(report.error)
    assert "t4t build" in str(report.error)
    assert not lab.database.exists()


def test_placeholders_of_tests_need_values(lab: Lab) -> None:
    """What nothing sets is told before any test runs; a run without tests does not need it."""
    (lab.folder / "tests").mkdir()
    (lab.folder / "tests" / "s.sql").write_text("SELECT 1\nFROM m.t WHERE a = @one AND 1 = @two:2")
    lab.model("SELECT 1 AS a", {"tests": [entry("expression", expression="a < @three")]})

    lab.run()
    with pytest.raises(ProjectError) as caught:
        looked_at(lab)

    assert "s.sql:2:20: nothing sets the placeholder @one" in str(caught.value)
    assert "@three" in str(caught.value)
    assert "@two" not in str(caught.value)


def test_selected_tables_bring_their_tests(lab: Lab) -> None:
    """A singular test belongs to the last model it reads; one that reads none, to the whole."""
    (lab.folder / "tests" / "unit").mkdir(parents=True)
    for name, text in {
        "both": "SELECT * FROM t JOIN m.next USING (a) WHERE a > 1",
        "none": "SELECT 1 WHERE FALSE",
        "unit/ours": "not a query",
        "_draft": "not a query",
    }.items():
        (lab.folder / "tests" / f"{name}.sql").write_text(text)
    lab.model("SELECT 1 AS a", on("a", "not_null"))
    lab.model("SELECT a FROM m.t", {"tags": ["late"]}, name="next")
    lab.run()

    whole = [(test.name, test.model_name, test.status) for test in looked_at(lab).tests]
    late = [test.name for test in looked_at(lab, "tag:late").tests]

    assert whole == [
        ("not_null(a)", "m.t", "passed"),
        ("both", "m.next", "passed"),
        ("none", None, "passed"),
    ]
    assert late == ["both"]


def test_tests_are_no_part_of_the_definition(lab: Lab) -> None:
    """A model whose tests changed is the same model: no full load, the same hashes."""
    metadata: dict[str, Any] = {
        "materialization": "incremental",
        "incremental": {"strategy": "append", "append": {"time_column": "c"}},
    }
    lab.sql("CREATE TABLE src AS SELECT TIMESTAMP '2024-01-01' AS c")
    lab.model("SELECT c FROM src", metadata)
    first = lab.run()
    lab.model("SELECT c FROM src", metadata | {"tests": ["unique"]})

    second = lab.run()

    assert second.mode == "incremental"
    assert (second.sql_hash, second.config_hash) == (first.sql_hash, first.config_hash)
    assert replace(second, tests=()) == second
