"""What a model reads, so that a test can give it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.config import nearest
from t4t_core.errors import UsageError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName, quoted
from t4t_core.planning.facts import Column
from t4t_core.project.load import Project
from t4t_core.resolution import Key
from t4t_core.seeds.seed import Seed
from t4t_core.sql.table_ref import TableRef

# DuckDB's own schemas need no rows.
_BUILT_IN = frozenset({"information_schema", "pg_catalog"})


class Input(Struct, frozen=True):
    """A table that a model reads.

    Attributes:
        catalog: The database that it stands in.
        label: How it is called in words.
        node: What makes it, or None for a source.
    """

    catalog: str
    name: TableName
    label: str
    node: Model | Seed | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What is equal for two spellings of one table."""
        return (self.catalog.lower(), *self.name.key)

    @property
    def is_ephemeral(self) -> bool:
        return isinstance(self.node, Model) and self.node.is_ephemeral

    @property
    def sql(self) -> str:
        """Its full name, quoted."""
        return ".".join(quoted(part) for part in (self.catalog, self.name.schema, self.name.name))

    @property
    def declared(self) -> tuple[Column, ...]:
        """The columns whose types its metadata gives."""
        if not isinstance(self.node, Model):
            return ()
        return tuple(
            Column(column.name, column.datatype)
            for column in self.node.config.schema_
            if column.datatype
        )

    def __str__(self) -> str:
        return self.label


def inputs(model: Model, graph: Graph) -> tuple[Input, ...]:
    """What a model reads, with the ephemeral models in it and what those read."""
    found: dict[tuple[str, ...], Input] = {}
    for one in _inputs(model, graph):
        found.setdefault(one.key, one)
        if isinstance(one.node, Model) and one.is_ephemeral:
            for below in inputs(one.node, graph):
                found.setdefault(below.key, below)
    return tuple(found.values())


def needed(model: Model, graph: Graph) -> tuple[Input, ...]:
    """The tables that must be there for a model to run."""
    return tuple(one for one in inputs(model, graph) if not one.is_ephemeral)


def _inputs(model: Model, graph: Graph) -> Iterator[Input]:
    for key in graph.parents[model.name.key]:
        node = graph.nodes[key]
        yield Input(graph.catalog, node.name, str(node), node)
    for ref in graph.sources[model.name.key]:
        if ref.schema.lower() not in _BUILT_IN:
            yield _source(graph, ref)


def _source(graph: Graph, ref: TableRef) -> Input:
    *catalog, schema, name = graph.source_name(ref)
    label = ".".join(graph.source_name(ref))
    return Input(catalog[0] if catalog else graph.catalog, TableName(schema, name), label)


def input_named(text: str, model: Model, graph: Graph, known: Sequence[Input]) -> Input:
    """The input that a test means, written as the model's query may write it.

    Raises:
        UsageError: The model does not read it.
    """
    by_key = {one.key: one for one in known}
    ref = TableRef(*["", "", *text.split(".")][-3:])
    key = graph.resolve(ref, model.name.schema)
    meant = _source(graph, ref).key if key is None else (graph.catalog.lower(), *key)
    # A file, or a quoted name, may have dots in it.
    labels = {one.label.lower(): one for one in known}
    found = by_key.get(meant) or labels.get(text.lower())
    if found is not None:
        return found
    names = [str(one) for one in known]
    raise UsageError(
        f"'given' names {text!r}, which {model} does not read{nearest(text, names)}",
        hint=f"it reads {', '.join(names) or 'nothing'}",
    )


def with_tables_for(project: Project, keys: Collection[Key]) -> Project:
    """The project with some ephemeral models as tables, so that rows can stand for them."""
    nodes = dict(project.graph.nodes)
    for key in keys:
        node = nodes[key]
        assert isinstance(node, Model), "a seed is no ephemeral model"
        nodes[key] = replace(node, config=replace(node.config, materialization="table"))
    return replace(project, graph=replace(project.graph, nodes=nodes))


def without_hooks(project: Project) -> Project:
    """The project without hooks: they are about tables that a test does not have."""
    nodes = {
        key: replace(node, pre_hooks=(), post_hooks=()) if isinstance(node, Model) else node
        for key, node in project.graph.nodes.items()
    }
    return replace(project, graph=replace(project.graph, nodes=nodes))
