"""A run in one process opens the database seldom, and never holds it while other code runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster_shop import Materialize, read

from t4t_core.engines import duckdb_file
from t4t_core.project import Project, load
from t4t_dagster import T4tProjectComponent, build_t4t_definitions
from t4t_dagster.assets import T4tOutput
from t4t_dagster.steps_between import OtherStep, Standing

MODELS = ("mart/big", "mart/customers", "mart/orders", "mart/rates")


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The project's database, once for each time that t4t opened it."""
    found: list[Path] = []
    opening = duckdb_file._open

    def opened(file: Path, *arguments: Any) -> duckdb.DuckDBPyConnection:
        if file.name == "shop.duckdb":
            found.append(file)
        return opening(file, *arguments)

    monkeypatch.setattr(duckdb_file, "_open", opened)
    return found


def use_as_others_do(shop: Path) -> None:
    """Opens the database with other settings, and in another process."""
    file = str(shop / "data" / "shop.duckdb")
    with duckdb.connect(file, config={"threads": 1}) as connection:
        connection.execute("CREATE OR REPLACE TABLE raw.touched AS SELECT 1 AS id")
    text = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('FROM raw.touched')"
    subprocess.run([sys.executable, "-c", text, file], check=True, timeout=120)


def state_of(shop: Path) -> list[str]:
    """The models that `tee_state.db` tells of."""
    with duckdb.connect(str(shop / "data" / "tee_state.db"), read_only=True) as connection:
        rows = connection.execute("SELECT model_name FROM tee_model_state ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def test_steps_that_follow_each_other_share_one_opening(
    shop: Path, materialize: Materialize, openings: list[Path]
) -> None:
    """At the end the file is closed, and `tee_state.db` tells of every model."""
    result = materialize()

    assert len(result.get_asset_materialization_events()) == len(MODELS)
    assert len(openings) == 1
    use_as_others_do(shop)
    assert state_of(shop) == ["mart.big", "mart.customers", "mart.orders", "mart.rates"]


def test_a_project_whose_files_look_at_variables_is_read_once(
    shop: Path, materialize: Materialize, openings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run's variables make of Python files is the same for all of its steps."""
    (shop / "models" / "mart" / "least.py").write_text(
        "from t4t_core import model\n\n\n"
        '@model\ndef least():\n    return f"SELECT {smallest} AS amount"\n'
    )
    read_again: list[Path] = []
    loading = load.load_project

    def loaded(folder: Path, *arguments: Any, **named: Any) -> Project:
        read_again.append(folder)
        return loading(folder, *arguments, **named)

    monkeypatch.setattr(load, "load_project", loaded)
    materialize(config={"vars": {"smallest": 20}})

    assert read(shop, "FROM mart.least") == [(20,)]
    assert len(read_again) == 1
    assert len(openings) == 1


def _asset(shop: Path, name: str, *deps: str) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=[dg.AssetKey(dep.split("/")) for dep in deps])
    def other() -> None:
        use_as_others_do(shop)

    return other


def _source(shop: Path) -> dg.AssetsDefinition:
    @dg.asset(key=["raw", "orders"])
    def other() -> None:
        use_as_others_do(shop)

    return other


def _check(shop: Path) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=dg.AssetKey(["mart", "orders"]))
    def other() -> dg.AssetCheckResult:
        use_as_others_do(shop)
        return dg.AssetCheckResult(passed=True)

    return other


def _reader(shop: Path) -> dg.AssetsDefinition:
    @dg.asset(
        ins={"orders": dg.AssetIn(key=["mart", "orders"], input_manager_key="t4t_io_manager")}
    )
    def other(orders: duckdb.DuckDBPyRelation) -> None:
        assert len(orders.fetchall()) == 3
        use_as_others_do(shop)

    return other


def _graph(shop: Path) -> dg.AssetsDefinition:
    """A graph that makes the source of `mart.orders` first, and goes on after that."""

    @dg.op
    def look() -> int:
        use_as_others_do(shop)
        return 1

    @dg.op
    def look_again(number: int) -> int:
        use_as_others_do(shop)
        return number

    of_source = dg.AssetOut(key=["raw", "orders"], io_manager_key="io_manager")
    of_rest = dg.AssetOut(key=["raw", "rest"], io_manager_key="io_manager")

    @dg.graph_multi_asset(name="z_graph", outs={"source": of_source, "rest": of_rest})
    def other() -> Any:
        found = look()
        return {"source": found, "rest": look_again.alias("last")(look_again(found))}

    return other


