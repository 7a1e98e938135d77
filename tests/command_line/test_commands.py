"""What each command does and prints when all is well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
RunJson = Callable[..., dict[str, Any]]
Process = Callable[..., subprocess.CompletedProcess[str]]
Query = Callable[..., list[tuple[Any, ...]]]

MERGE = """\
-- metadata: {"materialization": "incremental", "tags": ["core"],
--   "incremental": {"strategy": "merge",
--     "merge": {"unique_key": "id", "time_column": "t", "lookback": "1 day"}}}
SELECT id, t FROM raw.orders WHERE id < @most
"""
MODELS = {
    "s/orders.sql": MERGE,
    "s/recent.sql": '-- metadata: {"materialization": "view"}\nSELECT * FROM s.orders',
    "s/base.sql": '-- metadata: {"materialization": "ephemeral"}\nSELECT count(*) AS n FROM recent',
    "s/total.sql": "SELECT n FROM base",
    "other.sql": "SELECT 1 AS a",
}
# Everything whose SQL t4t reads: each part of it, parsed at each load, would take its time.
WHOLE = {
    "models/s/made.py": (
        "from t4t_core import create_model\n"
        "create_model(table_name='s.made', sql='SELECT 1 AS a', metadata={})\n"
    ),
    "models/s/days.sql": """\
-- metadata: {"materialization": "incremental", "incremental": {"strategy": "delete_insert",
--   "delete_insert": {"time_column": "t", "start_date": "2024-01-01",
--     "where_condition": "s.days.t >= @start_date"}}}
SELECT id, t FROM s.orders""",
    "models/s/orders.py": """\
metadata = {
    "materialization": "incremental",
    "incremental": {"strategy": "merge", "merge": {
        "unique_key": "id", "time_column": "t", "delete_when": "source.twice < 0",
        "incremental_predicates": ["target.id < @most"]}},
    "pre_hook": "CREATE TABLE IF NOT EXISTS s.log (name VARCHAR)",
    "post_hook": ["INSERT INTO s.log VALUES ('@table_name'), (@most)"],
    "schema": [{"name": "id", "datatype": "int8", "tests": ["unique", {
        "name": "relationships", "params": {"to": "raw.orders", "field": "id"}}]}],
    "tests": [{"name": "expression", "params": {"expression": "id > 0"}, "where": "id < @most"},
              {"name": "least", "params": {"n": 1}}]}
""",
    "models/s/files.sql": "SELECT * FROM read_csv('seeds/raw/*.csv')",
    "models/s/orders.sql": "SELECT id, t, s.twice(id) AS twice, s.plus(id) AS p FROM raw.orders",
    "models/s/recent.sql": '-- metadata: {"materialization": "view"}\nSELECT * FROM s.orders',
    "seeds/raw/orders.py": 'metadata = {"schema": [{"name": "id", "datatype": "bigint"}]}',
    "functions/s/twice.sql": "CREATE FUNCTION s.twice(a BIGINT) RETURNS BIGINT AS $$ a * 2 $$",
    "functions/s/made.py": (
        "from t4t_core import functions\n"
        "@functions.sql(function_name='s.plus', return_type='int')\n"
        "def plus(a):\n    return f'{a} + 1'\n"
        "@functions.python(function_name='s.same', parameters=[{'name': 'a', 'type': 'int'}],"
        " return_type='int')\n"
        "def same(a):\n    return a\n"
    ),
    "tests/least.sql": "SELECT * FROM @table_name WHERE id < @n:0",
    "tests/alone.sql": "SELECT * FROM s.orders WHERE id IS NULL",
    "tests/functions/twice.sql": "SELECT s.twice(2) = 4",
}
SEEDS = {"raw/orders.csv": "id,t\n1,2024-01-01 00:00:00\n2,2024-01-02 00:00:00\n"}
LIBRARIES = {"dagster", "duckdb", "numpy", "pandas", "pyarrow", "pydantic", "sqlglot", "tabulate"}
# Where there is no terminal, nobody else holds the file, the project has no functions, and no
# lineage or page is asked for.
SELDOM = {
    "asyncio",
    "dagster",
    "difflib",
    "multiprocessing",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "sqlglot.lineage",
    "sqlglot.optimizer.optimizer",
    "sqlglot.optimizer.qualify",
    "pydantic",
    "t4t_core.project.functions",
    "t4t_core.project.public_modules",
    "t4t_core.site",
    "t4t_core.testing",
    "t4t_core.typing",
    "t4t_core.unit_tests",
    "tenacity",
    "tqdm",
    "unittest",
}
# DuckDB 1.4 imports them itself when it is given a parameter.
OF_DUCKDB = {"numpy", "pandas", "pyarrow"}
RUNNING = {"t4t_core.planning.plan", "t4t_core.running.run", "t4t_core.strategies.merge"}
READING = """\
from pydantic import BaseModel

