"""A seed's metadata says how its file is read, and a seed is loaded when either changed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from running_lab import Lab

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import ProjectError
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running.open_session import open_session
from t4t_core.seeds import one_seed


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "p")


def seed(lab: Lab, name: str, content: str, metadata: str | None = None) -> Path:
    file = lab.folder / "seeds" / "m" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".gz"):
        file.write_bytes(gzip.compress(content.encode()))
    elif name.endswith(".parquet"):
        duckdb.connect().execute(f"COPY ({content}) TO '{file}' (FORMAT parquet)")
    else:
        file.write_text(content)
    if metadata is not None:
        (file.parent / f"{name.split('.')[0]}.py").write_text(f"metadata = {metadata}")
    return file


def failure(lab: Lab) -> str:
    report = lab.result("s")
    assert report.status == "failed"
    return str(report.error)


def told(report: ModelReport) -> tuple[str | None, str]:
    return report.mode, report.reason


ID = "'schema': [{'name': 'id', 'datatype': 'smallint'}"


@pytest.mark.parametrize(
    ("name", "content", "metadata", "rows"),
    [
        pytest.param("s.csv", "id,x\n1,a\n", None, [(1, "a")], id="csv"),
        pytest.param("s.CSV", "id\n1\n", None, [(1,)], id="capitals"),
        pytest.param("s.csv", "id,x\n", None, [], id="header-alone"),
        pytest.param("s.tsv", "id\tx\n1\ta,b\n", None, [(1, "a,b")], id="tsv"),
        pytest.param("s.csv.gz", "id\n1\n", None, [(1,)], id="csv-packed"),
        pytest.param("s.jsonl.gz", '{"id": 1}\n{"id": 2}', None, [(1,), (2,)], id="json-packed"),
        pytest.param("s.json", '[{"id": 1}]', "{" + ID + "]}", [(1,)], id="json"),
        pytest.param("s.parquet", "SELECT 1 AS id", "{" + ID + "]}", [(1,)], id="parquet"),
        pytest.param(
            "s.csv",
            "#c\n1;'a;b';NA;31/12/2024;1,5\n",
            "{'delimiter': ';', 'quote': \"'\", 'header': False, 'null_values': 'NA',"
            "'comment': '#', 'date_format': '%d/%m/%Y', 'decimal_separator': ',', "
            + ID
            + ", {'name': \"it's\"}, {'name': 'n'}, {'name': 'd', 'datatype': 'date'},"
            " {'name': 'f', 'datatype': 'number'}]}",
            None,
            id="options",
        ),
    ],
)
def test_every_form_is_loaded(
    lab: Lab, name: str, content: str, metadata: str | None, rows: list[object] | None
) -> None:
    """With the declared types; other columns have those that DuckDB finds."""
    seed(lab, name, content, metadata)

    lab.run("s")

    if rows is not None:
        assert lab.rows("FROM m.s") == rows
    else:
        assert lab.sql('SELECT id, "it\'s", n, d::VARCHAR, f, typeof(id) FROM m.s') == [
            (1, "a;b", None, "2024-12-31", 1.5, "SMALLINT")
        ]
    if metadata is not None:
        assert lab.sql("SELECT DISTINCT typeof(id) FROM m.s") == [("SMALLINT",)]


def test_it_is_loaded_again_when_file_or_metadata_changed(lab: Lab) -> None:
    """Not for a description, tests or tags."""
    seed(lab, "s.csv", "id\n1\n")
    first = told(lab.run("s"))
    unchanged = told(lab.run("s"))
    seed(
        lab, "s.csv", "id\n1\n", "{'description': 'x', 'tags': ['t'], 'tests': ['row_count_gt_0']}"
    )
    described = told(lab.run("s"))
    seed(lab, "s.csv", "id\n1\n", "{" + ID + "]}")
    typed = lab.run("s")
    seed(lab, "s.csv", "id\n2\n")
    other = lab.run("s")

    assert [first[0], unchanged[0], described[0]] == ["full", "skipped", "skipped"]
    assert told(typed) == ("full", "its metadata changed")
    assert told(other) == ("full", "its file changed")
    assert len({typed.data_version, other.data_version}) == 2
    assert lab.sql("SELECT id, typeof(id) FROM m.s") == [(2, "SMALLINT")]


def test_a_rival_makes_a_load_fail_as_one_to_try_again(lab: Lab) -> None:
    """Of two sessions of a process that load a seed at once, one commits."""
    seed(lab, "s.csv", "id\n1\n")
    project = lab.project()
    (node,) = project.graph.select()
    whole = one_seed.write_commit

    losers: list[ModelReport] = []

    with open_session(project) as first, open_session(project) as second:

        def begun(warehouse: Warehouse, commit: Commit) -> None:
            losers.append(second.run(node, Request()))
            whole(warehouse, commit)

        with patch("t4t_core.seeds.one_seed.write_commit", begun):
            winner = first.run(node, Request())

    assert (winner.status, losers[0].status) == ("success", "failed")
    assert losers[0].is_transient
    assert lab.result("s").mode == "skipped"


@pytest.mark.parametrize(
    ("content", "metadata", "words"),
    [
        pytest.param(
            "id\n1\nx\n",
            "{" + ID + "]}",
            ["s.csv:3: seed m.s:", "Could not convert string \"x\" to 'SMALLINT'", "column 'id'"],
            id="value",
        ),
        pytest.param("x\n1\n", "{" + ID + "]}", ['"id" do not exist'], id="no-such-column"),
        pytest.param("id,x\n1,2,3\n4\n", None, ["s.csv"], id="ragged"),
    ],
)
def test_a_file_that_does_not_fit_is_an_error(
    lab: Lab, content: str, metadata: str | None, words: list[str]
) -> None:
    """It names the file and the line on one screen, and the table stays as it was."""
    seed(lab, "s.csv", "id\n1\n")
    lab.run("s")
    seed(lab, "s.csv", content, metadata)

    error = failure(lab)

    assert [word for word in words if word not in error] == []
    assert len(error.splitlines()) < 8
    assert lab.rows("FROM m.s") == [(1,)]


@pytest.mark.parametrize(
    ("name", "metadata", "words"),
    [
        ("s.csv", "{'colour': 1}", "seed m.s: .*unknown key 'colour'"),
        ("s.csv", "{'tests': ['not_nul']}", "seed m.s: there is no test 'not_nul'"),
        ("s.csv", "{'schema': [{'name': 'id', 'datatype': 'no such type('}]}", "is none"),
        ("s.csv", "{'header': False}", "seed m.s: .*needs the names of its columns"),
        ("s.json", "{'delimiter': ';'}", "is for CSV and TSV"),
        ("s.csv", "3", "sets no dict"),
        ("s.xml", None, "a seed is one of"),
        ("other.csv", None, "no seed that this metadata could be for"),
    ],
)
def test_wrong_metadata_is_refused(lab: Lab, name: str, metadata: str | None, words: str) -> None:
    """When the project is loaded."""
    seed(lab, name, "id\n1\n", metadata)
    if name == "other.csv":
        (lab.folder / "seeds/m/s.py").write_text("metadata = {}")

    with pytest.raises(ProjectError, match=words):
        lab.project()


def test_seeds_are_selected_by_tag(lab: Lab) -> None:
    """As models are."""
    seed(lab, "s.csv", "id\n1\n", "{'tags': ['raw']}")
    seed(lab, "other.csv", "id\n1\n")

    assert [str(node) for node in lab.project().graph.select(["tag:raw"])] == ["m.s"]


def test_tests_in_metadata_run_in_a_build(
    lab: Lab, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """Those of the seed's columns and of the seed itself."""
    seed(
        lab,
        "s.csv",
        "id\n1\n1\n",
        "{'schema': [{'name': 'id', 'tests': ['unique']}], 'tests': ['row_count_gt_0']}",
    )

    report = t4t_json("build", lab.folder)

    found = {(test["test"], test["status"]) for test in report["tests"]}
    assert found == {("unique(id)", "failed"), ("row_count_gt_0", "passed")}
