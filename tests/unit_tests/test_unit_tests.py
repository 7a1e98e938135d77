"""`t4t test --unit`: rows in, runs in memory, the table compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
RunJson = Callable[..., dict[str, Any]]

MERGE = """\
-- metadata: {"materialization": "incremental", "incremental": {"strategy": "merge",
--   "merge": {"unique_key": "id", "time_column": "at", "lookback": "1 day"}}}
SELECT o.id, o.amount, o.at, c."Name" AS name
FROM raw.orders AS o JOIN staging.customers AS c ON c.id = o.customer
"""
EPHEMERAL = """\
-- metadata: {"materialization": "ephemeral"}
SELECT id, upper("Name") AS "Name" FROM crm.main.people
"""
MODELS = {"mart/orders.sql": MERGE, "staging/customers.sql": EPHEMERAL}
PEOPLE = '"crm.main.people": [{"id": 1, "Name": "ada"}]'


@pytest.fixture
def tested(project: Make, t4t_json: RunJson) -> Callable[..., list[dict[str, Any]]]:
    """Runs unit tests, given as the text of a list; gives what `--json` says of each."""

    def run(tests: str, models: dict[str, str] | None = None, **options: Any) -> list[Any]:
        folder = project(models or MODELS, **options)
        file = folder / "tests" / "unit" / "cases.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"from datetime import date, datetime\nunit_tests = {tests}\n")
        printed = t4t_json("test", folder, "--unit")
        assert not (folder / "data").exists(), "the project's database is not touched"
        failed = [test for test in printed["tests"] if test["status"] == "failed"]
        assert printed["status"] == ("failed" if failed else "success")
        assert printed["exit_status"] == (1 if failed else 0)
        return printed["tests"]

    return run


Tested = Callable[..., list[dict[str, Any]]]


def test_a_later_run_goes_on_from_the_table_before(tested: Tested) -> None:
    """The window starts at the table's greatest time, and the other rows stay."""
    (found,) = tested(
        f"""[{{
        "name": "late", "model": "orders",
        "given": {{{PEOPLE}, "raw.orders": [
            {{"id": 1, "customer": 1, "amount": 5.5, "at": "2024-01-03"}},
            {{"id": 2, "customer": 1, "amount": 9, "at": "2024-01-01"}}]}},
        "table_before": [
            {{"id": 1, "amount": 1, "at": "2024-01-02", "name": None}},
            {{"ID": 2, "amount": 1, "at": date(2024, 1, 3)}}],
        "expect": [{{"ID": 1, "amount": 5.5, "name": "ADA"}},
                   {{"ID": 2, "amount": 1, "name": None}}],
        "mode": "incremental", "rows_updated": 1, "rows_inserted": 0, "watermark": "2024-01-03",
        }}]"""
    )

    assert found["error"] is None
    assert (found["model"], found["test"], found["kind"]) == ("mart.orders", "late", "unit")


@pytest.mark.parametrize(
    ("before", "mark", "amount"),
    [
        ("2024-01-05", "2024-01-05", 1),
        ("2024-01-02", None, 9),
        ("2024-01-05", "2024-01-02", 9),
    ],
    ids=["greatest", "earlier", "by-hand"],
)
def test_the_watermark_before_decides_what_is_read(
    tested: Tested, before: str, mark: str | None, amount: int
) -> None:
    """It is the greatest time of the table before, unless the test says another."""
    written = f'"watermark_before": "{mark}",' if mark else ""
    (found,) = tested(
        f"""[{{
        "name": "mark", "model": "mart.orders",
        "given": {{{PEOPLE}, "raw.orders": "id,customer,amount,at\\n3,1,9,2024-01-02"}},
        "table_before": "id,amount,at\\n3,1,{before}", {written}
        "expect": [{{"id": 3, "amount": {1 if before > "2024-01-03" else amount}}}],
        "rows_inserted": 0, "rows_updated": {int(before < "2024-01-03")},
        }}]"""
    )

    assert found["error"] is None


