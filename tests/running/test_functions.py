"""Functions of a project are there, and current, for the models that call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.commands.state import shown
from t4t_core.errors import ProjectError, SelectionError
from t4t_core.project.load import load_project


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "p")
    lab.sql("CREATE TABLE src AS SELECT 1 AS id, 10 AS c UNION ALL SELECT 2, 20")
    return lab


def function(lab: Lab, text: str, name: str = "m/f.sql") -> None:
    file = lab.folder / "functions" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def refused(lab: Lab) -> str:
    with pytest.raises(ProjectError) as caught:
        load_project(lab.folder)
    return str(caught.value)


@pytest.mark.parametrize("call", ["f(c)", "m.f(c)", "M.F(c)", "w.m.f(c)", "m.f(a := c)"])
def test_a_model_calls_a_function(lab: Lab, call: str) -> None:
    """Qualified by schema, by catalog or not at all, like a table."""
    function(lab, "CREATE OR REPLACE FUNCTION m.f(a) AS a * 2")
    lab.model(f"SELECT id, {call} AS c FROM main.src")

    report = lab.run()

    assert lab.rows() == [(1, 20), (2, 40)]
    assert any("MACRO m.f" in statement for statement in report.statements)


@pytest.mark.parametrize("strategy", ["append", "merge"])
def test_a_window_in_a_function_sees_the_rows_before_the_run(lab: Lab, strategy: str) -> None:
    """What a function looks at besides its row is not cut off by where the run reads from."""
    function(lab, "CREATE FUNCTION m.so_far(x, t) AS sum(x) OVER (ORDER BY t)", "m/so_far.sql")
    lab.model("SELECT id, c, so_far(c, id) AS total FROM main.src", incremental(strategy))
    lab.run()
    lab.sql("INSERT INTO src VALUES (3, 30)")

    later = lab.run()

    assert (later.mode, later.rows_inserted, later.rows_updated) == ("incremental", 1, 0)
    assert lab.rows() == [(1, 10, 10), (2, 20, 30), (3, 30, 60)] == lab.refreshed()


def test_functions_call_functions_and_read_models(lab: Lab) -> None:
    """Whatever a function reads runs before the model that calls it, at any distance."""
    function(lab, "CREATE MACRO m.f(x) AS g(x) + best()")
    function(lab, "CREATE MACRO g(x) AS x * 2", "m/g.sql")
    function(lab, "CREATE MACRO best() AS (SELECT max(v) FROM zz)", "m/best.sql")
    function(lab, "CREATE MACRO top(n) AS TABLE FROM zz ORDER BY v DESC LIMIT n", "m/top.sql")
    lab.model("SELECT 100 AS v UNION ALL SELECT 7", name="zz")
    lab.model("SELECT f(id) AS c FROM main.src UNION ALL SELECT v FROM top(1)", name="e")
    lab.model("SELECT 1", {"materialization": "ephemeral"}, name="unused")
    lab.model("SELECT f(id) AS c FROM main.src", {"materialization": "ephemeral"}, name="e2")
    lab.model("SELECT c FROM e UNION ALL SELECT c FROM e2")

    order = [str(node) for node in lab.project().graph.select(["+t"])]
    lab.run()

    assert order.index("m.zz") < order.index("m.e2") < order.index("m.t")
    assert lab.rows() == [(100,), (102,), (102,), (104,), (104,)]


def test_a_changed_function_is_a_changed_query(lab: Lab) -> None:
    """An incremental model is loaded in full, and the run says which function changed."""
    function(lab, "CREATE MACRO f(a) AS g(a)")
    function(lab, "CREATE MACRO g(a) AS a + 1", "m/g.sql")
    lab.model("SELECT id, c, f(id) AS v FROM main.src", incremental("merge"))
    lab.run()
    unchanged = lab.run()
    function(lab, "-- the same\nCREATE MACRO g(a) AS a+1", "m/g.sql")
    same = lab.run()
    function(lab, "CREATE MACRO g(a) AS a + 2", "m/g.sql")

    changed = lab.run()

    assert (unchanged.mode, same.mode) == ("incremental", "incremental")
    assert (changed.mode, changed.reason) == ("full", "the query changed: function m.g")
    assert lab.rows() == [(1, 10, 3), (2, 20, 4)]


def test_a_model_that_fails_leaves_its_functions(lab: Lab) -> None:
    """The function, the table, the ledger and the state stay as they were."""
    function(lab, "CREATE MACRO f(a) AS a + 1")
    lab.model("SELECT id, f(id) AS v FROM main.src")
    lab.run()
    before = lab.everything()
    function(lab, "CREATE MACRO f(a) AS a + 2")
    lab.model("SELECT id, error('no' || f(id)) AS v FROM main.src")

    lab.failure()

    assert lab.everything() == before
    assert lab.sql("SELECT m.f(1)") == [(2,)]


def test_functions_are_made_once(lab: Lab) -> None:
    """A run makes what is missing or changed and nothing else; the ledger knows each."""
    function(lab, "CREATE MACRO f(a) AS a + 1")
    lab.model("SELECT f(id) AS v FROM main.src")
    lab.run()
    again = lab.run()
    lab.sql("DROP MACRO m.f")
    repaired = lab.run()
    function(lab, "CREATE MACRO f(a) AS TABLE SELECT a AS v")
    lab.model("SELECT v FROM f(4)")
    other_kind = lab.run()

    assert not any("MACRO" in text for text in again.statements)
    assert any("MACRO" in text for text in repaired.statements)
    assert "DROP MACRO m.f" in other_kind.statements
    assert [row[1] for row in lab.ledger() if row[0] == "m.f()"] == [1, 2, 3]
    assert lab.sql("SELECT function_type FROM duckdb_functions() WHERE function_name = 'f'") == [
        ("table_macro",)
    ]


def test_a_foreign_function_is_not_replaced(lab: Lab) -> None:
    """Unless a full refresh is asked for."""
    lab.sql("CREATE SCHEMA m", "CREATE MACRO m.f(a) AS 'theirs'")
    function(lab, "CREATE MACRO f(a) AS 'ours'")
    lab.model("SELECT f(1) AS v")

    failed = lab.failure()
    done = lab.run(full_refresh=True)

    assert "t4t did not make it" in str(failed.error)
    assert done.status == "success"
    assert lab.rows() == [("ours",)]


def test_a_function_that_cannot_be_made_fails_its_model_alone(lab: Lab) -> None:
    """The error names the function's file."""
    function(lab, "CREATE MACRO f(a) AS no_such_function(a)")
    lab.model("SELECT f(1) AS v")
    lab.model("SELECT 1 AS v", name="other")

    failed = lab.failure()

    assert "functions/m/f.sql" in str(failed.error)
    assert "no_such_function" in str(failed.error)
    assert lab.rows("FROM m.other") == [(1,)]


