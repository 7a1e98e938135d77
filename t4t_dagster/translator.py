"""How a model looks in Dagster."""

import hashlib
import re
from typing import Any

import dagster as dg

from t4t_core.models import Model, PythonSource
from t4t_core.planning.compiled import function_fingerprints, query_fingerprint
from t4t_core.planning.config_hash import config_hash
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_core.sql.table_ref import TableRef
from t4t_dagster.attributes import (
    NOT_TAKEN,
    automation_condition,
    config_of,
    freshness_policy,
    not_taken,
)
from t4t_dagster.automation import through_views
from t4t_dagster.code_references import code_references
from t4t_dagster.partitions import partitions_def
from t4t_dagster.translator_settings import T4tTranslatorSettings

_KEY_PART = re.compile(r"[A-Za-z0-9_.\-]+")


class T4tTranslator:
    """Override `get_asset_key` to change keys, `get_asset_spec` to change the rest.

    >>> class Mine(T4tTranslator):
    ...     def get_asset_spec(self, node, project):
    ...         return super().get_asset_spec(node, project).replace_attributes(group_name="mine")

    Args:
        settings: What to switch on.
    """

    # Of the class too, for subclasses whose own `__init__` does not call this one.
    settings = T4tTranslatorSettings()

    def __init__(self, settings: T4tTranslatorSettings | None = None) -> None:
        if settings is not None:
            self.settings = settings

    def get_asset_spec(self, node: Model | Seed, project: Project) -> dg.AssetSpec:
        """The asset of a model or seed, with what its metadata says under `dagster`.

        Args:
            node: The model or seed.
            project: The project that it stands in.

        Raises:
            UsageError: Dagster does not take an owner, a tag, a cron schedule.
        """
        model = node if isinstance(node, Model) else None
        asked = config_of(node)
        metadata = _metadata(node, project)
        if self.settings.enable_code_references:
            metadata |= code_references(node)
        has_virtual = self.settings.enable_views_as_virtual_assets
        is_view = model is not None and model.config.materialization == "view"
        try:
            condition = automation_condition(asked.automation_condition)
            return dg.AssetSpec(
                key=self.get_asset_key(node, project),
                deps=self._dependencies(node, project),
                description=asked.description or _description(node),
                group_name=asked.group_name or _identifier(node.name.schema),
                kinds=_kinds(node) if asked.kinds is None else set(asked.kinds),
                owners=_owners(node),
                tags=_tags(node) | asked.tags,
                code_version=None if model is None else code_version(model, project),
                metadata=metadata | asked.metadata,
                partitions_def=partitions_def(node),
                automation_condition=through_views(condition) if has_virtual else condition,
                freshness_policy=freshness_policy(asked.freshness_policy),
                is_virtual=is_view and has_virtual,
            )
        except NOT_TAKEN as error:
            raise not_taken(error, node) from error

    def get_asset_key(
        self,
        node: Model | Seed,
        project: Project,  # noqa: ARG002  for those who override this
    ) -> dg.AssetKey:
        """`[schema, name]`, or what the model's metadata says."""
        return dg.AssetKey(config_of(node).asset_key or [node.name.schema, node.name.name])

    def get_source_key(self, ref: TableRef, project: Project) -> dg.AssetKey:
        """The key of a table that nothing in the project makes.

        `[schema, name]`, with the catalog before them where it is another database.
        """
        return dg.AssetKey(list(project.graph.source_name(ref)))

    def get_source_spec(self, ref: TableRef, project: Project) -> dg.AssetSpec:
        """The external asset of a table that nothing in the project makes.

        Args:
            ref: The table as a model names it.
            project: The project.
        """
        name = project.graph.source_name(ref)
        whole = name if len(name) > 2 else (project.settings.catalog, *name)
        return dg.AssetSpec(
            key=self.get_source_key(ref, project),
            group_name=_identifier(name[-2]),
            kinds={"duckdb"},
            metadata={"dagster/table_name": ".".join(whole)},
        )

    def is_asset(self, ref: TableRef, project: Project) -> bool:
        """Whether a source can be an asset: it is no file, and Dagster takes its name."""
        path = self.get_source_key(ref, project).path
        return not ref.is_file and all(map(_KEY_PART.fullmatch, path))

    def _dependencies(self, node: Model | Seed, project: Project) -> list[dg.AssetKey]:
        """What it reads, seen through ephemeral models, which are no assets.

        Files are left out, and sources whose names Dagster cannot take.
        """
        graph = project.graph
        found: dict[dg.AssetKey, None] = {}
        ahead = [node.name.key]
        while ahead:
            key = ahead.pop(0)
            for parent in graph.parents[key]:
                parent_node = graph.nodes[parent]
                if isinstance(parent_node, Model) and parent_node.is_ephemeral:
                    ahead.append(parent)
                else:
                    found[self.get_asset_key(parent_node, project)] = None
            for ref in graph.sources[key]:
                if self.is_asset(ref, project):
                    found[self.get_source_key(ref, project)] = None
        return list(found)


def code_version(model: Model, project: Project) -> str:
    """Changes with whatever changes the table that a full refresh gives, and how runs work."""
    graph = project.graph
    parts = [query_fingerprint(model, graph), config_hash(model)]
    parts += [fingerprint for _, fingerprint in function_fingerprints(model, graph)]
    text = ":".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _description(node: Model | Seed) -> str | None:
    if isinstance(node, Model):
        return node.config.description
    return node.config.description or f"The file {node.file.name}"


def _kinds(node: Model | Seed) -> set[str]:
    if isinstance(node, Seed):
        return {"duckdb", node.form.lstrip(".")}
    return {"duckdb", "python" if isinstance(node.source, PythonSource) else "sql"}


def _owners(node: Model | Seed) -> list[str]:
    own = node.config.dagster.owners
    return list(node.config.owners if own is None else own)


def _tags(node: Model | Seed) -> dict[str, str]:
    tags = dict.fromkeys(node.config.tags, "") | node.config.object_tags
    if isinstance(node, Seed):
        return tags | {"t4t/materialization": "seed"}
    tags["t4t/materialization"] = node.config.materialization
    if node.strategy is not None:
        tags["t4t/strategy"] = node.strategy.name
    return tags


def _metadata(node: Model | Seed, project: Project) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "dagster/table_name": f"{project.settings.catalog}.{node.name.schema}.{node.name.name}",
    }
    if node.config.schema_:
        metadata["dagster/column_schema"] = dg.TableSchema(
            columns=[
                dg.TableColumn(column.name, column.datatype or "", description=column.description)
                for column in node.config.schema_
            ]
        )
    return metadata


def _identifier(text: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else "_" for c in text)
