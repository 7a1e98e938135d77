"""A schedule gives each node out once, after what it waits for, and not beside what it must not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from long_part import histories
from running_lab import Lab

from t4t_core.checks.query import Node
from t4t_core.data_tests.in_builds import in_build_order
from t4t_core.names import TableName
from t4t_core.running.order import done_before, read_in_run
from t4t_core.running.schedule import Schedule


@dataclass(frozen=True)
class Named:
    """All that a schedule looks at of a node."""

    name: TableName


def nodes_of(count: int) -> list[Node]:
    return [cast(Node, Named(TableName("m", f"t{at:02d}"))) for at in range(count)]


@histories(80, 5000)
@given(data=st.data(), count=st.integers(1, 12), threads=st.integers(1, 5))
def test_whatever_the_order_of_their_ends(data: Any, count: int, threads: int) -> None:
    """All come, and at no moment do two run of which one waits, is alone, or makes the same."""
    nodes = nodes_of(count)
    keys = [node.name.key for node in nodes]
    before = {
        key: data.draw(st.sets(st.sampled_from(keys[:at])) if at else st.just(set()))
        for at, key in enumerate(keys)
    }
    alone = data.draw(st.sets(st.sampled_from(keys)))
    claims = {key: data.draw(st.sets(st.sampled_from("abc"), max_size=2)) for key in keys}
    schedule = Schedule(nodes, before, alone, claims)
    running: list[Node] = []
    ended: list[Any] = []
    made: set[str] = set()

    while True:
        while len(running) < threads and (node := schedule.next()) is not None:
            beside = [other.name.key for other in running]
            key = node.name.key
            assert before[key] <= set(ended)
            assert not beside or not alone & {key, *beside}
            assert key not in alone or sorted(ended) == keys[: keys.index(key)]
            assert not any(
                other in alone and other not in ended for other in keys[: keys.index(key)]
            )
            assert all(not claims[key] & claims[other] - made for other in beside)
            running.append(node)
        if not running:
            break
        node = running.pop(data.draw(st.integers(0, len(running) - 1)))
        has_made = data.draw(st.booleans())
        schedule.end(node, has_made=has_made)
        made |= claims[node.name.key] if has_made else set()
        ended.append(node.name.key)

    assert sorted(ended) == keys


def test_one_at_a_time_they_come_in_their_order() -> None:
    """A node that could begin earlier does not come earlier."""
    nodes = nodes_of(5)
    keys = [node.name.key for node in nodes]
    before = {key: [] if at in (0, 3) else [keys[at - 1]] for at, key in enumerate(keys)}
    schedule = Schedule(nodes, before)
    given_out = []

    while (node := schedule.next()) is not None:
        given_out.append(node)
        schedule.end(node, has_made=True)

    assert given_out == nodes


def test_what_runs_alone_stands_between_the_others() -> None:
    """What comes before it in the order has ended when it begins, and what comes after has not."""
    nodes = nodes_of(4)
    keys = [node.name.key for node in nodes]
    schedule = Schedule(nodes, dict.fromkeys(keys, ()), alone=[keys[2]])

    assert [schedule.next(), schedule.next(), schedule.next()] == [nodes[0], nodes[1], None]
    schedule.end(nodes[1], has_made=True)
    assert schedule.next() is None
    schedule.end(nodes[0], has_made=True)
    assert [schedule.next(), schedule.next()] == [nodes[2], None]
    schedule.end(nodes[2], has_made=True)
    assert [schedule.next(), schedule.next()] == [nodes[3], None]


def relationship(to: str) -> dict[str, Any]:
    test = {"name": "relationships", "params": {"to": to, "field": "id"}}
    return {"materialization": "table", "schema": [{"name": "id", "tests": [test]}]}


def test_tests_find_the_tables_of_one_after_the_other(tmp_path: Path) -> None:
    """What a test looks at is done before its own, or begun only after it, as the order says."""
    lab = Lab(tmp_path / "p")
    lab.model("SELECT 1 AS id", relationship("m.z"), name="a")  # z is put before it
    lab.model("SELECT 1 AS id", {"materialization": "table"}, name="z")
    lab.model("SELECT 1 AS id", relationship("m.v"), name="b")  # v is built from it
    lab.model("SELECT id FROM b", {"materialization": "view"}, name="v")
    project = lab.project()

    def waiting(*names: str, with_tests: bool = True) -> dict[str, set[str]]:
        given = in_build_order(project, [project.graph.node(name) for name in names])
        reads = read_in_run(given, project.graph)
        found = done_before(given, project, reads, with_tests=with_tests)
        return {key[1]: {name for _, name in others} for key, others in found.items()}

    assert waiting("a", "b", "v", "z") == {"a": {"z"}, "b": set(), "v": {"b"}, "z": set()}
    assert waiting("a", "b", "v", "z", with_tests=False)["a"] == set()
    assert waiting("a", "b", "z") == {"a": {"z"}, "b": set(), "z": set()}


def test_a_table_that_a_test_finds_as_it_was_begins_after_the_test(tmp_path: Path) -> None:
    """The test waits for a reader that the run leaves out, so it runs before what comes later."""
    lab = Lab(tmp_path / "p")
    (lab.folder / "tests").mkdir()
    (lab.folder / "tests" / "known.sql").write_text(
        "SELECT id FROM @table_name WHERE id NOT IN (FROM m.v UNION FROM m.y)"
    )
    lab.model("SELECT 1 AS id", {"materialization": "table", "tests": ["known"]}, name="b")
    lab.model("SELECT id FROM b", {"materialization": "view"}, name="v")
    lab.model("SELECT 2 AS id", {"materialization": "table"}, name="y")
    project = lab.project()
    nodes = in_build_order(project, [project.graph.node(name) for name in ("b", "y")])
    reads = read_in_run(nodes, project.graph)

    found = done_before(nodes, project, reads, with_tests=True)

    assert found == {("m", "b"): frozenset(), ("m", "y"): {("m", "b")}}