class Row(BaseModel):
    a: int

@model
def m() -> str:
    return "SELECT 1 AS a"
"""
PLUGIN = """\
print("imported")

class Looking:
    def new_schema_validator(self, schema, schema_type, path, *_):
        if path.name == "Row":
            print("looked")
        return None, None, None

plugin = Looking()
"""
KEYS = [
    "model_name",
    "materialization",
    "strategy",
    "mode",
    "reason",
    "status",
    "error",
    "rows_inserted",
    "rows_updated",
    "rows_deleted",
    "row_count",
    "last_processed_value",
    "duration_s",
]


@pytest.fixture
def shop(project: Make) -> Path:
    return project(MODELS, SEEDS, toml="\n[vars]\nmost = 100\n")


@pytest.fixture
def whole(project: Make) -> Path:
    """A project with SQL in every place that may hold some, of another dialect than DuckDB's."""
    folder = project({}, SEEDS, toml="\n[vars]\nmost = 100\n")
    settings = folder / "project.toml"
    settings.write_text('source_sql_dialect = "postgres"\n' + settings.read_text())
    for path, content in WHOLE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def _names(printed: dict[str, Any]) -> list[str]:
    return [model["model_name"] for model in printed["models"]]


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        pytest.param(("--help",), LIBRARIES, id="help"),
        pytest.param(("run", "--help"), LIBRARIES, id="help of a command"),
        pytest.param(("init", "{new}"), LIBRARIES, id="init"),
        pytest.param(("run", "{shop}"), SELDOM | {"sqlglot"}, id="run"),
        pytest.param(("run", "--json", "{shop}"), SELDOM | {"sqlglot", "tabulate"}, id="json"),
        pytest.param(("plan", "{shop}"), SELDOM | {"sqlglot", "tabulate"}, id="plan"),
        pytest.param(("compile", "{shop}"), SELDOM | {"sqlglot", "tabulate"}, id="compile"),
        pytest.param(("state", "show", "{shop}"), SELDOM | RUNNING | {"sqlglot"}, id="state show"),
        pytest.param(("debug", "{shop}"), (SELDOM | RUNNING) - {"difflib"}, id="debug"),
    ],
)
def test_a_command_imports_no_library_that_it_does_not_need(
    arguments: tuple[str, ...], needless: set[str], shop: Path, t4t: Run, tmp_path: Path
) -> None:
    """What takes long to import is imported by the commands that use it, and there alone."""
    assert t4t("build", shop).exit_code == 0
    if duckdb.__version__ < "2":
        needless = needless - OF_DUCKDB
    places = {"{shop}": str(shop), "{new}": str(tmp_path / "new")}

    assert _imported(needless, [places.get(word, word) for word in arguments]) == "[]"


@pytest.mark.parametrize("command", ["build", "run --changed", "test", "seed", "plan", "compile"])
def test_where_no_file_has_changed_no_command_imports_what_reads_it(
    command: str, whole: Path, t4t: Run
) -> None:
    """What was read of hooks, functions, tests, conditions and types is kept as queries are.

    And so is what metadata says.
    """
    built = t4t("build", whole)
    assert built.exit_code == 0, built.output

    assert _imported({"pydantic", "sqlglot"}, [*command.split(), str(whole)]) == "[]"


