"""What must be done before what in a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from t4t_core.checks import Check
from t4t_core.checks.assigned import schema_of, tables_read
from t4t_core.checks.query import Node
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.resolution import Key
from t4t_core.sql_functions.calls import functions_behind


def read_in_run(nodes: Sequence[Node], graph: Graph) -> dict[Key, frozenset[Key]]:
    """For each node of the graph, which nodes of a run it reads.

    It may read them through ephemeral models and views that are not in the run. Tables that are not
    in the run hold what they held, so nothing is read through those.

    Args:
        nodes: Of the run.
        graph: Of the project.
    """
    chosen = {node.name.key for node in nodes}
    return _through_others(chosen, graph, lambda key: chosen.intersection(graph.parents[key]))


def _through_others(
    chosen: Collection[Key], graph: Graph, own: Callable[[Key], Iterable[Key]]
) -> dict[Key, frozenset[Key]]:
    """What `own` gives for each node, and for the views and ephemeral models that it is made from.

    Only those count that are not chosen; tables that are not show nothing.
    """
    found: dict[Key, frozenset[Key]] = {}
    for key, node in graph.nodes.items():  # parents before children
        found[key] = frozenset()
        if key in chosen or _shows_others(node):
            through = (found[parent] for parent in graph.parents[key] if parent not in chosen)
            found[key] = frozenset(own(key)).union(*through)
    return found


def _shows_others(node: Node) -> bool:
    """Whether a node has no rows of its own."""
    return isinstance(node, Model) and (node.is_ephemeral or node.config.materialization == "view")


def done_before(
    nodes: Sequence[Node],
    project: Project,
    reads: Mapping[Key, frozenset[Key]],
    *,
    with_tests: bool,
    unmade: Collection[Key] = (),
) -> dict[Key, frozenset[Key]]:
    """For each node of a run, which others are done before it is begun.

    Those are the ones that it reads, those that make functions of views that it reads, and with
    tests whatever makes each test find the tables and functions as it would if the nodes were run
    one after the other.

    Args:
        nodes: In the order of a run of one after the other.
        project: Their project.
        reads: What each node reads; see `read_in_run`.
        with_tests: The data tests are run too.
        unmade: The functions that the first model that calls them has to make.
    """
    before = {node.name.key: set(reads[node.name.key]) for node in nodes}
    place = {key: at for at, key in enumerate(before)}
    makers = _makers(nodes, project.graph, unmade)
    looks = _in_views(nodes, project.graph, makers) if makers else []
    if with_tests:
        looks += _in_tests(nodes, project, reads, makers)
    for moment, seen in looks:
        for key in seen - {moment}:
            if place[key] < place[moment]:
                before[moment].add(key)
            else:
                before[key].add(moment)
    return {key: frozenset(keys) for key, keys in before.items()}


def _in_views(
    nodes: Sequence[Node], graph: Graph, makers: Mapping[Key, set[Key]]
) -> list[tuple[Key, set[Key]]]:
    """For each node, those that may make a function in a view of other runs that it reads."""
    chosen = {node.name.key for node in nodes}

    def own(key: Key) -> set[Key]:
        node = graph.nodes[key]
        if key in chosen or not isinstance(node, Model):
            return set()
        called = (function.name.key for function in graph.functions_of(node))
        return set().union(*(makers.get(function, set()) for function in called))

    found = _through_others(chosen, graph, own)
    return [(key, set(found[key])) for key in chosen]


def _in_tests(
    nodes: Sequence[Node],
    project: Project,
    reads: Mapping[Key, frozenset[Key]],
    makers: Mapping[Key, set[Key]],
) -> Iterator[tuple[Key, set[Key]]]:
    """For each test, the node with which it is run, and the nodes of the run that it looks at.

    Among these are those that may make a function that it calls.
    """
    keys = {node.name.key for node in nodes}
    for key in keys:
        for check in project.checks.of(key):
            seen = {key}
            for other in tables_read(check, key, project.graph):
                seen |= {other} if other in keys else reads[other]
            if makers:
                for function in _called(check, key, project.graph):
                    seen |= makers.get(function, set())
            after = project.checks.waits.get((key, check.name), key)
            yield (after if after in keys else key), seen


def _makers(nodes: Sequence[Node], graph: Graph, unmade: Collection[Key]) -> dict[Key, set[Key]]:
    """The models of a run that call each function that has to be made."""
    found: dict[Key, set[Key]] = {key: set() for key in unmade}
    for node in nodes:
        for function in graph.functions_of(node) if found and isinstance(node, Model) else ():
            if function.name.key in found:
                found[function.name.key].add(node.name.key)
    return found


def _called(check: Check, key: Key, graph: Graph) -> list[Key]:
    """The functions that a check of a table calls, at any distance."""
    schema = schema_of(check, key, graph)
    called = functions_behind(
        check.calls, schema, graph.functions, graph.catalog, graph.default_schema
    )
    return [function.name.key for function in called]