@pytest.mark.parametrize("name", ["select", "Mixed Case", "o'clock", 'qu"ote'])
def test_names_are_quoted(lab: Lab, name: str) -> None:
    """Reserved words, blanks, quotes and capitals are names like others."""
    quoted = '"' + name.replace('"', '""') + '"'
    function(lab, f"CREATE MACRO m.{quoted}(a) AS a + 1", f"m/{name}.sql")
    lab.model(f"SELECT {quoted}(1) AS v, m.{quoted}(2) AS w")

    lab.run()

    assert lab.rows() == [(2, 3)]


PYTHON = """
from t4t.parser.processing.function_decorator import functions

BY = 3

@functions.python()
def times(x: int, label: str | None = None) -> int | None:
    return None if x == 0 else x * BY

@functions.python(null_handling="special", parameters=[{"name": "x", "type": "double"}],
                  return_type="varchar", deterministic=False)
def shown(x):
    return "nothing" if x is None else f"{x:.1f}"

@functions.sql(return_type="VARCHAR")
def loud(text: str, adapter_type: str = "") -> str:
    return f"upper({text}) || '{adapter_type}'"

@functions.sql("m.made")
def statement() -> dict[str, str]:
    return {"snowflake": "?", "duckdb": "CREATE FUNCTION made(a) AS times(a, 'x') + 1"}
"""