def _imported(needless: set[str], arguments: list[str]) -> str:
    """Which of the modules a command imports that succeeds, as Python shows the list."""
    code = (
        "import atexit, sys\n"
        f"needless = {sorted(needless)}\n"
        "atexit.register(lambda: print([n for n in needless if n in sys.modules]))\n"
        "from t4t_core.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"m.sql": "SELECT 1 AS a"}, "", id="SQL"),
        pytest.param(
            {"m.py": READING, "a.sql": "SELECT 1 AS a"}, "imported\nlooked\n", id="Python"
        ),
    ],
)
def test_plugins_of_pydantic_are_for_python_code(
    files: dict[str, str],
    expected: str,
    project: Make,
    t4t_process: Process,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A project's Python code has the plugins that are installed; t4t itself looks for none."""
    installed = tmp_path / "installed"
    (installed / "looking-1.0.dist-info").mkdir(parents=True)
    (installed / "looking-1.0.dist-info" / "METADATA").write_text("Name: looking\nVersion: 1.0\n")
    (installed / "looking-1.0.dist-info" / "entry_points.txt").write_text(
        "[pydantic]\nlooking = looking:plugin\n"
    )
    (installed / "looking.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)

    result = t4t_process("run", project(files))

    assert result.returncode == 0, result.stderr
    assert result.stdout == expected


@pytest.mark.parametrize(
    "command", ["init", "seed", "compile", "plan", "run", "build", "state", "debug"]
)
def test_every_command_explains_itself(command: str, t4t: Run) -> None:
    """Each command has a help text with its arguments and options."""
    result = t4t(command, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_init_makes_a_project_that_builds(tmp_path: Path, t4t: Run, t4t_json: RunJson) -> None:
    """A new project builds at once, and a second build changes nothing in its tables."""
    folder = tmp_path / "new shop"

    assert t4t("init", folder).exit_code == 0
    first, second = t4t_json("build", folder), t4t_json("build", folder)

    assert first["status"] == second["status"] == "success"
    assert _names(first) == ["raw.orders", "analytics.orders", "analytics.customers"]
    assert [model["mode"] for model in second["models"]] == ["skipped", "incremental", "full"]
    assert second["models"][1]["rows_inserted"] == 0


def test_build_json_is_one_object_with_the_keys_of_the_contract(shop: Path, t4t: Run) -> None:
    """`--json` prints one object on standard output and nothing else anywhere."""
    result = t4t("build", shop, "--json")

    assert result.exit_code == 0
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1
    printed = json.loads(result.stdout)
    assert printed["status"] == "success"
    assert _names(printed) == ["main.other", "raw.orders", "s.orders", "s.recent", "s.total"]
    for model in printed["models"]:
        assert set(KEYS) <= set(model)
    orders = printed["models"][2]
    assert orders["strategy"] == "merge"
    assert orders["mode"] == "full"
    assert orders["rows_inserted"] == orders["row_count"] == 2
    assert orders["last_processed_value"] == "2024-01-02T00:00:00"


@pytest.mark.parametrize("command", ["run", "plan", "compile", "debug", "state"])
def test_json_is_one_object_for_a_wrong_project_too(command: str, project: Make, t4t: Run) -> None:
    """Programs that read standard output get an object whatever happens."""
    folder = project({"m.sql": "SELECT 1; SELECT 2"})
    arguments = [command, "show", folder] if command == "state" else [command, folder]

    result = t4t(*arguments, "--json")

    assert result.exit_code == 2
    printed = json.loads(result.stdout)
    assert printed["status"] == "failed"
    assert printed["models"] == []
    assert "m.sql:1:11" in printed["error"]


def test_log_lines_are_those_of_the_seed(shop: Path, t4t: Run) -> None:
    """The first and later runs log the lines that the incremental example shows."""
    t4t("seed", shop)

    first = t4t("run", shop, "-s", "s.orders").stderr.splitlines()
    later = t4t("run", shop, "-s", "s.orders").stderr.splitlines()

    running = "Running incremental merge for s.orders with auto start_date"
    assert first[:3] == [
        "INFO - ExecutionEngine - Executing model: s.orders",
        "INFO - DuckDBAdapter - Created table: s.orders",
        "INFO - ExecutionEngine - Successfully executed s.orders with 2 rows",
    ]
    assert later[:4] == [
        "INFO - ExecutionEngine - Executing model: s.orders",
        f"INFO - tee.engine.incremental_executor - {running}",
        "INFO - DuckDBAdapter - Executed incremental merge",
        "INFO - ExecutionEngine - Successfully executed s.orders with 2 rows",
    ]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".t4t" not in path.parts
    }


@pytest.mark.parametrize("built", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("command", ["plan", "compile", "debug"])
def test_looking_changes_nothing(command: str, built: bool, shop: Path, t4t: Run) -> None:
    """`plan`, `compile` and `debug` write no byte, but for what `.t4t/` keeps of the SQL."""
    if built:
        t4t("build", shop)
    before = _files(shop)

    t4t(command, shop)
    t4t(command, shop, "--json")

    assert _files(shop) == before


def test_plan_says_mode_reason_bounds_and_statements(shop: Path, t4t_json: RunJson) -> None:
    """A plan is what the next run does: how, why, from where, with which statements."""
    t4t_json("build", shop)

    printed = t4t_json("plan", shop, "-s", "s.orders")

    (planned,) = printed["models"]
    assert planned["mode"] == "incremental"
    assert planned["reason"]
    assert planned["lower"] == "2024-01-01T00:00:00"
    assert planned["watermark"] == "2024-01-02T00:00:00"
    assert any("t >= CAST('2024-01-01 00:00:00' AS TIMESTAMP)" in s for s in planned["statements"])


def test_compiled_and_planned_statements_are_those_that_run(shop: Path, t4t_json: RunJson) -> None:
    """What `compile` and `plan` print is the SQL of the run, for the first run and later ones."""
    t4t_json("seed", shop)
    compiled = t4t_json("compile", shop, "-s", "s.orders")["models"][0]
    planned = t4t_json("plan", shop, "-s", "s.orders")["models"][0]
    assert planned["statements"] == compiled["first_run"]

    t4t_json("run", shop, "-s", "s.orders")

    compiled = t4t_json("compile", shop, "-s", "s.orders")["models"][0]
    planned = t4t_json("plan", shop, "-s", "s.orders")["models"][0]
    assert planned["statements"] == compiled["later_runs"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-s", "s.orders"], ["s.orders"]),
        (["-s", "ORDERS"], ["raw.orders", "s.orders"]),
        (["-s", "s.*"], ["s.orders", "s.recent", "s.total"]),
        (["-s", "tag:core"], ["s.orders"]),
        (["-s", "+s.total"], ["raw.orders", "s.orders", "s.recent", "s.total"]),
        (["-s", "s.recent+"], ["s.recent", "s.total"]),
        (["-s", "s.orders", "-s", "other"], ["main.other", "s.orders"]),
        (["-e", "s.orders+"], ["main.other", "raw.orders"]),
        (["-s", "s.*", "-e", "tag:core"], ["s.recent", "s.total"]),
    ],
    ids=["name", "case", "wildcard", "tag", "upstream", "downstream", "two", "exclude", "both"],
)
def test_selection(options: list[str], expected: list[str], shop: Path, t4t_json: RunJson) -> None:
    """`-s` and `-e` choose by name, wildcard, tag, and what stands above or below."""
    t4t_json("build", shop)

    assert _names(t4t_json("build", shop, *options)) == expected


def test_state_is_shown_set_and_reset(shop: Path, t4t: Run, t4t_json: RunJson) -> None:
    """A watermark can be looked at, moved and forgotten, and the next run goes by it."""
    t4t_json("build", shop)
    shown = t4t_json("state", "show", shop, "-m", "s.orders")["models"][0]
    assert shown["last_processed_value"] == "2024-01-02T00:00:00"

    set_to = t4t_json("state", "set", shop, "-m", "s.orders", "--value", "2024-01-01")
    assert set_to["models"][0]["last_processed_value"] == "2024-01-01T00:00:00"
    assert t4t_json("plan", shop, "-s", "s.orders")["models"][0]["lower"] == "2023-12-31T00:00:00"

    t4t("state", "reset", shop, "-m", "s.orders")
    planned = t4t_json("plan", shop, "-s", "s.orders")["models"][0]
    assert (planned["mode"], planned["reason"]) == ("full", "its state was reset")


def test_vars_go_over_those_of_the_project(shop: Path, t4t_json: RunJson, query: Query) -> None:
    """`--vars` is taken before `[vars]`."""
    t4t_json("build", shop, "--vars", '{"most": 2}')

    assert query(shop, "SELECT id FROM s.orders") == [(1,)]


@pytest.mark.parametrize("where", ["inside", "above", "elsewhere"])
def test_any_working_directory_will_do(
    where: str, shop: Path, tmp_path_factory: pytest.TempPathFactory, t4t_process: Process
) -> None:
    """A project runs alike from its own folder, from above and from anywhere."""
    cwd = {
        "inside": shop / "models",
        "above": shop.parent,
        "elsewhere": tmp_path_factory.mktemp("elsewhere"),
    }[where]
    before = sorted(path.name for path in cwd.iterdir())

    result = t4t_process("build", os.path.relpath(shop, cwd), cwd=cwd)

    assert result.returncode == 0, result.stderr
    assert (shop / "data" / "warehouse.duckdb").is_file()
    assert (shop / "data" / "tee_state.db").is_file()
    assert sorted(path.name for path in cwd.iterdir()) == before


def test_changed_is_an_option_and_may_be_the_default(shop: Path, t4t_json: RunJson) -> None:
    """`--changed` leaves models as they are, as the flag does, which `--all` stands above."""
    t4t_json("build", shop)

    asked = t4t_json("run", shop, "--changed")
    plain = t4t_json("run", shop)
    with (shop / "project.toml").open("a") as file:
        file.write("\n[flags]\nonly_changed = true\n")
    planned = t4t_json("plan", shop)
    by_flag = t4t_json("build", shop)
    everything = t4t_json("run", shop, "--all")
    refreshed = t4t_json("run", shop, "--full-refresh")
    other = t4t_json("plan", shop, "--vars", '{"most": 2}')

    assert _modes(asked) == _modes(planned) == _modes(by_flag) == {"skipped"}
    assert "skipped" not in _modes(plain) | _modes(everything) | _modes(refreshed)
    assert {model["status"] for model in asked["models"]} == {"success"}
    reasons = {model["model_name"]: model["reason"] for model in other["models"]}
    assert reasons["s.orders"].endswith("; variable most changed")
    assert reasons["s.recent"] == "s.orders runs before it"
    assert reasons["main.other"].startswith("nothing that it depends on has changed")


def _modes(printed: dict[str, Any]) -> set[str]:
    return {model["mode"] for model in printed["models"]}
