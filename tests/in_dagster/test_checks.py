"""Data tests as asset checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shop import Materialize, read, write

from t4t_dagster import build_t4t_definitions

ORDERS = dg.AssetKey(["mart", "orders"])
Declare = Callable[..., None]


@pytest.fixture
def declare(shop: Path) -> Declare:
    """Gives the models of the shop other metadata, with tests."""

    def add(name: str, sql: str, **metadata: Any) -> None:
        (shop / "models" / "mart" / f"{name}.py").unlink(missing_ok=True)
        file = shop / "models" / "mart" / f"{name}.sql"
        file.write_text(f"-- metadata: {json.dumps(metadata)}\n{sql}\n")

    return add


MERGE: Mapping[str, Any] = {
    "materialization": "incremental",
    "incremental": {
        "strategy": "merge",
        "merge": {"unique_key": "id", "time_column": "updated_at"},
    },
}
QUERY = "SELECT id, customer, amount, updated_at FROM raw.orders"


def results(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def test_a_model_that_passes_shows_its_checks(materialize: Materialize, declare: Declare) -> None:
    """Every test of the metadata is a check of the asset, and its result is in the run."""
    declare(
        "orders",
        QUERY,
        **MERGE,
        schema=[{"name": "id", "tests": ["not_null", "unique"]}],
        tests=[{"name": "row_count_gt_0", "severity": "warning"}],
    )

    found = results(materialize("mart/orders"))

    assert {name: one.passed for name, one in found.items()} == {
        "not_null_id": True,
        "unique_id": True,
        "row_count_gt_0": True,
    }
    assert found["row_count_gt_0"].severity is dg.AssetCheckSeverity.WARN
    assert not found["row_count_gt_0"].blocking
    assert found["unique_id"].blocking


def test_a_failing_test_publishes_nothing(
    shop: Path, materialize: Materialize, declare: Declare, instance: dg.DagsterInstance
) -> None:
    """Table and watermark stay, the check shows the rows, and what is downstream is not run."""
    declare("orders", QUERY, **MERGE, schema=[{"name": "customer", "tests": ["not_null"]}])
    materialize()
    before = read(shop, "FROM mart.orders ORDER BY id")
    write(
        shop,
        "INSERT INTO raw.orders VALUES (4, NULL, 7, '2024-01-02'), (5, 'eve', 1, '2024-01-03')",
    )

    failed = materialize(fails=True)

    assert not failed.success
    assert read(shop, "FROM mart.orders ORDER BY id") == before
    assert read(shop, "SELECT count(*) FROM _t4t.commits WHERE model_name = 'mart.orders'") == [
        (1,)
    ]
    (check,) = failed.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("not_null_customer", False)
    assert check.metadata["t4t/failures"].value == 1
    assert check.metadata["t4t/sample"].value.records[0].data["id"] == "4"
    assert "customer IS NULL" in str(check.metadata["t4t/sql"].value)
    assert check.description == "1 row breaks not_null(customer)"
    step = next(e for e in failed.all_events if e.is_step_failure)
    assert step.step_key == "mart__orders"
    assert "nothing was published" in str(step.step_failure_data.user_failure_data.description)
    assert not failed.asset_materializations_for_node("mart__orders")
    customers = instance.get_latest_materialization_event(dg.AssetKey(["mart", "customers"]))
    assert customers is not None
    assert customers.run_id != failed.run_id


def test_a_warning_publishes_and_shows(
    shop: Path, materialize: Materialize, declare: Declare
) -> None:
    """The run succeeds, the rows are there, and the check did not pass."""
    declare(
        "orders",
        QUERY,
        **MERGE,
        tests=[
            {"name": "expression", "params": {"expression": "amount < 100"}, "severity": "warning"}
        ],
    )

    result = materialize("mart/orders")

    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]


def test_a_test_that_cannot_run_says_why(materialize: Materialize, declare: Declare) -> None:
    """How many rows break it is not known then, and nothing is said of it."""
    declare(
        "orders",
        QUERY,
        **MERGE,
        tests=[
            {"name": "expression", "params": {"expression": "amuont > 1"}, "severity": "warning"}
        ],
    )

    (check,) = materialize("mart/orders").get_asset_check_evaluations()

    assert not check.passed
    assert "could not be carried out" in (check.description or "")
    assert "amuont" in str(check.metadata["t4t/error"].value)
    assert "t4t/failures" not in check.metadata


def test_checks_run_alone(
    shop: Path, materialize: Materialize, declare: Declare, instance: dg.DagsterInstance
) -> None:
    """A selected check looks at the table as it is; no model is run."""
    declare("orders", QUERY, **MERGE, schema=[{"name": "id", "tests": ["not_null", "unique"]}])
    materialize("mart/orders")
    write(shop, "INSERT INTO mart.orders FROM mart.orders")
    definitions = build_t4t_definitions(shop)
    chosen = dg.AssetSelection.checks(dg.AssetCheckKey(ORDERS, "unique_id"))
    job = dg.define_asset_job("checks", selection=chosen)

    result = (
        dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
        .resolve_job_def("checks")
        .execute_in_process(instance=instance, raise_on_error=False)
    )

    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("unique_id", False)
    assert check.metadata["t4t/failures"].value == 3
    assert not [event for event in result.all_events if event.is_step_materialization]
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(6,)]


def test_an_asset_runs_without_its_checks(
    declare: Declare, shop: Path, instance: dg.DagsterInstance
) -> None:
    """Where the checks are not selected, a failing test stops nothing."""
    declare("orders", QUERY, **MERGE, tests=[{"name": "row_count_eq", "params": {"value": 9}}])
    chosen = dg.AssetSelection.assets(ORDERS).without_checks()
    job = dg.define_asset_job("bare", selection=chosen)

    result = (
        dg.Definitions.merge(build_t4t_definitions(shop), dg.Definitions(jobs=[job]))
        .resolve_job_def("bare")
        .execute_in_process(instance=instance)
    )

    assert result.get_asset_check_evaluations() == []
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]


def test_a_test_over_unrelated_tables_is_a_step_after_both(
    materialize: Materialize, declare: Declare
) -> None:
    """It sees what the same run made of the other table, and keeps downstream assets waiting."""
    to = {"name": "relationships", "params": {"to": "mart.people", "field": "name"}}
    declare("orders", QUERY, **MERGE, schema=[{"name": "customer", "tests": [to]}])
    declare("people", "SELECT DISTINCT customer AS name FROM raw.orders", materialization="table")

    good = materialize()
    declare("people", "SELECT 'ada' AS name", materialization="table")
    bad = materialize(fails=True)

    assert [check.passed for check in good.get_asset_check_evaluations()] == [True]
    (check,) = bad.get_asset_check_evaluations()
    assert not check.passed
    assert check.metadata["t4t/failures"].value == 1
    assert not bad.success
    assert bad.asset_materializations_for_node("mart__orders")
    assert not bad.asset_materializations_for_node("mart__customers")


def test_variables_of_the_run_reach_the_tests(materialize: Materialize, declare: Declare) -> None:
    """A placeholder in a test takes what the run's config says."""
    declare(
        "orders",
        QUERY,
        **MERGE,
        tests=[{"name": "expression", "params": {"expression": "amount < @most"}}],
    )

    good = materialize("mart/orders", config={"vars": {"most": 1000}})
    bad = materialize("mart/orders", config={"vars": {"most": 100}}, fails=True)
    missing = materialize("mart/orders", fails=True)

    assert [good.success, bad.success, missing.success] == [True, False, False]
    step = next(event for event in missing.all_events if event.is_step_failure)
    assert "@most" in str(step.step_failure_data.user_failure_data.description)
