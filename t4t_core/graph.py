"""What depends on what in a project."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct, field

from t4t_core.config import nearest
from t4t_core.errors import SelectionError, UsageError
from t4t_core.models import Model
from t4t_core.node_order import in_order, reached, refuse_deep_ephemerals
from t4t_core.resolution import MAIN_SCHEMA, Key, resolved
from t4t_core.seeds.seed import Seed
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql_functions.calls import functions_called, refuse_ephemeral, refuse_unusable
from t4t_core.sql_functions.function import Function


class Graph(Struct, frozen=True, dict=True):
    """Models and seeds with their parents.

    Attributes:
        nodes: Every model and seed, by its table's key, parents before children.
        parents: For each node, the models and seeds it reads, in the order of its query.
        sources: For each node, the tables it reads that nothing in the project makes.
        functions: The project's functions, by schema and name. They are no nodes: what calls one
            reads what the function reads.
        folder: The project's, where relative names of files begin.
        others: The names of attached databases, in lower case.
        deferred: The nodes that are read from the database of `defer_to`.
        catalog: The database's own catalog name.
        default_schema: `[connection] schema`.
    """

    nodes: Mapping[Key, Model | Seed]
    parents: Mapping[Key, tuple[Key, ...]]
    sources: Mapping[Key, tuple[TableRef, ...]]
    catalog: str
    default_schema: str
    functions: Mapping[Key, Function] = field(default_factory=dict)
    folder: Path = Path()
    others: frozenset[str] = frozenset()
    deferred: frozenset[Key] = frozenset()

    @cached_property
    def children(self) -> Mapping[Key, tuple[Key, ...]]:
        """For each node, the nodes that read it."""
        found: dict[Key, list[Key]] = {key: [] for key in self.nodes}
        for key, parents in self.parents.items():
            for parent in parents:
                found[parent].append(key)
        return {key: tuple(children) for key, children in found.items()}

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, parents before children."""
        return tuple(node for node in self.nodes.values() if isinstance(node, Model))

    @property
    def seeds(self) -> tuple[Seed, ...]:
        return tuple(node for node in self.nodes.values() if isinstance(node, Seed))

    def node(self, name: str) -> Model | Seed:
        """The model or seed of a name, `schema.name` or, where that is clear, `name`.

        Raises:
            SelectionError: There is none, or several.
        """
        wanted = name.lower()
        found = [
            node
            for key, node in self.nodes.items()
            if ".".join(key) == wanted or ("." not in wanted and key[1] == wanted)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise SelectionError(
                f"{name!r} could be {', '.join(str(node) for node in found)}",
                hint="write it with its schema",
            )
        names = [str(node) for node in self.nodes.values()]
        raise SelectionError(f"there is no model or seed {name!r}{nearest(name, names)}")

    def resolve(self, ref: TableRef, schema: str) -> Key | None:
        """The node that a model of this schema means by a table, or None for a source."""
        return resolved(ref, schema, self.nodes, self.catalog, self.default_schema)

    def called(self, ref: TableRef, schema: str) -> Function | None:
        """The function that SQL of this schema means by a call, or None for a foreign one."""
        key = resolved(ref, schema, self.functions, self.catalog, self.default_schema)
        return None if key is None else self.functions[key]

    def functions_of(self, model: Model) -> tuple[Function, ...]:
        """What a model calls, by itself, in functions or through ephemeral models.

        Those that others call come before them.
        """
        if not self.functions:
            return ()
        found = [self.nodes[key] for key in self.parents.get(model.name.key, ())]
        inlined = [node for node in found if isinstance(node, Model) and node.is_ephemeral]
        through = [function for node in inlined for function in self.functions_of(node)]
        own = functions_called(model, self.functions, self.catalog, self.default_schema)
        return tuple({f.name.key: f for f in (*through, *own)}.values())

    def sources_through_ephemerals(self, model: Model) -> tuple[TableRef, ...]:
        """The sources that a model reads, by itself or through ephemeral models."""
        found = list(self.sources[model.name.key])
        for key in self.parents[model.name.key]:
            parent = self.nodes[key]
            if isinstance(parent, Model) and parent.is_ephemeral:
                found += self.sources_through_ephemerals(parent)
        return tuple(dict.fromkeys(found))

    def upstream(self, key: Key) -> frozenset[Key]:
        """What a node is made from, at any distance."""
        return frozenset(reached((key,), self.parents))

    def source_name(self, ref: TableRef) -> tuple[str, ...]:
        """A source's full name, as DuckDB resolves it.

        Schema and table, with the catalog before them where it is another database.
        """
        if ref.catalog and ref.catalog.lower() != self.catalog.lower():
            return (ref.catalog, ref.schema, ref.name)
        if not ref.catalog and ref.schema.lower() in self.others:
            return (ref.schema, MAIN_SCHEMA, ref.name)
        if ref.schema and not ref.catalog and ref.schema.lower() == self.catalog.lower():
            return (MAIN_SCHEMA, ref.name)
        return (ref.schema or MAIN_SCHEMA, ref.name)

    def select(
        self, select: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> tuple[Model | Seed, ...]:
        """The nodes that selectors name, parents before children; all of them without any.

        A selector is a name, a wildcard, or `tag:x`; `+` before it adds what it reads, `+` after
        it what reads it, at any distance. `function+` is what calls a function. What `exclude`
        names is left out.

        Raises:
            SelectionError: A selector matches nothing.
        """
        chosen = set(self.nodes) if not select else self._matching(select)
        chosen -= self._matching(exclude)
        return tuple(node for key, node in self.nodes.items() if key in chosen)

    def _callers(self, functions: set[Key]) -> set[Key]:
        """The models that call one of these functions, at any distance."""
        return {
            model.name.key
            for model in self.models
            if any(function.name.key in functions for function in self.functions_of(model))
        }

    def uncalled_functions(self) -> tuple[Function, ...]:
        """The functions that no model calls; what others call comes before them."""
        called = {f.name.key for model in self.models for f in self.functions_of(model)}
        found: dict[Key, Function] = {}
        for function in self.functions.values():
            below = functions_called(function, self.functions, self.catalog, self.default_schema)
            found |= {f.name.key: f for f in (*below, function)}
        return tuple(function for key, function in found.items() if key not in called)

    def _matching(self, selectors: Iterable[str]) -> set[Key]:
        found: set[Key] = set()
        for selector in (part for text in selectors for part in text.split()):
            core = selector.removeprefix("+").removesuffix("+")
            keys = {key for key, node in self.nodes.items() if _matches(node, core)}
            called = {key for key, made in self.functions.items() if _matches(made, core)}
            if called and selector.endswith("+"):
                keys |= self._callers(called)
            elif called and not keys:
                raise SelectionError(
                    f"{selector!r} is a function, which is made with the models that call it",
                    hint=f"{selector}+ selects those",
                )
            if not keys and not called:
                names = [str(node) for node in self.nodes.values()]
                raise SelectionError(
                    f"the selector {selector!r} matches no model or seed{nearest(core, names)}",
                    hint="names, wildcards (staging.*), tag:x, +upstream and downstream+ are known",
                )
            found |= keys
            if selector.startswith("+"):
                found |= reached(keys, self.parents)
            if selector.endswith("+"):
                found |= reached(keys, self.children)
        return found


def _matches(node: Model | Seed | Function, selector: str) -> bool:
    if selector.startswith("tag:"):
        return selector[4:] in (node.config.tags or ())
    pattern = selector.lower()
    full, short = str(node).lower(), node.name.name.lower()
    return fnmatch.fnmatchcase(full, pattern) or fnmatch.fnmatchcase(short, pattern)


def build_graph(
    models: Sequence[Model],
    seeds: Sequence[Seed],
    catalog: str,
    default_schema: str,
    functions: Sequence[Function] = (),
    folder: Path = Path(),
    others: Iterable[str] = (),
) -> Graph:
    """The graph of a project's models and seeds.

    Args:
        models: In any order.
        seeds: In any order.
        catalog: The name DuckDB gives to the database file: its stem.
        default_schema: `[connection] schema`.
        functions: In any order.
        folder: The project's.
        others: The names of attached databases.

    Raises:
        UsageError: Two of them make one table, there is a cycle, ephemeral models stand in one
            another too deep, or a function is called where that cannot work.
    """
    nodes: dict[Key, Model | Seed] = {}
    made: list[Model | Seed] = [*seeds, *models]
    for node in made:
        other = nodes.get(node.name.key)
        if other is not None:
            raise UsageError(
                f"{node} is made twice: by {_file(other)} and by {_file(node)}",
                hint="rename one of the files",
            )
        nodes[node.name.key] = node

    parents: dict[Key, tuple[Key, ...]] = {}
    sources: dict[Key, tuple[TableRef, ...]] = {}
    known = {function.name.key: function for function in functions}
    for key, node in nodes.items():
        called: tuple[Function, ...] = ()
        if isinstance(node, Model) and known:
            called = functions_called(node, known, catalog, default_schema)
        parents[key], sources[key] = _origins(node, called, nodes, catalog, default_schema)

    order = in_order(nodes, parents)
    refuse_deep_ephemerals(order, nodes, parents)
    graph = Graph(
        nodes={key: nodes[key] for key in order},
        parents=parents,
        sources=sources,
        catalog=catalog,
        default_schema=default_schema,
        functions=known,
        folder=folder,
        others=frozenset(name.lower() for name in others),
    )
    for function in functions:
        functions_called(function, known, catalog, default_schema)
        refuse_ephemeral(function, nodes, catalog, default_schema)
    for model in graph.models if known else ():
        refuse_unusable(model, graph.functions_of(model), known, catalog, default_schema)
    return graph


def _origins(
    node: Model | Seed,
    called: Sequence[Function],
    nodes: Mapping[Key, Model | Seed],
    catalog: str,
    default_schema: str,
) -> tuple[tuple[Key, ...], tuple[TableRef, ...]]:
    if isinstance(node, Seed):
        return (), ()
    parents: dict[Key, None] = {}
    sources: dict[TableRef, None] = {}
    in_condition = () if node.where_condition is None else node.where_condition.tables
    for ref in (*node.source.tables, *in_condition):
        key = resolved(ref, node.name.schema, nodes, catalog, default_schema)
        if key == node.name.key and ref in in_condition:
            continue  # what is deleted may depend on the table itself
        if key is None or (key == node.name.key and not ref.schema):
            sources[ref] = None
        else:
            parents[key] = None
    for function in called:
        for ref in function.source.tables:
            key = resolved(ref, function.name.schema, nodes, catalog, default_schema)
            if key is None:
                sources[ref] = None
            else:
                parents[key] = None
    return tuple(parents), tuple(sources)


def _file(node: Model | Seed) -> str:
    return str(node.place.file if isinstance(node, Model) else node.file)