def test_several_runs_share_one_database(tested: Tested) -> None:
    """Tables that a run gives are replaced, others stay; types hold for all runs together."""
    (found,) = tested(
        """[{
        "name": "runs", "model": "mart.orders",
        "given": {"staging.customers": [{"id": 1, "Name": "as given"}]},
        "runs": [
            {"given": {"raw.orders": [{"id": 1, "customer": 1, "amount": 7, "at": "2024-01-01"}]},
             "mode": "full", "expect": [{"amount": 7.0, "name": "as given"}]},
            {"given": {"raw.orders": [{"id": 2, "customer": 1, "amount": 7.5,
                                       "at": datetime(2024, 1, 1, 10)}]},
             "mode": "incremental", "rows_inserted": 1, "watermark": datetime(2024, 1, 1, 10),
             "expect": {"sql": "SELECT 1 AS id, 7 AS amount UNION ALL SELECT 2, 7.5"}},
            {"rows_inserted": 0, "rows_updated": 0, "rows_deleted": 0},
            {"given": {"raw.orders": []}, "full_refresh": True, "mode": "full", "expect": []},
        ]}]"""
    )

    assert found["error"] is None


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ('[{"id": 1, "n": 2}]', ["missing 1 2", "unexpected 1 1"]),
        ('[{"id": 1}, {"id": 1}]', ["missing 1"]),
        ("[]", ["unexpected 1 1 NULL 2024-01-01 1.50"]),
        ('[{"n": 1.4}]', ["missing 1.4", "unexpected 1"]),
        ('[{"d": datetime(2024, 1, 1, 5)}]', ["missing 2024-01-01 05:00:00"]),
        ('[{"d": "2024-01-01T05:00"}]', ["missing 2024-01-01 05:00:00"]),
        ('[{"x": 1.504}]', ["missing 1.504"]),
        ('[{"t": "NULL"}]', ["missing NULL", "unexpected NULL"]),
        ('[{"n": "1"}]', ["'1' in the column 'n', which is INTEGER"]),
        ('[{"t": 1}]', ["1 in the column 't', which is VARCHAR"]),
        ('[{"nn": 1}]', ["the column 'nn', which the table does not have (did you mean 'n'?)"]),
        ('[{"id": 1, "n": 1}, {"id": 2}]', ["row 2 of 'expect' leaves out n"]),
        ('"id,N\\n1,2"', ["missing 1 2"]),
        ('{"sql": "SELECT 2 AS id"}', ["missing 2", "unexpected 1"]),
        ('{"sql": "DROP TABLE x"}', ["this is not a query but the statement DROP"]),
    ],
    ids=[
        "value",
        "twice",
        "no-rows",
        "rounded-number",
        "cut-off-time",
        "cut-off-text-time",
        "rounded-decimal",
        "null-and-its-name",
        "text-for-number",
        "number-for-text",
        "unknown-column",
        "uneven-rows",
        "csv",
        "query",
        "statement",
    ],
)
def test_what_differs_is_shown(tested: Tested, expect: str, told: list[str]) -> None:
    """Rows that are missing and rows that should not be there, whatever the types."""
    query = (
        "SELECT id, 1 AS n, CAST(NULL AS VARCHAR) AS t, DATE '2024-01-01' AS d, 1.50 AS x FROM src"
    )

    (found,) = tested(
        f'[{{"name": "x", "model": "s.m", "given": {{"src": [{{"id": 1}}]}}, "expect": {expect}}}]',
        {"s/m.sql": query},
    )

    assert found["status"] == "failed"
    error = " ".join(found["error"].split())
    assert all(text in error for text in told), found["error"]


def test_equal_values_of_other_types_are_equal(tested: Tested) -> None:
    """Dates and moments as text, whole numbers for decimals, NULLs, lists, zones."""
    query = """SELECT DATE '2024-01-01' AS d, TIMESTAMPTZ '2024-01-01 12:00:00+02' AS z, 2.00 AS n,
        CAST(0.1 AS FLOAT) AS f, NULL AS nothing, [1, 2] AS list, 'infinity'::TIMESTAMP AS far,
        '2024-01-01' AS text, "select" AS quoted FROM "or der"."sel.ect" """

    (found,) = tested(
        """[{"name": "x", "model": "s.m", "given": {"or der.sel.ect": [{"select": True}]},
        "expect": [{"d": "2024-01-01", "z": "2024-01-01T10:00", "n": 2, "f": 0.1, "nothing": None,
            "list": [1, 2], "far": "infinity", "text": "2024-01-01", "quoted": True}]}]""",
        {"s/m.sql": query},
    )

    assert found["error"] is None


