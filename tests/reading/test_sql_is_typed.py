"""A text becomes SQL where it is written in the code, or by what quotes it; no user's text does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from string import Formatter

import pytest

ROOT = Path(__file__).parents[2]
# What quotes, and what takes apart the SQL that a user wrote.
HOUSES = {ROOT / "t4t_core" / "sql", ROOT / "t4t_core" / "parsing"}
TREES = {
    file: ast.parse(file.read_text("utf-8"))
    for package in ("t4t_core", "t4t_dagster")
    for file in sorted((ROOT / package).rglob("*.py"))
}
Wrong = tuple[int, str]


def called(tree: ast.Module, name: str) -> set[str]:
    """What a module calls a name of `t4t_core.sql.text`."""
    found = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "t4t_core.sql.text"
        for alias in node.names
        if alias.name == name
    }
    is_made_here = any(
        isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body
    )
    return found | ({name} if is_made_here else set())


def is_call(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def text_of(arguments: list[ast.expr]) -> str | None:
    """The text of a call's only argument by position; None where it is none that is written so."""
    match arguments:
        case [ast.Constant(value=str(text))]:
            return text
        case _:
            return None


def wrong_templates(tree: ast.Module) -> Iterator[Wrong]:
    """Where `sql` is not called with a template that is written there and a part for each gap."""
    names = called(tree, "sql")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_call(node, names)]
    for call in calls:
        template = text_of(call.args)
        if template is None:
            yield call.lineno, "the template is made of something"
            continue
        gaps = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if {keyword.arg for keyword in call.keywords} != gaps:
            yield call.lineno, "the parts are not those of the gaps"
    functions = {call.func for call in calls}
    for node in ast.walk(tree):
        is_name = isinstance(node, ast.Name) and node.id in names and node not in functions
        is_parameter = isinstance(node, ast.arg) and node.arg in names
        if isinstance(node, ast.Name | ast.arg) and (is_name or is_parameter):
            yield node.lineno, "sql is not called here, or is something else"


def wrong_texts(tree: ast.Module) -> Iterator[Wrong]:
    """Where `Sql` is made of anything but a text that is written there, or handed on to make it."""
    names = called(tree, "Sql")
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=given, keywords=keywords):
                if is_call(node, names) and text_of(given) is None:
                    yield node.lineno, "Sql is made of something"
                values = [*given, *(keyword.value for keyword in keywords)]
            case ast.Assign(value=value) | ast.NamedExpr(value=value) | ast.Return(value=value):
                values = [] if value is None else [value]
            case _:
                continue
        for value in values:
            match value:
                case ast.Name(id=name) | ast.Constant(value=str(name)) if name in names:
                    yield value.lineno, "Sql is handed on"


def wrong_imports(tree: ast.Module) -> Iterator[Wrong]:
    """Where `t4t_core.sql.text` is imported such that what is used of it cannot be seen."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="t4t_core.sql", names=names):
                is_whole = any(alias.name in ("text", "*") for alias in names)
            case ast.ImportFrom(module="t4t_core.sql.text", names=names):
                is_whole = any(alias.name == "*" for alias in names)
            case ast.Import(names=names):
                is_whole = any(alias.name == "t4t_core.sql.text" for alias in names)
            case ast.ImportFrom(level=level):
                is_whole = level > 0
            case _:
                continue
        if is_whole:
            yield node.lineno, "more than names is imported"


def found_in(files: Iterable[Path], search: Callable[[ast.Module], Iterator[Wrong]]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{line}: {what}"
        for file in files
        for line, what in search(TREES[file])
    ]


def test_a_template_is_written_where_it_is_used() -> None:
    """No text that comes from elsewhere is a template, and each of its gaps is filled."""
    assert sum(bool(called(tree, "sql")) for tree in TREES.values()) > 10
    assert found_in(TREES, wrong_templates) == []
    assert found_in(TREES, wrong_imports) == []


def test_only_what_quotes_makes_sql_of_text() -> None:
    """Outside two packages nothing but a constant is said to be SQL."""
    others = [file for file in TREES if file.parent not in HOUSES]

    assert found_in(others, wrong_texts) == []


@pytest.mark.parametrize(
    "line",
    [
        'sql(f"SELECT {name}")',
        'sql("SELECT " + name)',
        "sql(template)",
        'sql("SELECT {a}".format(a=name))',
        'sql("SELECT {a}", b=name)',
        'sql("SELECT {a}", a=name, b=name)',
        'sql("SELECT {a}", **parts)',
        'sql("SELECT {}", name)',
        "map(sql, names)",
        "make = sql",
        "sql = name",
        "def make(sql): ...",
    ],
)
def test_another_template_is_found(line: str) -> None:
    """The search misses no way to make a template of text."""
    tree = ast.parse(f"from t4t_core.sql.text import sql\n{line}\n")

    assert [at for at, _ in wrong_templates(tree)] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "Sql(name)",
        'Sql(f"SELECT {name}")',
        'Sql("SELECT " + name)',
        "map(Sql, names)",
        "cast(Sql, name)",
        'cast("Sql", name)',
        "make = Sql",
    ],
)
def test_another_text_is_found(line: str) -> None:
    """The search misses no way to call a text SQL."""
    tree = ast.parse(f"from t4t_core.sql.text import Sql\n{line}\n")

    assert [at for at, _ in wrong_texts(tree)] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "import t4t_core.sql.text",
        "from t4t_core.sql import text",
        "from t4t_core.sql.text import *",
        "from .text import sql",
    ],
)
def test_another_import_is_found(line: str) -> None:
    """The search sees whatever a module takes from there."""
    assert [at for at, _ in wrong_imports(ast.parse(line))] == [1]
