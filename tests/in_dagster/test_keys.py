"""Keys that a translator changes, and databases that are not the project's."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_duckdb import DuckDBResource
from dagster_shop import Materialize, read, write

from t4t_core import load_project
from t4t_core.errors import ProjectError
from t4t_dagster import T4tTranslator, t4t_assets


class Prefixed(T4tTranslator):
    def get_asset_key(self, node, project):  # type: ignore[no-untyped-def]  # noqa: ARG002
        return dg.AssetKey(["prod", node.name.name])


def test_an_input_is_the_models_table_under_any_key(materialize: Materialize, shop: Path) -> None:
    """The key is the translator's; the table is the model's, whatever else is called so."""
    write(shop, "CREATE SCHEMA prod; CREATE TABLE prod.orders AS SELECT 'wrong' AS id")

    @dg.asset(ins={"rows": dg.AssetIn(key=["prod", "orders"])})
    def reader(rows):  # type: ignore[no-untyped-def]
        return len(rows.fetchall())

    result = materialize(translator=Prefixed(), also=(reader,))

    assert result.output_for_node("reader") == 3


def test_a_key_that_its_readers_do_not_know_is_refused(shop: Path) -> None:
    """Changing keys in `get_asset_spec` alone would tear the graph apart."""

    class Torn(T4tTranslator):
        def get_asset_spec(self, node, project):  # type: ignore[no-untyped-def]
            return super().get_asset_spec(node, project).replace_attributes(key=["x", "y"])

    with pytest.raises(ProjectError, match="get_asset_key"):
        t4t_assets(load_project(shop), translator=Torn())


# Dagster's own code calls its deprecated property when a resource holds another one.
@pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run:DeprecationWarning")
def test_a_resource_of_another_file_is_refused(materialize: Materialize, tmp_path: Path) -> None:
    """A file of the same name elsewhere is not the project's database."""
    other = tmp_path / "shop.duckdb"

    result = materialize("mart/orders", duckdb=DuckDBResource(database=str(other)), fails=True)

    assert not result.success


def test_a_view_whose_variable_changed_has_another_data_version(
    materialize: Materialize, shop: Path, instance: dg.DagsterInstance
) -> None:
    """What is downstream of it has something to do; with the same variable it has not."""
    (shop / "models/mart/shifted.sql").write_text(
        '-- metadata: {"materialization": "view"}\nSELECT id + @by AS id FROM mart.rates_of'
    )
    (shop / "models/mart/rates_of.sql").write_text("SELECT 1 AS id FROM mart.rates")
    versions = []
    materialize("mart/rates", "mart/rates_of", config={"vars": {"by": 1}})

    for by in (1, 1, 2):
        materialize("mart/shifted", config={"vars": {"by": by}})
        event = instance.get_latest_materialization_event(dg.AssetKey(["mart", "shifted"]))
        assert event is not None
        assert event.asset_materialization is not None
        versions.append((event.asset_materialization.tags or {})["dagster/data_version"])

    assert versions[0] == versions[1] != versions[2]
    assert read(shop, "SELECT id FROM mart.shifted LIMIT 1") == [(3,)]


def test_an_environment_runs_on_its_own_database_and_reads_the_rest(
    materialize: Materialize, shop: Path
) -> None:
    """The keys are the same; what is not built there is read from the other database."""
    materialize()
    toml = shop / "project.toml"
    toml.write_text(
        toml.read_text()
        + '\n[env.dev]\ndefer_to = "data/shop.duckdb"\n'
        + '[env.dev.connection]\npath = "data/dev/shop.duckdb"\n'
    )

    result = materialize("mart/customers", env="dev")

    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == dg.AssetKey(["mart", "customers"])
    with duckdb.connect(str(shop / "data/dev/shop.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT sum(spent) FROM mart.customers").fetchall() == [(240,)]
        made = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mart'")
        assert made.fetchall() == [(1,)]