def test_python_functions(lab: Lab) -> None:
    """A Python function takes and gives typed values; NULL goes in only where it wants it."""
    function(lab, PYTHON, "m/py.py")
    lab.model(
        "SELECT times(4, 'a') AS a, times(0, 'a') AS b, times(NULL, 'a') AS c, "
        "m.shown(1) AS d, shown(NULL) AS e, loud('x') AS f, made(2) AS g, typeof(times(1, '')) AS h"
    )

    lab.run()

    assert lab.rows() == [(12, None, None, "1.0", "nothing", "Xduckdb", 7, "BIGINT")]


def test_a_changed_python_function_is_the_one_that_runs(lab: Lab) -> None:
    """Even while another connection of this process holds the old one; the load is in full."""
    function(lab, PYTHON, "m/py.py")
    lab.model("SELECT id, c, times(id, '') AS v FROM main.src", incremental("append"))
    lab.run()
    with duckdb.connect(str(lab.database)):
        assert lab.run().mode == "incremental"
        function(lab, PYTHON.replace("BY = 3", "BY = 5"), "m/py.py")

        changed = lab.run()

    assert changed.reason == "the query changed: function m.times"
    assert lab.rows() == [(1, 10, 5), (2, 20, 10)]


def test_a_python_function_that_raises_fails_the_model(lab: Lab) -> None:
    """Its words are in the error, and nothing is written."""
    function(lab, PYTHON.replace("x * BY", "x / 0"), "m/py.py")
    lab.model("SELECT times(id, '') AS v FROM main.src")

    failed = lab.failure()

    assert "ZeroDivisionError" in str(failed.error)