def test_at_most_ten_rows_of_each_side_are_shown(tested: Tested) -> None:
    """The rest is counted, and the statements that ran come with the report."""
    (found,) = tested(
        '[{"name": "x", "model": "s.m", "expect": [{"n": -1}]}]',
        {"s/m.sql": "SELECT * FROM range(1000, 1100) AS r (n)"},
    )

    assert found["error"].count("unexpected  10") == 10
    assert "and 90 more unexpected" in found["error"]
    assert "range(1000, 1100)" in found["statements"][-1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (f"{{{PEOPLE}}}", "'given' has no rows for raw.orders, which mart.orders reads"),
        (f'{{{PEOPLE}, "raw.order": []}}', "which mart.orders does not read (did you mean"),
        (f'{{{PEOPLE}, "raw.orders": []}}', "a table without rows needs to know its columns"),
        (f'{{{PEOPLE}, "raw.orders": {{"sql": "SELEC 1"}}}}', "cannot be read"),
    ],
    ids=["not-given", "not-read", "no-columns", "broken-sql"],
)
def test_wrong_input_is_a_failure_that_names_it(tested: Tested, given: str, told: str) -> None:
    """Nothing is made up for a table or a column that the test does not give."""
    (found,) = tested(f'[{{"name": "x", "model": "mart.orders", "given": {given}, "expect": []}}]')

    assert found["status"] == "failed"
    assert told in found["error"]


@pytest.mark.parametrize(
    "before", ["", '"table_before": [{"id": 1, "at": "2024-01-01"}],'], ids=["first", "later"]
)
def test_a_column_that_the_test_does_not_give_is_told(tested: Tested, before: str) -> None:
    """The error says which columns its tables have."""
    given = f'{{{PEOPLE}, "raw.orders": [{{"id": 1}}]}}'

    (found,) = tested(
        f'[{{"name": "x", "model": "mart.orders", {before} "given": {given}, "expect": []}}]'
    )

    assert "the test gives crm.main.people (id, Name), raw.orders (id)" in found["error"]


def test_types_of_an_input_come_from_its_metadata(tested: Tested) -> None:
    """A column that the metadata of an upstream model types needs no value; `types` goes first."""
    models = {
        "a/up.sql": """-- metadata: {"schema": [{"name": "seen", "datatype": "TIMESTAMP"},
            -- {"name": "code", "datatype": "VARCHAR"}, {"name": "n", "datatype": "BIGINT"}]}
            SELECT 1 AS seen, 2 AS code, 3 AS n""",
        "a/down.sql": "SELECT typeof(seen) AS a, typeof(code) AS c, typeof(n) AS n, typeof(x) AS x "
        "FROM up",
    }

    (found,) = tested(
        """[{"name": "x", "model": "a.down",
        "given": {"a.up": [{"seen": "2024-01-01", "code": "2024-01-01", "x": None}]},
        "types": {"up": {"N": "HUGEINT", "x": "DOUBLE[]"}},
        "expect": [{"a": "TIMESTAMP", "c": "VARCHAR", "n": "HUGEINT", "x": "DOUBLE[]"}]}]""",
        models,
    )

    assert found["error"] is None


def test_an_expected_error_leaves_the_table(tested: Tested) -> None:
    """A run that is to fail must say so; another error, or none, fails the test."""
    rows = '{"id": None, "customer": 1, "amount": 1, "at": "2024-01-03"}'
    test = f"""{{"model": "mart.orders", "given": {{{PEOPLE}, "raw.orders": [{rows}]}},
        "table_before": [{{"id": 1, "at": "2024-01-01"}}], "expect": [{{"id": 1}}]"""

    found = tested(
        f'[{test}, "name": "a", "expect_error": "NULL in"}},'
        f' {test}, "name": "b", "expect_error": "nothing like it"}}, {test}, "name": "c"}}]'
    )

    assert found[0]["error"] is None
    assert [one["status"] for one in found] == ["success", "failed", "failed"]
    assert "should have failed with 'nothing like it', and said:" in found[1]["error"]
    assert "the run failed: " in found[2]["error"]
    assert "make " not in found[2]["error"]


def test_variables_and_the_clock(tested: Tested) -> None:
    """A run's variables go over the test's, these over the project's; `now` is the clock."""
    query = """-- metadata: {"materialization": "incremental", "incremental": {"strategy": "append",
        --  "append": {"time_column": "d", "start_date": "CURRENT_DATE"}}}
        SELECT d, @a || @b || @c AS v FROM src"""

    (found,) = tested(
        """[{"name": "x", "model": "s.m", "now": "2024-01-02T00:00:00",
        "vars": {"b": "B", "c": "C"},
        "given": {"src": "d\\n2024-01-01\\n2024-01-02"},
        "runs": [{"vars": {"c": "own"}, "expect": [{"d": "2024-01-02", "v": "aBown"}]},
                 {"now": "2024-01-03T00:00:00Z", "full_refresh": True, "expect": []}]}]""",
        {"s/m.sql": query},
        toml='\n[vars]\na = "a"\nb = "b"\n',
    )

    assert found["error"] is None


