"""Models that Python files declare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from t4t_core import load_project
from t4t_core.errors import ProjectError

Make = Callable[..., Path]
Run = Callable[..., Result]
Query = Callable[..., list[tuple[Any, ...]]]

DECLARATIONS = {
    "bare": ("@model\ndef m():\n    return 'SELECT 1 AS a'\n", "s.m"),
    "called": ("@model()\ndef m() -> str:\n    return 'SELECT 1 AS a'\n", "s.m"),
    "named": ("@model('m')\ndef anything():\n    return 'SELECT 1 AS a'\n", "s.m"),
    "keyword": ("@model(table_name='m')\ndef f():\n    return 'SELECT 1 AS a'\n", "s.m"),
    "schema": ("@model('t.m')\ndef f():\n    return 'SELECT 1 AS a'\n", "t.m"),
    "imported": (
        "import t4t_core\n@t4t_core.model\ndef m():\n    return 'SELECT 1 AS a'\n",
        "s.m",
    ),
    "created": ("create_model('m', 'SELECT 1 AS a')\n", "s.m"),
    "created by keyword": ("create_model(table_name='t.m', sql='SELECT 1 AS a')\n", "t.m"),
    "a table": (
        "import pandas as p\n@model\ndef m() -> p.DataFrame:\n    return p.DataFrame({'a': [1]})",
        "s.m",
    ),
    "a relation": (
        "@model\ndef m(context):\n    return context.connection.sql('SELECT 1 AS a')\n",
        "s.m",
    ),
}


@pytest.mark.parametrize("case", DECLARATIONS)
def test_declared_model_runs(case: str, project: Make, t4t: Run, query: Query) -> None:
    """A decorator with or without parentheses, and `create_model`, make a model."""
    text, name = DECLARATIONS[case]
    folder = project({"s/file.py": text})

    result = t4t("run", folder)

    assert result.exit_code == 0, result.stderr
    assert query(folder, f"FROM {name}") == [(1,)]


def test_loop_makes_many_models(project: Make, t4t: Run, query: Query) -> None:
    """Models made in a loop are each their own, with their own SQL and rows."""
    text = """
for number in range(3):
    create_model(f"sql_{number}", f"SELECT {number} AS n", description=f"number {number}")

    @model(f"function_{number}")
    def rows(context, number=number):
        return f"SELECT {number} AS n"
"""
    folder = project({"s/loop.py": text.replace(", number=number", "")})
    models = {m.name.name: m for m in load_project(folder).models}
    assert models["sql_2"].config.description == "number 2"

    result = t4t("run", folder, "-s", "s.sql_*")

    assert result.exit_code == 0, result.stderr
    assert query(folder, "FROM s.sql_0 UNION ALL FROM s.sql_1 UNION ALL FROM s.sql_2") == [
        (0,),
        (1,),
        (2,),
    ]


def test_metadata_is_given_as_keywords_or_whole(project: Make) -> None:
    """The keys of a model's metadata are keywords, or stand in `metadata`."""
    text = """
create_model("a", "SELECT 1 AS i", description="A", materialization="view", tags=["x"])
create_model("b", "SELECT 1 AS i", metadata={"materialization": "view", "tags": ["x"]})

@model(description="C", materialization="view", tags=["x"])
def c():
    return "SELECT 1 AS i"
"""
    models = load_project(project({"s/m.py": text})).models

    assert {m.config.materialization for m in models} == {"view"}
    assert {m.config.tags for m in models} == {("x",)}


@pytest.mark.parametrize(
    "first_line", ["", "from __future__ import annotations"], ids=["classes", "texts"]
)
def test_upstream_tables_are_parameters(
    first_line: str, project: Make, t4t: Run, query: Query
) -> None:
    """A parameter takes the upstream table of its name, in the form of its annotation."""
    text = """
import pandas as pd
import polars
import pyarrow as pa

@model
def m(a: pd.DataFrame, b: polars.DataFrame, c: "pl.DataFrame", d: pa.Table, e) -> pd.DataFrame:
    kinds = [type(part).__module__.split(".")[0].strip("_") for part in (a, b, c, d, e)]
    return pd.DataFrame({"kind": kinds})
"""
    text = f"{first_line}\n{text}"
    folder = project(
        {
            "s/m.py": text,
            **{f"s/{name}.sql": "SELECT 1 AS a" for name in "abcde"},
        }
    )

    result = t4t("run", folder)

    assert result.exit_code == 0, result.stderr
    kinds = [row[0] for row in query(folder, "FROM s.m")]
    assert kinds == ["pandas", "polars", "polars", "pyarrow", "duckdb"]


def test_variables_are_globals_of_the_file(project: Make, t4t: Run, query: Query) -> None:
    """A function reads variables as globals, and from its context."""
    text = """
@model
def m(context):
    return f"SELECT {number} AS a, {context.variables['number']} AS b, @number AS c"
"""
    folder = project({"s/m.py": text}, toml="\n[vars]\nnumber = 7\n")

    assert t4t("run", folder).exit_code == 0
    assert query(folder, "FROM s.m") == [(7, 7, 7)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("create_model('m')", ["needs sql"]),
        ("create_model('m', '')", ["needs sql"]),
        ("create_model('m', 'SELECT 1', tagz=['x'])", ["'tagz'", "'tags'"]),
        ("@model(tagz=['x'])\ndef m():\n    return 'SELECT 1'", ["'tagz'", "'tags'", "m.py:1"]),
        ("@model(inputs={'x': 'y'})\ndef m(z):\n    return z", ["'x'", "no parameter"]),
        ("create_model('m', 'SELECT 1')\ncreate_model('m', 'SELECT 2')", ["made twice"]),
        ("@model\ndef m():\n    return 1 / 0", ["ZeroDivisionError", "m.py:3"]),
    ],
)
def test_wrong_declaration_is_named(text: str, words: list[str], project: Make) -> None:
    """A mistake in a declaration is named with its file and what to do."""
    folder = project({"s/m.py": text})

    with pytest.raises(ProjectError) as caught:
        load_project(folder)

    for word in [*words, "m.py"]:
        assert word in str(caught.value)


def test_files_that_begin_with_an_underscore_are_not_models(project: Make) -> None:
    """A file for helpers is no model, and other files of the project can import it."""
    folder = project(
        {
            "s/_shared.py": "raise RuntimeError('never run as a model')",
            "s/m.py": "from words import WORD\ncreate_model('m', f'SELECT {WORD} AS a')",
        }
    )
    (folder / "words.py").write_text("WORD = 1\n")

    assert [str(model) for model in load_project(folder).models] == ["s.m"]
