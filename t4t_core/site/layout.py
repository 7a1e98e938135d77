"""Where the nodes of a graph stand: in layers, parents to the left of their children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean

from msgspec import Struct

LAYER_WIDTH = 256
NODE_WIDTH = 200
NODE_HEIGHT = 44
_GAP = 18
_BEND_HEIGHT = 2
_SWEEPS = 12

# A node's name alone, or the ends of an edge and the layer that it passes.
_Spot = tuple[str] | tuple[str, str, int]


class Layout(Struct, frozen=True):
    """Places in pixels.

    Attributes:
        nodes: The upper left corner of each node's box.
        edges: For each parent and child, the points that the line between them goes through.
        width: Of the whole.
        height: Of the whole.
    """

    nodes: Mapping[str, tuple[int, int]]
    edges: Mapping[tuple[str, str], tuple[tuple[int, int], ...]]
    width: int
    height: int


def layout(parents: Mapping[str, Sequence[str]]) -> Layout:
    """Places for the nodes of a graph without cycles; the same graph gives the same places.

    Args:
        parents: Each node's parents; every node is a key.
    """
    if not parents:
        return Layout({}, {}, 0, 0)
    layer_of = _layers(parents)
    layers, links = _with_bends(parents, layer_of)
    neighbours: dict[_Spot, tuple[list[_Spot], list[_Spot]]] = {
        spot: ([], []) for layer in layers for spot in layer
    }
    for left, right in links:
        neighbours[right][0].append(left)
        neighbours[left][1].append(right)
    _order(layers, neighbours)
    middle = _middles(layers, neighbours)
    top = min(middle[(name,)] for name in parents) - NODE_HEIGHT / 2
    nodes = {
        name: (layer_of[name] * LAYER_WIDTH, round(middle[(name,)] - top - NODE_HEIGHT / 2))
        for name in parents
    }
    edges = {}
    for child, own in parents.items():
        for parent in dict.fromkeys(own):
            points = [(nodes[parent][0] + NODE_WIDTH, nodes[parent][1] + NODE_HEIGHT // 2)]
            for at in range(layer_of[parent] + 1, layer_of[child]):
                y = round(middle[(parent, child, at)] - top)
                points += [(at * LAYER_WIDTH, y), (at * LAYER_WIDTH + NODE_WIDTH, y)]
            points.append((nodes[child][0], nodes[child][1] + NODE_HEIGHT // 2))
            edges[parent, child] = tuple(points)
    return Layout(
        nodes,
        edges,
        width=max(x for x, _ in nodes.values()) + NODE_WIDTH,
        height=max(y for _, y in nodes.values()) + NODE_HEIGHT,
    )


def _layers(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Each node's layer: one after its last parent, and beside its readers where it has none."""
    sorter = TopologicalSorter(parents)
    sorter.prepare()
    found: dict[str, int] = {}
    number = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        found |= dict.fromkeys(ready, number)
        sorter.done(*ready)
        number += 1
    first_reader: dict[str, int] = {}
    for child, own in parents.items():
        for parent in own:
            first_reader[parent] = min(found[child], first_reader.get(parent, found[child]))
    for name, own in parents.items():
        if not own and name in first_reader:
            found[name] = first_reader[name] - 1
    return found


def _with_bends(
    parents: Mapping[str, Sequence[str]], layer_of: Mapping[str, int]
) -> tuple[list[list[_Spot]], list[tuple[_Spot, _Spot]]]:
    """The layers with a spot for each edge that passes one, and what is linked to what."""
    layers: list[list[_Spot]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for name in sorted(parents):
        layers[layer_of[name]].append((name,))
    links: list[tuple[_Spot, _Spot]] = []
    for child in sorted(parents):
        for parent in dict.fromkeys(parents[child]):
            passed = range(layer_of[parent] + 1, layer_of[child])
            bends: list[_Spot] = [(parent, child, at) for at in passed]
            for at, bend in zip(passed, bends, strict=True):
                layers[at].append(bend)
            links += pairwise([(parent,), *bends, (child,)])
    return layers, links


def _order(
    layers: list[list[_Spot]],
    neighbours: Mapping[_Spot, tuple[Sequence[_Spot], Sequence[_Spot]]],
) -> None:
    """Sorts each layer, in place, by the middle of what its spots are linked to."""
    for sweep in range(_SWEEPS):
        side = sweep % 2
        for layer in layers if side == 0 else reversed(layers):
            at = {spot: float(number) for whole in layers for number, spot in enumerate(whole)}
            wanted = {
                spot: fmean(at[other] for other in neighbours[spot][side])
                if neighbours[spot][side]
                else at[spot]
                for spot in layer
            }
            layer.sort(key=wanted.__getitem__)


def _middles(
    layers: Sequence[Sequence[_Spot]],
    neighbours: Mapping[_Spot, tuple[Sequence[_Spot], Sequence[_Spot]]],
) -> dict[_Spot, float]:
    """The height of each spot's middle: as near to its neighbours' as the others let it."""
    middle: dict[_Spot, float] = {}
    for layer in layers:
        middle |= zip(layer, _offsets(layer), strict=True)
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = []
            for spot in layer:
                near = neighbours[spot][0] + neighbours[spot][1]  # type: ignore[operator]
                wanted.append(fmean(middle[other] for other in near) if near else middle[spot])
            middle |= zip(layer, _apart(wanted, _offsets(layer)), strict=True)
    return middle


def _offsets(layer: Sequence[_Spot]) -> list[float]:
    """Where the middles of a layer's spots are when they stand as close as they may."""
    heights = [NODE_HEIGHT if len(spot) == 1 else _BEND_HEIGHT for spot in layer]
    found = [0.0]
    for above, below in pairwise(heights):
        found.append(found[-1] + (above + below) / 2 + _GAP)
    return found


def _apart(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to those wanted that keep the order and the distances.

    Spots that would meet are moved as one block to the mean of what they want.
    """
    blocks: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        total, count = place - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    shifts = [total / count for total, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]