@pytest.mark.parametrize("kind", ["view", "table", "ephemeral", "python"])
def test_every_kind_of_model_has_unit_tests(tested: Tested, kind: str) -> None:
    """Views, tables, functions, and ephemeral models, which are run as tables."""
    model = {"s/m.sql": f'-- metadata: {{"materialization": "{kind}"}}\nSELECT n + 1 AS n FROM b'}
    if kind == "python":
        model = {
            "s/m.py": "import pandas as pd\nfrom t4t_core import model\n\n@model\n"
            "def m(b: pd.DataFrame) -> pd.DataFrame:\n    return b.assign(n=b['n'] + 1)\n"
        }

    found = tested(
        """[{"name": "x", "model": "s.m", "given": {"b": [{"n": 1}, {"n": 1}]},
             "expect": [{"n": 2}, {"n": 2}]},
            {"name": "y", "model": "s.m", "given": {"b": [{"n": 1}]},
             "table_before": [{"n": 0}], "expect": [{"n": 2}]}]""",
        {"raw/b.sql": "SELECT 1 AS other", **model},
        toml="",
        toml_file='[connection]\npath = "data/w.duckdb"\nschema = "raw"\n',
    )

    assert found[0]["error"] is None
    assert "which every run makes anew" in found[1]["error"]


def test_an_incremental_function_goes_on(tested: Tested) -> None:
    """A Python model sees the bounds of a later run, and its table is added to."""
    model = """
from t4t_core import model

@model(materialization="incremental",
       incremental={"strategy": "append", "append": {"time_column": "c"}})
def m(src, context):
    assert context.lower is None or str(context.lower) == "5"
    return src
"""

    (found,) = tested(
        """[{"name": "x", "model": "s.m", "given": {"src": [{"c": 4}, {"c": 6}]},
             "table_before": [{"c": 5}], "expect": [{"c": 5}, {"c": 6}]}]""",
        {"s/m.py": model},
    )

    assert found["error"] is None


def test_a_history_goes_on(tested: Tested) -> None:
    """The table before has the columns of the history, and its open versions are closed."""
    query = """-- metadata: {"materialization": "scd2", "scd2":
        --  {"strategy": "timestamp", "unique_key": "id", "updated_at": "seen"}}
        SELECT id, city, seen FROM src"""

    (found,) = tested(
        """[{"name": "x", "model": "s.m",
        "given": {"src": [{"id": 1, "city": "Lyon", "seen": "2024-03-01T00:00"}]},
        "table_before": [{"id": 1, "city": "Paris", "seen": "2024-01-01T00:00",
                          "valid_from": "2024-01-01T00:00", "valid_to": None}],
        "expect": [
            {"city": "Paris", "valid_from": "2024-01-01", "valid_to": "2024-03-01"},
            {"city": "Lyon", "valid_from": "2024-03-01", "valid_to": None}],
        }]""",
        {"s/m.sql": query},
    )

    assert found["error"] is None


def test_columns_may_come_and_go_between_runs(tested: Tested) -> None:
    """An input has the columns that its own rows name, so a changed schema can be tested."""
    query = """-- metadata: {"materialization": "incremental", "incremental":
        --  {"strategy": "append", "append": {"time_column": "c"}, "on_schema_change": "%s"}}
        SELECT * FROM src"""
    test = """{"name": "x", "model": "s.%s", "runs": [
        {"given": {"src": [{"c": 1}]}},
        {"given": {"src": [{"c": 2, "new": "@here"}]}, %s}]}"""

    found = tested(
        f"""[{test % ("a", '"expect": [{"c": 1, "new": None}, {"c": 2, "new": "@here"}]')},
             {test % ("b", '"expect_error": "new VARCHAR is new"')}]""",
        {"s/a.sql": query % "append_new_columns", "s/b.sql": query % "fail"},
    )

    assert [one["error"] for one in found] == [None, None]


def test_rows_of_a_query_take_variables(tested: Tested) -> None:
    """In what is given and what is expected; a value that DuckDB does not know fails the test."""
    found = tested(
        """[{"name": "x", "model": "s.m", "vars": {"own": 2},
             "given": {"src": {"sql": "SELECT @own AS a, @all AS b"}},
             "expect": {"sql": "SELECT @own AS a, @all AS b"}},
            {"name": "y", "model": "s.m", "given": {"src": [{"a": object()}]}, "expect": []}]""",
        {"s/m.sql": "SELECT * FROM src"},
        toml="\n[vars]\nall = 1\n",
    )

    assert found[0]["error"] is None
    assert "object" in found[1]["error"]


