"""Projects far larger than most are read, planned and run; where one cannot be, it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from t4t_core.commands.preview import compiled_models
from t4t_core.errors import T4tError
from t4t_core.planning.request import Request
from t4t_core.project.load import load_project
from t4t_core.running.run import run_nodes
from t4t_core.site.content import site_content
from t4t_core.site.database import Found

EPHEMERAL = '-- metadata: {"materialization": "ephemeral"}\n'


def chain(folder: Path, depth: int, kept: str = "") -> Path:
    """Models m.m0, m.m1 and so on, each reading the one before; all but the last are `kept` so."""
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "project.toml").write_text('[connection]\npath = "w.duckdb"\nschema = "m"\n')
    for number in range(depth):
        text = f"SELECT id + 1 AS id FROM m.m{number - 1}" if number else "SELECT 1 AS id"
        head = kept if number < depth - 1 else ""
        (folder / "models" / "m" / f"m{number}.sql").write_text(f"{head}{text}\n")
    return folder


@pytest.fixture
def stack() -> Iterator[int]:
    """The calls that may stand in one another, of which there are half as many as elsewhere."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before // 2)
    yield before // 2
    sys.setrecursionlimit(before)


def test_a_chain_deeper_than_pythons_stack_is_read(tmp_path: Path, stack: int) -> None:
    """Order, selection, the site and a plan take no stack that grows with the depth."""
    depth = stack + 100
    project = load_project(chain(tmp_path, depth))
    graph = project.graph
    last = graph.node(f"m.m{depth - 1}")

    above = graph.select([f"+{last}"])
    below = graph.select(["m.m0+"])
    site = site_content(project, Found(), {})
    (compiled,) = compiled_models(project, [last], Request())

    assert [str(node) for node in graph.nodes.values()] == [f"m.m{at}" for at in range(depth)]
    assert len(above) == len(below) == len(site["nodes"]) == depth
    assert compiled["error"] is None


def test_a_model_may_have_hundreds_of_parents(tmp_path: Path) -> None:
    """A union of every model of a project is planned and gives all their rows."""
    count = 300
    folder = chain(tmp_path, 1)
    for number in range(count):
        (folder / "models" / "m" / f"v{number}.sql").write_text(
            f'-- metadata: {{"materialization": "view"}}\nSELECT {number} AS id\n'
        )
    union = "\nUNION ALL\n".join(f"SELECT id FROM m.v{number}" for number in range(count))
    (folder / "models" / "m" / "all_of.sql").write_text(union)
    project = load_project(folder)

    report = run_nodes(project, project.graph.select(["+m.all_of"]), Request())

    assert {model.status for model in report.models} == {"success"}
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        found = connection.execute("SELECT count(*), sum(id) FROM m.all_of").fetchall()
    assert found == [(count, count * (count - 1) // 2)]


def test_ephemeral_models_stand_in_one_another(tmp_path: Path) -> None:
    """Forty of them are one query that gives what forty tables would."""
    project = load_project(chain(tmp_path, 41, EPHEMERAL))

    (report,) = run_nodes(project, project.graph.select(), Request()).models

    assert report.status == "success", report.error
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("FROM m.m40").fetchall() == [(41,)]


def test_ephemeral_models_too_deep_in_one_another_are_refused(tmp_path: Path) -> None:
    """The error names the model at which it gets too deep, and what to do."""
    chain(tmp_path, 200, EPHEMERAL)

    with pytest.raises(T4tError) as refused:
        load_project(tmp_path)

    assert "m.m40" in str(refused.value)
    assert "make one of them a view or a table" in str(refused.value)
