"""How a project looks in Dagster."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster_shop import Materialize, read, write

from t4t_core import load_project
from t4t_core.errors import ProjectError
from t4t_dagster import T4tTranslator, build_t4t_definitions, t4t_assets, t4t_source_specs


def spec(shop: Path, name: str) -> dg.AssetSpec:
    definitions = build_t4t_definitions(shop)
    return next(s for s in definitions.resolve_all_asset_specs() if s.key.path[-1] == name)


def test_each_model_and_seed_is_an_asset_called_by_schema_and_name(shop: Path) -> None:
    """The keys are `[schema, name]`."""
    definitions = build_t4t_definitions(shop)

    keys = {s.key for s in definitions.resolve_all_asset_specs()}

    names = ("orders", "customers", "big", "rates")
    assert {dg.AssetKey(["mart", name]) for name in names} <= keys


def test_dependencies_come_from_the_sql(shop: Path) -> None:
    """A bare name finds the model of the same schema; what nothing makes is an external asset."""
    orders, customers = spec(shop, "orders"), spec(shop, "customers")

    assert [dep.asset_key for dep in orders.deps] == [dg.AssetKey(["raw", "orders"])]
    assert [dep.asset_key for dep in customers.deps] == [dg.AssetKey(["mart", "orders"])]


def test_a_source_lines_up_with_an_asset_of_another_integration(shop: Path) -> None:
    """An asset with the source's key is upstream of the model, without any setting."""

    @dg.asset(key=["raw", "orders"])
    def landed() -> None: ...

    definitions = dg.Definitions.merge(build_t4t_definitions(shop), dg.Definitions(assets=[landed]))

    graph = definitions.resolve_asset_graph()
    assert graph.get(dg.AssetKey(["mart", "orders"])).parent_keys == {
        dg.AssetKey(["raw", "orders"])
    }
    assert graph.get(dg.AssetKey(["raw", "orders"])).is_materializable


def test_sources_can_be_described(shop: Path) -> None:
    """Where nothing else makes them, they have a kind, a group and a table name."""
    (shop / "models/mart/other.sql").write_text("SELECT id FROM elsewhere.raw.prices, raw.made")

    specs = t4t_source_specs(shop, made_elsewhere=[dg.AssetKey(["raw", "made"])])
    definitions = dg.Definitions.merge(build_t4t_definitions(shop), dg.Definitions(assets=specs))

    names = {s.key.path[-1]: s.metadata["dagster/table_name"] for s in specs}
    assert names == {"orders": "shop.raw.orders", "prices": "elsewhere.raw.prices"}
    source = definitions.resolve_asset_graph().get(dg.AssetKey(["raw", "orders"]))
    assert (source.is_materializable, source.group_name) == (False, "raw")


def test_metadata_of_the_model_shows(shop: Path) -> None:
    """Description, owners, tags, kinds, group, columns and table name are the model's."""
    orders = spec(shop, "orders")

    assert orders.description == "The current state of each order"
    assert list(orders.owners) == ["team:shop"]
    assert orders.tags["t4t/strategy"] == "merge"
    assert "daily" in orders.tags
    assert orders.kinds == {"duckdb", "sql"}
    assert orders.group_name == "mart"
    assert orders.metadata["dagster/table_name"] == "shop.mart.orders"
    assert orders.metadata["dagster/column_schema"].columns[0].description == "The order's number"


def test_code_version_follows_the_definition_and_not_the_layout(shop: Path) -> None:
    """A comment leaves the code version as it is; another query changes it."""
    file = shop / "models/mart/orders.sql"
    before = spec(shop, "orders").code_version

    file.write_text("-- a comment\n" + file.read_text().replace(" FROM ", "\nFROM "))
    after_layout = spec(shop, "orders").code_version
    file.write_text(file.read_text() + " AND id > 0")
    after_query = spec(shop, "orders").code_version

    assert before == after_layout
    assert before != after_query


def test_an_ephemeral_model_is_seen_through(shop: Path) -> None:
    """It is no asset; its readers depend on what it reads."""
    (shop / "models/mart/clean.sql").write_text(
        '-- metadata: {"materialization": "ephemeral"}\nSELECT * FROM raw.orders'
    )
    (shop / "models/mart/reader.sql").write_text("SELECT id FROM clean")

    reader = spec(shop, "reader")

    assert [dep.asset_key for dep in reader.deps] == [dg.AssetKey(["raw", "orders"])]


def test_selection_chooses_the_assets(shop: Path) -> None:
    """`select` and `exclude` are those of the command line."""
    project = load_project(shop)

    chosen = t4t_assets(project, select=["orders+"], exclude=["big"])

    names = {key.path[-1] for asset in chosen for key in asset.keys}
    assert names == {"orders", "customers"}


def test_a_translator_changes_every_attribute(shop: Path) -> None:
    """One method decides how a model looks."""

    class Mine(T4tTranslator):
        def get_asset_spec(self, node, project):  # type: ignore[no-untyped-def]
            return super().get_asset_spec(node, project).replace_attributes(group_name="mine")

    definitions = build_t4t_definitions(shop, translator=Mine())

    groups = {
        s.group_name for s in definitions.resolve_all_asset_specs() if s.key.path[0] == "mart"
    }
    assert groups == {"mine"}


def test_names_that_dagster_cannot_take_are_refused_together(shop: Path) -> None:
    """The error names each model; Dagster's own would name a step."""
    (shop / "models/mart/with space.sql").write_text("SELECT 1 AS a")
    (shop / "models/mart/a-b.sql").write_text("SELECT 1 AS a")
    (shop / "models/mart/a_b.sql").write_text("SELECT 1 AS a")

    with pytest.raises(ProjectError) as caught:
        build_t4t_definitions(shop)

    assert "mart.with space cannot be an asset" in str(caught.value)
    assert "asset_key under dagster in its metadata" in str(caught.value)
    assert "one step" in str(caught.value)


def test_parents_whose_names_look_alike_are_two(shop: Path, materialize: Materialize) -> None:
    """Dagster names the inputs of a step by keys in which a dash is as good as an underscore."""
    write(shop, 'CREATE TABLE raw."a-b" AS SELECT 1 AS id; CREATE TABLE raw.a_b AS SELECT 2 AS id')
    (shop / "models" / "mart" / "both.sql").write_text(
        'SELECT id FROM raw."a-b" UNION ALL SELECT id FROM raw.a_b'
    )

    graph = build_t4t_definitions(shop).resolve_asset_graph()
    materialize("mart/both")

    parents = graph.get(dg.AssetKey(["mart", "both"])).parent_keys
    assert parents == {dg.AssetKey(["raw", "a-b"]), dg.AssetKey(["raw", "a_b"])}
    assert read(shop, "SELECT id FROM mart.both ORDER BY id") == [(1,), (2,)]
