"""A project as a component of `defs.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox
from dagster_shop import read

from t4t_core.errors import UsageError
from t4t_dagster import T4tProjectComponent, t4t_eager
from t4t_dagster.assets import T4tOutput

ROOT = "{{ context.project_root }}"

# Dagster's own loading of components warns of what it uses.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*CodeReference:dagster.BetaWarning"),
]


@contextmanager
def loaded(
    shop: Path, attributes: Mapping[str, Any] = {}, component: type = T4tProjectComponent
) -> Iterator[dg.Definitions]:
    """The definitions of a `defs.yaml` with these attributes."""
    with create_defs_folder_sandbox() as sandbox:
        name = f"{component.__module__}.{component.__qualname__}"
        path = sandbox.scaffold_component(
            component_cls=component,
            defs_path="shop",
            scaffold_params={"project_path": str(shop)},
            defs_yaml_contents={"type": name, "attributes": {"project": str(shop), **attributes}},
        )
        with sandbox.load_component_and_build_defs(defs_path=path) as (made, definitions):
            assert isinstance(made, component)
            yield definitions


def spec(definitions: dg.Definitions, name: str) -> dg.AssetSpec:
    return next(s for s in definitions.resolve_all_asset_specs() if s.key.path[-1] == name)


def test_a_defs_yaml_gives_what_build_t4t_definitions_gives(
    shop: Path, instance: dg.DagsterInstance
) -> None:
    """The assets are there, and run."""
    with loaded(shop, {"vars": {"smallest": 20}}) as definitions:
        done = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance
        )

    assert done.success
    assert read(shop, "SELECT id FROM mart.orders ORDER BY id") == [(2,), (3,)]


def test_select_and_exclude_are_those_of_the_command_line(shop: Path) -> None:
    """A text or a list."""
    with loaded(shop, {"select": "orders+", "exclude": ["big"]}) as definitions:
        made = {key.path[-1] for key in definitions.resolve_asset_graph().materializable_asset_keys}

    assert made == {"orders", "customers"}


def test_translation_changes_attributes_by_templates(shop: Path) -> None:
    """A changed key is known to the readers, and tags are added to the model's own."""
    translation = {
        "key": "prod/{{ node.schema }}/{{ node.name }}",
        "group_name": "{{ node.resource_type }}s",
        "tags": {"how": "{{ node.materialization }}"},
        "automation_condition": "{{ t4t_eager() }}",
    }
    with loaded(shop, {"translation": translation}) as definitions:
        orders, customers = spec(definitions, "orders"), spec(definitions, "customers")

    assert orders.key == dg.AssetKey(["prod", "mart", "orders"])
    assert [dep.asset_key for dep in orders.deps] == [dg.AssetKey(["raw", "orders"])]
    assert [dep.asset_key for dep in customers.deps] == [orders.key]
    assert customers.group_name == "models"
    assert (orders.tags["how"], "daily" in orders.tags) == ("incremental", True)
    assert customers.automation_condition == t4t_eager()


def test_a_subclass_changes_specs_and_does_things_before_a_model_runs(
    shop: Path, instance: dg.DagsterInstance
) -> None:
    """`get_asset_spec` and `execute` are overridden as those of other components; a key too."""
    with loaded(shop, {"select": "orders customers"}, component=Mine) as definitions:
        done = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance
        )
        customers = spec(definitions, "customers")

    assert done.success
    assert Mine.ran == ["mart.orders", "mart.customers"]
    assert customers.key == dg.AssetKey(["mine", "mart", "customers"])
    assert [dep.asset_key for dep in customers.deps] == [dg.AssetKey(["mine", "mart", "orders"])]


class Mine(T4tProjectComponent):
    ran: ClassVar[list[str]] = []

    def get_asset_spec(self, node: Any, project: Any) -> dg.AssetSpec:
        spec = super().get_asset_spec(node, project)
        return spec.replace_attributes(key=spec.key.with_prefix("mine"))

    def execute(self, context: dg.AssetExecutionContext, output: T4tOutput) -> object:
        context.log.info("before %s", output.node)
        self.ran.append(str(output.node))
        return super().execute(context, output)


def test_what_all_steps_have_in_common(shop: Path) -> None:
    """Pool, tags, retries; a model's own stand above them."""
    (shop / "models/mart/own.sql").write_text(
        '-- metadata: {"dagster": {"pool": "slow", "op_tags": {"a": "2"}, '
        '"retry_policy": {"max_retries": 5}}}\nSELECT 1 AS a'
    )
    op = {
        "pool": "duckdb",
        "tags": {"a": "1", "b": "1"},
        "retry_policy": {"max_retries": 2, "delay": 30, "backoff": "exponential"},
    }
    with loaded(shop, {"op": op}) as definitions:
        own = definitions.get_assets_def(["mart", "own"]).op
        orders = definitions.get_assets_def(["mart", "orders"]).op

    assert (orders.pool, own.pool) == ("duckdb", "slow")
    assert (orders.tags["a"], own.tags["a"], own.tags["b"]) == ("1", "2", "1")
    assert orders.retry_policy == dg.RetryPolicy(2, delay=30, backoff=dg.Backoff.EXPONENTIAL)
    assert own.retry_policy == dg.RetryPolicy(5)


@pytest.mark.parametrize("has_path", [True, False], ids=["existing project", "new project"])
def test_scaffolding_gives_a_component_that_loads(shop: Path, has_path: bool) -> None:
    """With a path it points there from its own folder; without one it writes a small project."""
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(
            component_cls=T4tProjectComponent,
            defs_path="my_t4t",
            scaffold_params={"project_path": str(shop)} if has_path else None,
        )
        written = yaml.safe_load((path / "defs.yaml").read_text())["attributes"]["project"]
        with sandbox.load_component_and_build_defs(defs_path=path) as (_, definitions):
            keys = definitions.resolve_asset_graph().materializable_asset_keys
        project = Path(written.replace(ROOT, str(sandbox.project_root))).resolve()

    assert written.startswith(ROOT)
    assert project == (shop if has_path else sandbox.project_root / "my_t4t")
    assert dg.AssetKey(["mart" if has_path else "analytics", "orders"]) in keys


def test_scaffolding_for_a_project_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    """Nothing is written that could not load."""
    with create_defs_folder_sandbox() as sandbox, pytest.raises(UsageError, match=r"project\.toml"):
        sandbox.scaffold_component(
            component_cls=T4tProjectComponent, scaffold_params={"project_path": str(tmp_path)}
        )


def test_dg_finds_a_schema_for_it() -> None:
    """`dg` lists a component, and checks its attributes, by a model that Dagster derives."""
    model = T4tProjectComponent.get_model_cls()

    assert model is not None
    assert {"project", "translation_settings"} <= set(model.model_fields)
