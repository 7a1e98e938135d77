"""The order in which models and seeds are made, and what lies before or behind one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from t4t_core.errors import T4tError, UsageError
from t4t_core.models import Model
from t4t_core.resolution import Key
from t4t_core.seeds.seed import Seed

# Each one takes a dozen of Python's frames to write out, of which it allows a thousand.
_DEEPEST_EPHEMERAL = 40


def reached(start: Iterable[Key], edges: Mapping[Key, tuple[Key, ...]]) -> set[Key]:
    """What edges lead to from some keys, at any distance."""
    found: set[Key] = set()
    ahead = list(start)
    while ahead:
        for key in edges[ahead.pop()]:
            if key not in found:
                found.add(key)
                ahead.append(key)
    return found


def in_order(
    nodes: Mapping[Key, Model | Seed], parents: Mapping[Key, tuple[Key, ...]]
) -> list[Key]:
    """The keys with parents before children, and in the order of their names otherwise.

    Raises:
        UsageError: There is a cycle.
    """
    sorter = TopologicalSorter({key: parents[key] for key in sorted(nodes)})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = [str(nodes[key]) for key in reversed(error.args[1])]
        first = nodes[error.args[1][-1]]
        raise _cycle(cycle, first) from error
    order: list[Key] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def _cycle(cycle: list[str], node: Model | Seed) -> T4tError:
    place = node.place if isinstance(node, Model) else None
    if len(set(cycle)) == 1:
        return UsageError(
            f"{cycle[0]} reads itself",
            place=place,
            hint="read the source it is made from; the strategies look at the table by themselves",
        )
    return UsageError(
        f"the models read each other in a circle: {' reads '.join(cycle)}",
        place=place,
        hint="take one of these references out",
    )


def refuse_deep_ephemerals(
    order: Iterable[Key], nodes: Mapping[Key, Model | Seed], parents: Mapping[Key, tuple[Key, ...]]
) -> None:
    """Refuses ephemeral models that stand in one another too deep to be written as one query.

    Args:
        order: The keys, parents before children.
        nodes: What they stand for.
        parents: What each reads.

    Raises:
        UsageError: There are such.
    """
    depths: dict[Key, int] = {}
    for key in order:
        node = nodes[key]
        if not isinstance(node, Model) or not node.is_ephemeral:
            continue
        depths[key] = 1 + max((depths.get(parent, 0) for parent in parents[key]), default=0)
        if depths[key] > _DEEPEST_EPHEMERAL:
            raise UsageError(
                f"more than {_DEEPEST_EPHEMERAL} ephemeral models stand in one another here",
                place=node.place,
                model=str(node),
                hint="make one of them a view or a table, so that the query ends there",
            )
