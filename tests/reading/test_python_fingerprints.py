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


RICH_MODEL = """
import datetime
from functools import partial

import helpers
import lib.rates
from helpers import Rows, cached, scaled
from t4t_core import model

SINCE = datetime.date(2024, 1, 1)
HALVED = partial(helpers.shifted, 2)


class Names:
    first = "a"

    def of(self, row):
        return [self.first, *(helpers.named(part) for part in row)]


@model("m.t", materialization="table")
def t(src, context):
    rows = [scaled(row, lib.rates.RATE) for row in src.fetchall()]
    def kept(row):
        return row > SINCE
    return Rows(filter(kept, map(lambda row: HALVED(Names().of(cached(row))), rows))).all()
"""
RICH_HELPERS = """
from functools import cache

DEEP = 1

def scaled(row, factor):
    return row * factor

def shifted(by, row):
    return row + by

def named(part):
    return part + DEEP

@cache
def cached(row):
    return row + 10

class Base:
    limit = 7

class Rows(Base):
    def __init__(self, rows):
        self.rows = rows

    @staticmethod
    def every():
        return 4

    @property
    def size(self):
        return 5

    def all(self):
        return self.rows[:self.limit:self.every()]
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("row * factor", "row / factor", id="a function in a comprehension"),
        pytest.param("row + by", "row - by", id="a partial of a module's function"),
        pytest.param("DEEP = 1", "DEEP = 2", id="a constant of what a method calls"),
        pytest.param("row + 10", "row + 11", id="a cached function in a lambda"),
        pytest.param("limit = 7", "limit = 8", id="a constant of a base class"),
        pytest.param("self.rows[:", "self.rows[1:", id="a method"),
        pytest.param("= rows", "= list(rows)", id="an initializer"),
        pytest.param("return 4", "return 3", id="a static method"),
        pytest.param("return 5", "return 6", id="a property"),
        pytest.param("2024, 1, 1", "2024, 1, 2", id="a date in an inner function"),
        pytest.param('first = "a"', 'first = "b"', id="a class of the model's file"),
        pytest.param("RATE = 3", "RATE = 4", id="a module in a folder"),
    ],
)
def test_what_is_used_within_counts(tmp_path: Path, old: str, new: str) -> None:
    """What a comprehension, lambda, inner function, class or module of the project names does."""

    def found(folder: Path, old: str = "", new: str = "") -> str:
        (folder / "lib").mkdir(parents=True)
        (folder / "lib" / "rates.py").write_text("RATE = 3".replace(old, new))
        return fingerprint(folder, RICH_MODEL.replace(old, new), RICH_HELPERS.replace(old, new))

    before = found(tmp_path / "a", "@", "@")

    assert found(tmp_path / "b", "@", "@") == before != found(tmp_path / "c", old, new)


def test_packages_in_the_projects_folder_count_by_name(tmp_path: Path) -> None:
    """An environment may lie in it, and holds more than anybody would want to look at."""
    folders = [tmp_path / name for name in ("a", "b")]
    for place, body in zip(folders, ("1", "2"), strict=True):
        packages = place / ".venv" / "site-packages"
        packages.mkdir(parents=True)
        (packages / "packed_rows.py").write_text(f"def packed():\n    return {body}\n")
    model = MODEL.replace(
        "from helpers import",
        "import sys, pathlib\n"
        "sys.path.append(str(pathlib.Path(__file__).parents[2] / '.venv' / 'site-packages'))\n"
        "from packed_rows import packed\n"
        "sys.path.pop()\n"
        "from helpers import",
    ).replace("scaled(rows,", "packed() or scaled(rows,")

    first, second = (fingerprint(place, model) for place in folders)

    assert first == second


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
