"""Which checks belong to which table, and when a build can run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from types import MappingProxyType

from msgspec import Struct, field

from t4t_core.checks.check import Check
from t4t_core.checks.entries import with_own_names
from t4t_core.checks.sql_test import OfSqlTest
from t4t_core.graph import Graph
from t4t_core.resolution import Key


class Assigned(Struct, frozen=True):
    """The checks of a project.

    Attributes:
        by_node: The checks of each model and seed that has any.
        free: SQL tests that read no model and no seed.
        order: Every model and seed, such that what a check reads is built before the check's own
            table wherever the tables do not depend on each other the other way round.
        waits: For a check of which that cannot be, by its table and name: the table after which
            a build runs it.
    """

    by_node: Mapping[Key, tuple[Check, ...]] = field(default_factory=lambda: MappingProxyType({}))
    free: tuple[Check, ...] = ()
    order: tuple[Key, ...] = ()
    waits: Mapping[tuple[Key, str], Key] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, key: Key) -> tuple[Check, ...]:
        """All checks of a table."""
        return self.by_node.get(key, ())

    def blocking(self, key: Key) -> tuple[Check, ...]:
        """The checks that run in the transaction that writes the table, and may stop it."""
        return tuple(
            check
            for check in self.of(key)
            if check.severity == "error" and (key, check.name) not in self.waits
        )

    def at_once(self, key: Key) -> tuple[Check, ...]:
        """The checks that wait for no other table, those that may stop the table first."""
        found = [check for check in self.of(key) if (key, check.name) not in self.waits]
        return tuple(sorted(found, key=lambda check: check.severity != "error"))


def assigned(
    own: Mapping[Key, Sequence[Check]], singular: Iterable[Check], graph: Graph
) -> Assigned:
    """The checks of a project at their tables.

    Args:
        own: Those of the models' metadata.
        singular: SQL tests that no metadata names. One belongs to the last of the models and seeds
            that it reads.
        graph: Of the project.
    """
    by_node: dict[Key, list[Check]] = {key: list(checks) for key, checks in own.items()}
    free: list[Check] = []
    for check in singular:
        read = _read(check, graph.default_schema, graph)
        owner = next((key for key in reversed(tuple(graph.nodes)) if key in read), None)
        if owner is None:
            free.append(check)
        else:
            by_node.setdefault(owner, []).append(check)
    named = {key: with_own_names(checks) for key, checks in by_node.items() if checks}
    order, waits = _ordered(named, graph)
    return Assigned(named, with_own_names(free), order, waits)


def tables_read(check: Check, key: Key, graph: Graph) -> tuple[Key, ...]:
    """The other models and seeds that a check of a table reads."""
    found = _read(check, schema_of(check, key, graph), graph)
    return tuple(other for other in found if other != key)


def schema_of(check: Check, key: Key, graph: Graph) -> str:
    """Where names without a schema in a check of a table are looked for first."""
    is_singular = isinstance(check.rule, OfSqlTest) and not check.rule.test.is_generic
    return graph.default_schema if is_singular else graph.nodes[key].name.schema


def _read(check: Check, schema: str, graph: Graph) -> tuple[Key, ...]:
    found = (graph.resolve(ref, schema) for ref in check.tables)
    return tuple(dict.fromkeys(key for key in found if key is not None))


def _ordered(
    checks: Mapping[Key, Sequence[Check]], graph: Graph
) -> tuple[tuple[Key, ...], dict[tuple[Key, str], Key]]:
    parents = {key: list(graph.parents[key]) for key in graph.nodes}
    late: list[tuple[Key, Check]] = []
    for key in graph.nodes:
        for check in checks.get(key, ()):
            others = tables_read(check, key, graph)
            if any(_reaches(other, key, parents) for other in others):
                late.append((key, check))
            else:
                parents[key] += [other for other in others if other not in parents[key]]
    order = tuple(TopologicalSorter(parents).static_order())
    waits = {
        (key, check.name): max(tables_read(check, key, graph), key=order.index)
        for key, check in late
    }
    return order, waits


def _reaches(start: Key, wanted: Key, parents: Mapping[Key, Sequence[Key]]) -> bool:
    """Whether a table is built from the wanted one, at any distance."""
    seen = {start}
    ahead = [start]
    while ahead:
        for key in parents[ahead.pop()]:
            if key == wanted:
                return True
            if key not in seen:
                seen.add(key)
                ahead.append(key)
    return False