@pytest.mark.parametrize(
    ("files", "model", "words"),
    [
        pytest.param(
            {"m/f.sql": "CREATE MACRO f(a) AS g(a)", "m/g.sql": "CREATE MACRO g(a) AS m.f(a)"},
            "SELECT 1 AS v",
            "in a circle: m.f calls m.g calls m.f",
            id="circle",
        ),
        pytest.param(
            {"m/f.sql": "CREATE MACRO f() AS (SELECT max(v) FROM t)"},
            "SELECT f() AS v",
            "m.t reads itself",
            id="own-table",
        ),
        pytest.param(
            {"m/f.sql": "CREATE MACRO f() AS (SELECT max(v) FROM e)"},
            "SELECT f() AS v",
            "ephemeral",
            id="ephemeral",
        ),
        pytest.param({"m/py.py": PYTHON}, "V SELECT times(1, '') AS v", "a view cannot", id="view"),
        pytest.param({"m/py.py": PYTHON}, "V SELECT made(1) AS v", "a view cannot", id="view-far"),
        pytest.param({"m/py.py": PYTHON}, "V SELECT v FROM pe", "a view cannot", id="view-through"),
        pytest.param({"m/upper.sql": "CREATE MACRO upper(a) AS a"}, "", "SQL has", id="known"),
        pytest.param({"m/f.py": "x = 1"}, "", "declares no function", id="no-function"),
        pytest.param({"m/py.py": PYTHON + "x = 1 / 0"}, "", "ZeroDivisionError", id="raises"),
        pytest.param(
            {"m/f.py": "@functions.python()\ndef f(x): return x"}, "", "annotate it", id="untyped"
        ),
        pytest.param(
            {"m/f.py": "@functions.python()\ndef f(x: object) -> int: ..."}, "", "'x'", id="object"
        ),
        pytest.param(
            {"m/f.py": "@functions.sql()\ndef f(x): return 3"}, "", "returned a int", id="no-sql"
        ),
        pytest.param(
            {"m/f.sql": "CREATE MACRO f(a) AS a", "m/f.py": "metadata = {'colour': 1}"},
            "",
            "unknown key 'colour'",
            id="unknown-key",
        ),
        pytest.param(
            {"m/f.sql": "CREATE MACRO f(a) AS a", "m/f.py": "metadata = {'function_name': 'g'}"},
            "",
            "file and folder say m.f",
            id="other-name",
        ),
        pytest.param(
            {
                "m/f.sql": "CREATE MACRO f(a) AS a",
                "m/f.py": "metadata = {'source_sql_dialect': 'duckdbb'}",
            },
            "",
            "f.py: source_sql_dialect 'duckdbb' is unknown",
            id="dialect",
        ),
        pytest.param(
            {"m/f.py": "@functions.sql(source_sql_dialect='x')\ndef f(x): return 'x'"},
            "",
            "source_sql_dialect 'x' is unknown",
            id="dialect-in-python",
        ),
        pytest.param(
            {
                "m/f.sql": "CREATE MACRO f(a) AS a",
                "m/g.py": "@functions.sql('f')\ndef g(x): return x",
            },
            "",
            "made twice",
            id="twice",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    lab: Lab, files: dict[str, str], model: str, words: str
) -> None:
    """When the project is loaded, in words."""
    for name, text in files.items():
        function(lab, text, name)
    lab.model("SELECT 1 AS v", {"materialization": "ephemeral"}, name="e")
    if "m/py.py" in files:
        lab.model("SELECT times(1, '') AS v", {"materialization": "ephemeral"}, name="pe")
    kind = {"materialization": "view"} if model.startswith("V ") else None
    lab.model(model.removeprefix("V ") or "SELECT 1 AS v", kind)

    assert words in refused(lab)


def test_the_file_for_duckdb_is_taken(lab: Lab) -> None:
    """`f.duckdb.sql` stands for `f.sql`; files for other databases are left out."""
    function(lab, "this is for others", "m/f.sql")
    function(lab, "CREATE MACRO f(a) AS a + 5", "m/f.duckdb.sql")
    function(lab, "nor is this read", "m/f.snowflake.sql")
    metadata = {"description": "adds", "tags": ["math"], "source_sql_dialect": "generic"}
    function(lab, f"metadata = {metadata}", "m/f.py")
    lab.model("SELECT f(1) AS v")

    lab.run()

    found = lab.project().graph.functions["m", "f"]
    assert (found.config.description, found.config.tags) == ("adds", ("math",))
    assert lab.rows() == [(6,)]


def test_a_preview_knows_functions_that_are_not_made_yet(
    lab: Lab, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """`plan` and `compile` show what would be made, by its new definition, and make nothing."""
    function(lab, "CREATE MACRO f(a) AS g(a)")
    function(lab, "CREATE MACRO g(a) AS a + 1", "m/g.sql")
    function(lab, PYTHON, "m/py.py")
    lab.model("SELECT id, f(c) AS c, times(id, '') AS v FROM main.src", incremental("merge"))

    first = t4t_json("plan", lab.folder)["models"][0]
    compiled = t4t_json("compile", lab.folder)["models"][0]
    report = lab.run()
    same = t4t_json("plan", lab.folder)["models"][0]
    function(lab, "CREATE MACRO g(a, b := 2) AS a + b", "m/g.sql")
    function(lab, "CREATE MACRO f(a) AS g(a, 3)")
    later = t4t_json("plan", lab.folder)["models"][0]

    assert tuple(first["statements"]) == report.statements
    assert compiled["first_run"][:4] == first["statements"][:4]
    assert (same["mode"], later["error"]) == ("incremental", None)
    assert later["reason"] == "the query changed: function m.f, function m.g"
    assert lab.sql("SELECT m.f(1)") == [(2,)]


def test_a_model_may_read_a_view_that_calls_a_function(lab: Lab) -> None:
    """A view sees the function's new definition as soon as it is made."""
    function(lab, "CREATE MACRO f(a) AS a + 1")
    lab.model("SELECT id, f(id) AS v FROM main.src", {"materialization": "view"}, name="seen")
    lab.model("SELECT v FROM seen")
    first = lab.result("seen")
    lab.run()
    function(lab, "CREATE MACRO f(a) AS a + 2")

    second = lab.result("seen")

    assert lab.rows() == [(3,), (4,)]
    assert first.data_version != second.data_version


def test_sql_from_a_python_model_cannot_call_functions(lab: Lab) -> None:
    """Nothing could know before it runs that they have to be there."""
    function(lab, "CREATE MACRO f(a) AS a + 1")
    lab.python("from t4t_core import model\n@model('m.t')\ndef t(src): return 'SELECT f(1) AS v'")

    failed = lab.failure()

    assert "calls the function m.f" in str(failed.error)


def test_where_condition_calls_functions_by_their_schema(lab: Lab) -> None:
    """A condition over the table may call a function of SQL, with its schema."""
    function(lab, "CREATE MACRO f(a) AS a >= 0")
    sql = "SELECT id, c FROM main.src"
    lab.model(sql, incremental("delete_insert", where_condition="m.f(c) AND c >= @start_date"))
    lab.run()
    lab.run()
    metadata = incremental("delete_insert", where_condition="f(c) AND c >= @start_date")
    (lab.folder / "models/m/t.sql").write_text(f"-- metadata: {json.dumps(metadata)}\n{sql}\n")

    assert "write it with its schema: m.f" in refused(lab)


def test_the_schema_may_be_called_as_the_database(lab: Lab) -> None:
    """DuckDB takes `m.f` for ambiguous then; the catalog is written before it."""
    (lab.folder / "project.toml").write_text('[connection]\npath = "m.duckdb"\nschema = "m"\n')
    function(lab, "CREATE MACRO m.f(a) AS TABLE SELECT a + (SELECT max(v) FROM m.one) AS v")
    lab.model("SELECT 1 AS v", name="one")
    lab.model(
        "SELECT v FROM m.f(2) UNION ALL SELECT v FROM f(3)",
        incremental("append", time_column="v"),
    )

    report = lab.result()
    again = lab.result()

    assert report.status == again.status == "success"
    assert (report.mode, again.mode) == ("full", "incremental")
    with duckdb.connect(str(lab.folder / "m.duckdb")) as connection:
        assert sorted(connection.execute("FROM m.m.t").fetchall()) == [(3,), (4,)]


def test_a_function_is_no_row_of_the_state(lab: Lab) -> None:
    """`tee_state.db` and `t4t state show` speak of tables alone."""
    function(lab, "CREATE FUNCTION m.f(x) AS x * 2")
    lab.model("SELECT m.f(1) AS n")

    lab.run()

    assert [row[0] for row in lab.state_rows()] == ["m.t"]
    assert [row["model_name"] for row in shown(lab.project())] == ["m.t"]


def test_functions_that_no_model_calls_are_made_too(
    lab: Lab, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """For other clients, by a run of everything, after the models that they read."""
    function(lab, "CREATE MACRO f(a) AS g(a) + (SELECT max(v) FROM t)")
    function(lab, "CREATE MACRO g(a) AS a", "m/g.sql")
    function(lab, "CREATE MACRO broken() AS no_such_thing()", "m/broken.sql")
    lab.model("SELECT 3 AS v")
    lab.model("SELECT 3 AS v", name="other")

    part = t4t_json("run", lab.folder, "-s", "other")
    whole = t4t_json("run", lab.folder)
    again = t4t_json("run", lab.folder)

    assert [model["model_name"] for model in part["models"]] == ["m.other"]
    assert {(m["model_name"], m["status"]) for m in whole["models"] if "()" in m["model_name"]} == {
        ("m.broken()", "failed"),
        ("m.f()", "success"),
        ("m.g()", "success"),
    }
    assert (whole["status"], whole["exit_status"]) == ("failed", 1)
    assert [m["model_name"] for m in again["models"] if "()" in m["model_name"]] == ["m.broken()"]
    assert lab.sql("SELECT m.f(1)") == [(4,)]


def test_a_function_selects_the_models_that_call_it(lab: Lab) -> None:
    """`function+` is what calls it, at any distance, and what reads that."""
    function(lab, "CREATE MACRO f(a) AS g(a)")
    function(lab, "CREATE MACRO g(a) AS a", "m/g.sql")
    lab.model("SELECT f(1) AS v")
    lab.model("SELECT v FROM t", name="below")
    lab.model("SELECT 1 AS v", name="other")
    graph = lab.project().graph

    assert [str(node) for node in graph.select(["m.g+"])] == ["m.t", "m.below"]
    with pytest.raises(SelectionError, match="is a function"):
        graph.select(["m.f"])
