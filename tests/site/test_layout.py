"""Where the graph's nodes stand on the page."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t_core.site.layout import NODE_HEIGHT, NODE_WIDTH, layout


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Parents of up to 25 nodes, without cycles; a parent may be named twice."""
    names = [f"s.n{number}" for number in range(draw(st.integers(1, 25)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:at]), max_size=4)) if at else []
        for at, name in enumerate(names)
    }


@given(graphs())
def test_parents_stand_left_and_no_box_covers_another(parents: dict[str, list[str]]) -> None:
    """Every node has a place on the page, and every edge runs from its parent to its child."""
    found = layout(parents)

    assert set(found.nodes) == set(parents)
    for (ax, ay), (bx, by) in combinations(found.nodes.values(), 2):
        assert abs(ax - bx) >= NODE_WIDTH or abs(ay - by) >= NODE_HEIGHT
    for x, y in found.nodes.values():
        assert 0 <= x <= found.width - NODE_WIDTH
        assert 0 <= y <= found.height - NODE_HEIGHT
    assert set(found.edges) == {(p, child) for child, own in parents.items() for p in own}
    for (parent, child), points in found.edges.items():
        assert points[0] == (found.nodes[parent][0] + NODE_WIDTH, found.nodes[parent][1] + 22)
        assert points[-1] == (found.nodes[child][0], found.nodes[child][1] + 22)
        assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert layout(dict(reversed(parents.items()))).nodes == found.nodes


def test_a_long_edge_goes_around_the_nodes_between() -> None:
    """It bends in each layer that it passes, and meets no box there."""
    found = layout({"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"]})

    bends = found.edges["a", "d"][1:-1]
    assert len(bends) == 4
    for x, y in bends:
        for left, top in (found.nodes["b"], found.nodes["c"]):
            assert not (left <= x <= left + NODE_WIDTH and top <= y <= top + NODE_HEIGHT)


@pytest.mark.parametrize("parents", [{}, {"a": []}], ids=["none", "one"])
def test_small_graphs(parents: dict[str, list[str]]) -> None:
    """A project without models has an empty picture."""
    assert len(layout(parents).nodes) == len(parents)
