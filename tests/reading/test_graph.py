"""What depends on what in a project, read from the SQL itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from t4t_core import Project, load_project
from t4t_core.errors import SelectionError, T4tError

Make = Callable[..., Path]


def _parents(project: Project, name: str) -> list[str]:
    key = project.graph.node(name).name.key
    return [str(project.graph.nodes[parent]) for parent in project.graph.parents[key]]


def _sources(project: Project, name: str) -> list[str]:
    key = project.graph.node(name).name.key
    return [".".join(project.graph.source_name(ref)) for ref in project.graph.sources[key]]


@pytest.mark.parametrize(
    ("table", "parents", "sources"),
    [
        ("s.a", ["s.a"], []),
        ("a", ["s.a"], []),
        ("S.A", ["s.a"], []),
        ('"s"."A"', ["s.a"], []),
        ("warehouse.s.a", ["s.a"], []),
        ("main.b", ["main.b"], []),
        ("b", ["main.b"], []),
        ("warehouse.b", ["main.b"], []),
        ("raw.seeded", ["raw.seeded"], []),
        ("seeded", [], ["main.seeded"]),
        ("other.a", [], ["other.a"]),
        ("other.s.a", [], ["other.s.a"]),
        ("warehouse.unknown", [], ["main.unknown"]),
        ("warehouse.x.unknown", [], ["x.unknown"]),
        ("unknown", [], ["main.unknown"]),
        ("m", [], ["main.m"]),
    ],
)
def test_names_are_resolved_as_duckdb_does(
    table: str, parents: list[str], sources: list[str], project: Make
) -> None:
    """A name may have a schema, a catalog, both or neither; what nothing makes is a source."""
    folder = project(
        {"s/a.sql": "SELECT 1 AS i", "b.sql": "SELECT 1 AS i", "s/m.sql": f"SELECT * FROM {table}"},
        {"raw/seeded.csv": "i\n1\n"},
    )

    loaded = load_project(folder)

    assert _parents(loaded, "s.m") == parents
    assert _sources(loaded, "s.m") == sources


def test_source_of_the_seed_is_in_the_catalog(project: Make) -> None:
    """`t_project.source_table` beside `t_project.duckdb` is the table of that catalog."""
    folder = project(
        {"my_schema/m.sql": "SELECT * FROM t_project.source_table"},
        toml_file='[connection]\npath = "t_project.duckdb"\nschema = "my_schema"\n',
    )

    assert _sources(load_project(folder), "m") == ["main.source_table"]


def test_a_file_straight_in_models_takes_the_schema_of_the_connection(project: Make) -> None:
    """The first folder below `models/` is the schema; without one `[connection] schema` is."""
    folder = project(
        {"a.sql": "SELECT 1 AS i", "s/b.sql": "SELECT 1 AS i", "s/deep/c.sql": "SELECT 1 AS i"},
        toml_file='[connection]\npath = "x.duckdb"\nschema = "base"\n',
    )

    names = {str(model) for model in load_project(folder).models}

    assert names == {"base.a", "s.b", "s.c"}


def test_parents_come_before_children(project: Make) -> None:
    """The order is that of the reading, whatever the names."""
    folder = project(
        {
            "z.sql": "SELECT 1 AS i",
            "y.sql": "SELECT * FROM z",
            "x.sql": "WITH z AS (SELECT * FROM y) SELECT * FROM z",
            "a.sql": "SELECT * FROM x WHERE i IN (SELECT i FROM y)",
        }
    )

    assert [m.name.name for m in load_project(folder).models] == ["z", "y", "x", "a"]


def test_circle_is_shown_whole(project: Make) -> None:
    """A circle names each model on it."""
    folder = project(
        {
            "a.sql": "SELECT * FROM b",
            "b.sql": "SELECT * FROM c",
            "c.sql": "SELECT * FROM a",
            "d.sql": "SELECT * FROM a",
        }
    )

    with pytest.raises(T4tError, match=r"main\.\w reads main\.\w reads main\.\w reads") as caught:
        load_project(folder)

    assert "main.d" not in str(caught.value)


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ([], [], ["raw.r", "s.a", "s.b", "s.c", "t.d"]),
        (["s.b"], [], ["s.b"]),
        (["B"], [], ["s.b"]),
        (["s.*"], [], ["s.a", "s.b", "s.c"]),
        (["?.b"], [], ["s.b"]),
        (["+s.b"], [], ["raw.r", "s.a", "s.b"]),
        (["s.b+"], [], ["s.b", "s.c", "t.d"]),
        (["+s.b+"], [], ["raw.r", "s.a", "s.b", "s.c", "t.d"]),
        (["tag:x"], [], ["s.b"]),
        (["tag:x+"], [], ["s.b", "s.c", "t.d"]),
        (["s.a t.d"], [], ["s.a", "t.d"]),
        ([], ["s.b+"], ["raw.r", "s.a"]),
        (["s.*"], ["tag:x"], ["s.a", "s.c"]),
    ],
)
def test_selection(
    select: list[str], exclude: list[str], expected: list[str], project: Make
) -> None:
    """Selectors are names, wildcards and tags, with what stands above or below them."""
    folder = project(
        {
            "s/a.sql": "SELECT * FROM raw.r",
            "s/b.sql": '-- metadata: {"tags": ["x"]}\nSELECT * FROM a',
            "s/c.sql": "SELECT * FROM b",
            "t/d.sql": "SELECT * FROM s.c",
        },
        {"raw/r.csv": "i\n1\n"},
    )

    chosen = load_project(folder).graph.select(select, exclude)

    assert sorted(map(str, chosen)) == expected


@pytest.mark.parametrize("selector", ["nothing", "tag:nothing", "z.*", "+nothing", ""])
def test_selector_that_matches_nothing_is_an_error(selector: str, project: Make) -> None:
    """A selector that matches nothing is a mistake, not an empty run."""
    graph = load_project(project({"a.sql": "SELECT 1 AS i"})).graph

    if selector:
        with pytest.raises(SelectionError, match="matches no model"):
            graph.select([selector])
    else:
        assert graph.select([selector]) == ()