Others = Callable[[Path], tuple[Any, ...]]
OTHERS: dict[str, tuple[Others, int]] = {
    "above all": (lambda shop: (_source(shop),), 2),
    "on its own": (lambda shop: (_asset(shop, "alone"),), 4),
    "between two models": (lambda shop: (_asset(shop, "after_orders", "mart/orders"),), 4),
    "above and below": (lambda shop: (_source(shop), _asset(shop, "last", "mart/customers")), 4),
    "a chain": (lambda shop: (_asset(shop, "one", "mart/orders"), _asset(shop, "two", "one")), 4),
    "a check": (lambda shop: (_check(shop),), 4),
    "a graph": (lambda shop: (_graph(shop),), 4),
    "a reader": (lambda shop: (_reader(shop),), 5),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_code_finds_the_database_closed(
    shop: Path, materialize: Materialize, openings: list[Path], name: str
) -> None:
    """Wherever a step of other code stands in the run; it may be that no step is in the way."""
    others, at_most = OTHERS[name]

    result = materialize(also=others(shop))

    assert result.success
    assert len(openings) <= at_most
    assert state_of(shop) == ["mart.big", "mart.customers", "mart.orders", "mart.rates"]


def test_the_body_of_the_users_own_finds_the_database_closed(
    shop: Path, materialize: Materialize, openings: list[Path]
) -> None:
    """With `execute` the user's code runs in each step."""

    def execute(_context: dg.AssetExecutionContext, output: T4tOutput) -> T4tOutput:
        use_as_others_do(shop)
        return output

    materialize(execute=execute)

    assert len(openings) == len(MODELS)


class Looking(T4tProjectComponent):
    def execute(self, context: dg.AssetExecutionContext, output: T4tOutput) -> object:
        use_as_others_do(self.project)
        return super().execute(context, output)


@pytest.mark.parametrize(
    ("component", "number"),
    [(T4tProjectComponent, 1), (Looking, len(MODELS))],
    ids=["as it is", "with a body of its own"],
)
def test_a_component_keeps_the_database_open_too(
    shop: Path,
    instance: dg.DagsterInstance,
    openings: list[Path],
    component: type[T4tProjectComponent],
    number: int,
) -> None:
    """Unless a subclass says what happens in each step."""
    definitions = dg.build_defs_for_component(component(project=shop))

    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance
    )

    assert result.success
    assert len(openings) == number


@dg.success_hook(required_resource_keys={"t4t_io_manager"})
def look(context: dg.HookContext) -> None:
    """Uses the database of the project as other code does."""
    use_as_others_do(context.resources.t4t_io_manager.project.settings.folder)


@pytest.mark.parametrize("of", ["job", "asset"])
def test_hooks_find_the_database_closed(
    shop: Path, instance: dg.DagsterInstance, openings: list[Path], of: str
) -> None:
    """They run after each step, or after those of one asset."""
    made = build_t4t_definitions(shop)
    orders = dg.AssetKey(["mart", "orders"])
    assets = [
        asset.with_hooks({look}) if of == "asset" and asset.key == orders else asset
        for asset in made.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
    ]
    job = dg.define_asset_job("all", hooks={look} if of == "job" else None)
    last = _asset(shop, "z_last", "mart/orders")
    defs = dg.Definitions(assets=[*assets, last], jobs=[job], resources=made.resources)

    result = defs.resolve_job_def("all").execute_in_process(instance=instance)

    assert result.success
    hooked = [event.step_key for event in result.all_events if event.is_hook_event]
    assert len(hooked) == (5 if of == "job" else 1)
    assert not any(event.event_type_value == "HOOK_ERRORED" for event in result.all_events)
    assert len(openings) >= 2


def test_a_failed_step_closes_the_database(
    shop: Path, materialize: Materialize, openings: list[Path]
) -> None:
    """A retry may come much later; the steps that do not wait for it open the database again."""
    (shop / "models" / "mart" / "orders.sql").write_text(
        "SELECT nothing, updated_at FROM raw.orders"
    )

    result = materialize(fails=True)

    assert not result.success
    assert len(openings) == 2
    use_as_others_do(shop)
    assert read(shop, "SELECT count(*) FROM mart.rates") == [(2,)]


@pytest.mark.parametrize(
    "options", [{"pool": "duckdb"}, {"op_tags": {"dagster/priority": "1"}}], ids=["pool", "tags"]
)
def test_only_a_pool_is_waited_for(
    materialize: Materialize, openings: list[Path], options: dict[str, Any]
) -> None:
    """Whoever holds the pool may need the database, so steps in pools close it."""
    materialize(**options)

    assert len(openings) == (len(MODELS) if "pool" in options else 1)


def test_data_tests_share_the_opening(
    shop: Path, materialize: Materialize, openings: list[Path]
) -> None:
    """Those in the step of their table, and those that are steps of their own."""
    (shop / "models" / "mart" / "customers.sql").write_text(
        '-- metadata: {"materialization": "table", "schema": [{"name": '
        '"customer", "tests": ["not_null", {"name": "relationships", "severity": "warning", '
        '"params": {"to": "mart.rates", "field": "currency"}}]}]}\n'
        "SELECT customer, sum(amount) AS spent FROM orders GROUP BY customer"
    )

    result = materialize()

    assert len(result.get_asset_check_evaluations()) == 2
    assert len(openings) == 1


@pytest.mark.parametrize(
    ("before", "after", "done", "is_kept"),
    [
        ("", "", "a", False),
        ("", "a", "a", True),
        ("", "b", "a", False),
        ("b", "", "a", True),
        ("a", "", "a", False),
        ("a", "b", "a", False),
        ("a", "b", "ab", True),
        ("ab", "c", "a", True),
    ],
    ids=["alone", "ran", "may run", "waits", "ready", "between", "ran between", "half ready"],
)
def test_what_can_come_next(before: str, after: str, done: str, is_kept: bool) -> None:
    """Other code has run where a step that waits for it has, and cannot where it waits itself."""
    standing = Standing("a", (OtherStep(frozenset(before), frozenset(after)),))

    assert standing.is_followed_by_ours(set(done)) is is_kept
