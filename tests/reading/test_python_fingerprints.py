"""When a Python model's definition changes, and when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from t4t_core import load_project

MODEL = """
from helpers import FACTOR, scaled
from t4t_core import model

LIMIT = 3
KEPT = {"id", "c", "v"}
GREETED = lambda name: name

@model("m.t", materialization="table")
def t(src, context):
    rows = src.filter(f"id < {LIMIT}")
    return scaled(rows, FACTOR, KEPT, GREETED)
"""
HELPERS = """
FACTOR = 2

def scaled(rows, factor, kept, greeted):
    return rows.project(f"id * {factor}")
"""


def fingerprint(folder: Path, model: str = MODEL, helpers: str = HELPERS) -> str:
    models = folder / "models" / "m"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text('[connection]\npath = "x.duckdb"\n[vars]\nLIMIT = 3\n')
    (models / "t.py").write_text(model)
    (folder / "helpers.py").write_text(helpers)
    (found,) = load_project(folder).models
    return found.source.fingerprint


@pytest.mark.parametrize(
    ("changed_model", "changed_helpers"),
    [
        pytest.param(MODEL, HELPERS.replace("factor}", "factor + 1}"), id="a helper's code"),
        pytest.param(MODEL, HELPERS.replace("FACTOR = 2", "FACTOR = 5"), id="a helper's constant"),
        pytest.param(MODEL.replace('"v"}', '"w"}'), HELPERS, id="a constant"),
        pytest.param(MODEL.replace("id <", "id >"), HELPERS, id="the code"),
    ],
)
def test_what_the_function_uses_counts(
    tmp_path: Path, changed_model: str, changed_helpers: str
) -> None:
    """Its code, its constants, and the project's functions that it calls."""
    before = fingerprint(tmp_path / "a")

    after = fingerprint(tmp_path / "b", changed_model, changed_helpers)

    assert before != after


def test_layout_and_chance_do_not_count(tmp_path: Path) -> None:
    """Comments, blank lines, addresses of functions and the order of a set change nothing."""
    changed = MODEL.replace("def t(", "# a comment\ndef t(").replace(
        '{"id", "c", "v"}', '{"v", "id", "c"}'
    )

    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b", changed)


@pytest.mark.parametrize(
    "metadata",
    [
        'description="of t"',
        'tags=["x"], tests=["row_count_gt_0"]',
        'description=(\n    "of t"\n),\n    materialization="table",\n',
    ],
    ids=["description", "tests", "lines"],
)
def test_metadata_in_the_decorator_does_not_count(tmp_path: Path, metadata: str) -> None:
    """A full load for a description would be for nothing; what bears on rows is looked at apart."""
    changed = MODEL.replace('@model("m.t", materialization="table")', f'@model("m.t", {metadata})')

    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b", changed)


def test_what_another_decorator_does_counts(tmp_path: Path) -> None:
    """It stands in the function that the decorator gives."""
    wrapping = MODEL.replace("def t(", "@doubled(2)\ndef t(")
    helpers = HELPERS + (
        "\ndef doubled(times):\n    def wrapped(function):\n"
        "        return lambda src, context: [function(src, context)] * times\n"
        "    return wrapped\n"
    )
    models = [
        wrapping.replace("import FACTOR", "import doubled, FACTOR"),
        wrapping.replace("import FACTOR", "import doubled, FACTOR").replace("(2)", "(3)"),
    ]

    found = [
        fingerprint(tmp_path / "a", MODEL, helpers),
        fingerprint(tmp_path / "b", models[0], helpers),
        fingerprint(tmp_path / "c", models[1], helpers),
        fingerprint(tmp_path / "d", models[0].replace("id <", "id >"), helpers),
    ]

    assert len(set(found)) == 4


def test_two_projects_have_helpers_of_their_own(tmp_path: Path) -> None:
    """A helper module of one project is not the other's, in one process."""
    first = fingerprint(tmp_path / "a")
    second = fingerprint(tmp_path / "b", helpers=HELPERS.replace("FACTOR = 2", "FACTOR = 9"))
    again = fingerprint(tmp_path / "a")

    assert first == again != second