def test_functions_of_the_project_are_there(project: Make, t4t: Run) -> None:
    """SQL and Python functions are made for each test; what they read is given too."""
    folder = project(
        {
            "s/m.sql": """-- metadata: {"materialization": "incremental", "incremental":
            --  {"strategy": "append", "append": {"time_column": "c"}}}
            SELECT c, s.twice(c) AS v, s.most() AS most FROM src""",
            "s/m.py": """
unit_tests = [
    {
        "name": "goes on",
        "given": {"src": [{"c": 2}], "other": [{"n": 7}]},
        "table_before": [{"c": 1, "v": 0, "most": 0}],
        "runs": [{"expect": [{"c": 1, "v": 0, "most": 0}, {"c": 2, "v": 4, "most": 7}]}, {}],
    },
    {"name": "not given", "given": {"src": [{"c": 2}]}, "expect_error": "x"},
]
""",
        }
    )
    (folder / "functions" / "s").mkdir(parents=True)
    functions = folder / "functions" / "s"
    (functions / "twice.sql").write_text("CREATE OR REPLACE FUNCTION s.twice(x) AS 2 * x")
    (functions / "most.sql").write_text("CREATE FUNCTION s.most() AS (SELECT max(n) FROM other)")

    result = t4t("test", folder, "--unit")

    assert "passed  s.m: goes on" in result.stderr
    assert "'given' has no rows for main.other" in result.stderr
    assert "1 passed, 1 failed" in result.stderr


MISTAKES = {
    "unknown-key": ('[{"name": "x", "model": "s.m", "expected": []}]', "did you mean 'expect'"),
    "no-name": ('[{"model": "s.m", "expect": []}]', "'name' is missing"),
    "no-model": ('[{"name": "x", "expect": []}]', "does not say of which model it is"),
    "other-model": ('[{"name": "x", "model": "s.mm", "expect": []}]', "did you mean 's.m'"),
    "seed": ('[{"name": "x", "model": "s.seed", "expect": []}]', "s.seed is a seed"),
    "nothing": ('[{"name": "x", "model": "s.m"}]', "expects nothing"),
    "rows": ('[{"name": "x", "model": "s.m", "expect": [1]}]', "rows are a list of dicts"),
    "twice": (
        '[{"name": "x", "model": "m", "expect": []}, {"name": "X", "model": "s.m", "expect": []}]',
        "two unit tests called 'X'",
    ),
    "both": (
        '[{"name": "x", "model": "s.m", "expect": [], "runs": [{"expect": []}]}]',
        "stands in 'runs'",
    ),
    "in-a-run": (
        '[{"name": "x", "model": "s.m", "runs": [{"mode": "ful"}]}]',
        "unit_tests[0]['runs']['0']: 'mode' is 'ful'",
    ),
    "no-list": ('{"name": "x"}', "dict is no list"),
}


@pytest.mark.parametrize(("tests", "told"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_test_that_is_written_wrongly_runs_nothing(
    project: Make, t4t: Run, tests: str, told: str
) -> None:
    """The error names the file with the line; the exit status says that nothing ran."""
    folder = project({"s/m.sql": "SELECT 1 AS a"}, {"s/seed.csv": "a\n1\n"})
    (folder / "tests" / "unit").mkdir(parents=True)
    (folder / "tests" / "unit" / "x.py").write_text(f"\nunit_tests = {tests}\n")

    result = t4t("test", folder, "--unit")

    assert result.exit_code == 2
    assert told in result.stderr
    assert "unit/x.py" in result.stderr


def test_tests_stand_beside_their_models(project: Make, t4t: Run) -> None:
    """A file beside a `.sql` needs no metadata, and each test finds its own model."""
    case = 'unit_tests = [{"name": "one", "given": {}, "expect": [{"a": %s}]}]\n'
    folder = project(
        {
            "s/x.sql": '-- metadata: {"tags": ["t"]}\nSELECT 1 AS a',
            "s/x.py": case % 1,
            "s/y.py": 'from t4t_core import create_model\ncreate_model("y", "SELECT 2 AS a")\n'
            + case % 3,
        }
    )

    both = t4t("test", folder, "--unit")
    one = t4t("test", folder, "--unit", "-s", "tag:t")
    ran = t4t("run", folder)

    assert both.exit_code == 1
    assert "passed  s.x: one" in both.stderr
    assert "FAILED  s.y: one" in both.stderr
    assert f"{folder}/models/s/y.py:3: the table is not as expected" in both.stderr
    assert "SELECT 2 AS a" in both.stderr
    assert "1 passed, 1 failed" in both.stderr
    assert (one.exit_code, ran.exit_code) == (0, 0)
    assert "1 passed, 0 failed" in one.stderr
