"""A project that reads other databases, attached or deferred to, in Dagster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster_shop import Materialize, metadata, read, write

from t4t_dagster import build_t4t_definitions

CRM = """
[attach.crm]
path = "data/crm.duckdb"

[env.dev.connection]
path = "dev/shop.duckdb"

[env.dev]
defer_to = "data/shop.duckdb"
"""


def in_crm(shop: Path, sql: str) -> None:
    """Runs statements on the other database, with settings of its own."""
    with duckdb.connect(str(shop / "data" / "crm.duckdb"), config={"threads": 1}) as connection:
        connection.execute(sql)


@pytest.fixture
def with_crm(shop: Path) -> Path:
    """The shop with a model that reads a database of customers, and an environment `dev`."""
    (shop / "project.toml").write_text((shop / "project.toml").read_text() + CRM)
    in_crm(shop, "CREATE TABLE people AS SELECT 'ada' AS name, 'Oslo' AS \"Home Town\"")
    (shop / "models" / "mart" / "towns.sql").write_text(
        '-- metadata: {"materialization": "table"}\n'
        'SELECT p."Home Town" AS town, c.spent AS "All Spent" FROM customers c '
        "JOIN crm.main.people p ON p.name = c.customer"
    )
    return shop


def columns_behind(result: dg.ExecuteInProcessResult, name: str) -> dict[str, list[str]]:
    """For each column of a model, the columns that Dagster says it comes from."""
    lineage = metadata(result, name)["dagster/column_lineage"].deps_by_column
    return {
        column: [f"{dep.asset_key.to_user_string()}:{dep.column_name}" for dep in deps]
        for column, deps in lineage.items()
    }


def test_an_attached_database_is_read_again_by_each_run(
    with_crm: Path, materialize: Materialize
) -> None:
    """It is closed in between, and its columns stand in the lineage."""
    result = materialize()
    in_crm(with_crm, "INSERT INTO people VALUES ('bob', 'Rome')")
    materialize("mart/towns")

    towns = read(with_crm, 'SELECT town, "All Spent"::INT FROM mart.towns ORDER BY town')
    assert towns == [("Oslo", 40), ("Rome", 200)]
    assert columns_behind(result, "towns") == {
        "town": ["crm/main/people:Home Town"],
        "All Spent": ["mart/customers:spent"],
    }


def test_another_project_may_attach_the_database_in_the_same_run(
    shop: Path,
    tmp_path: Path,
    materialize: Materialize,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither project holds its database while a step of the other one runs."""
    monkeypatch.setattr("t4t_dagster.io_manager._LOCK_RETRIES", 0)
    other = tmp_path / "other"
    (other / "models/mart").mkdir(parents=True)
    (other / "project.toml").write_text(
        'project_folder = "other"\n[connection]\npath = "data/other.duckdb"\nlock_timeout_s = 0.1\n'
        '[attach.shop]\npath = "../shop/data/shop.duckdb"\n'
    )
    (other / "models/mart/spent.sql").write_text("SELECT spent FROM shop.mart.customers")
    both = dg.Definitions.merge(
        build_t4t_definitions(shop), build_t4t_definitions(other, io_manager_key="other_io")
    )
    materialize()

    result = both.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)

    assert len(result.get_asset_materialization_events()) == 5
    with duckdb.connect(str(other / "data/other.duckdb"), read_only=True) as connection:
        connection.execute(f"ATTACH '{shop}/data/shop.duckdb' AS shop (READ_ONLY)")
        assert len(connection.execute("FROM mart.spent").fetchall()) == 2


def test_other_code_may_open_the_attached_database_during_a_run(
    with_crm: Path, materialize: Materialize
) -> None:
    """It is held no longer than the project's own."""

    @dg.asset(key=["crm", "main", "people"], deps=[["mart", "rates"]])
    def people() -> None:
        in_crm(with_crm, "INSERT INTO people VALUES ('bob', 'Rome')")

    materialize(also=(people,))

    assert read(with_crm, "SELECT count(*) FROM mart.towns") == [(2,)]


def test_an_input_that_is_not_built_here_is_read_where_it_is(
    with_crm: Path, materialize: Materialize
) -> None:
    """Once it is built here it is read here; the lineage is the same wherever it is."""
    found: list[float] = []

    @dg.asset(ins={"customers": dg.AssetIn(key=["mart", "customers"])})
    def total(customers: pd.DataFrame) -> None:
        found.append(float(customers["spent"].sum()))

    materialize()
    dev: dict[str, Any] = {"env": "dev", "also": (total,)}
    first = materialize("mart/towns", "total", **dev)
    (with_crm / "models" / "mart" / "customers.sql").write_text(
        '-- metadata: {"materialization": "table"}\nSELECT \'ada\' AS customer, 7 AS spent'
    )
    second = materialize("mart/customers", "mart/towns", "total", **dev)

    assert found == [240, 7]
    assert columns_behind(first, "towns") == columns_behind(second, "towns")
    assert columns_behind(first, "towns")["All Spent"] == ["mart/customers:spent"]


def test_a_part_of_an_input_that_is_not_built_here(
    with_crm: Path, instance: dg.DagsterInstance
) -> None:
    """A partition is that of the rows in the other database, not all of its rows."""
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
    file = with_crm / "models" / "mart" / "orders.py"
    file.write_text(
        file.read_text()
        + '\nmetadata["dagster"] = {"partitions": {"type": "daily", "start_date": "2024-01-01", '
        '"end_date": "2024-01-03"}}\n'
    )
    write(with_crm, "INSERT INTO raw.orders VALUES (9, 'eve', 5, '2024-01-02')")
    write(with_crm, "CREATE SCHEMA mart; CREATE TABLE mart.orders AS FROM raw.orders")
    found: list[int] = []

    @dg.asset(ins={"orders": dg.AssetIn(key=["mart", "orders"])}, partitions_def=days)
    def counted(orders: pd.DataFrame) -> None:
        found.append(len(orders))

    with_crm.joinpath("dev").mkdir()
    duckdb.connect(str(with_crm / "dev" / "shop.duckdb")).close()
    definitions = dg.Definitions.merge(
        build_t4t_definitions(with_crm, env="dev"), dg.Definitions(assets=[counted])
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("counted")], partition_key="2024-01-02"
    )

    assert found == [1]
