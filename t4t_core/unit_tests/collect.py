"""The unit tests that a project's files hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from t4t_core.config.mistakes import MistakesError
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.project.python_files import public_names, run_file
from t4t_core.written.unit_tests import UnitTestConfig, read_unit_test

_VARIABLE = "unit_tests"


class UnitTest(Struct, frozen=True):
    """One unit test of a model.

    Attributes:
        model: The model's name, `schema.name`.
        place: Where it is written.
    """

    model: str
    config: UnitTestConfig
    place: Place

    def __str__(self) -> str:
        return f"{self.model}: {self.config.name}"


def unit_tests_of(project: Project) -> tuple[UnitTest, ...]:
    """The unit tests beside the models and in `tests/unit`, in the order of the files.

    Raises:
        ProjectError: Every mistake in them.
    """
    folder = project.settings.folder
    found: list[UnitTest] = []
    mistakes: list[T4tError] = []
    with public_names(folder):
        for file in _files(folder):
            try:
                found += _tests_in(file, project, mistakes)
            except T4tError as error:
                mistakes.append(error)
    taken: set[str] = set()
    for test in found:
        if str(test).lower() in taken:
            mistakes.append(
                UsageError(
                    f"{test.model} has two unit tests called {test.config.name!r}",
                    place=test.place,
                    hint="give one of them another name",
                )
            )
        taken.add(str(test).lower())
    if mistakes:
        raise ProjectError(tuple(mistakes))
    return tuple(found)


def _files(folder: Path) -> Iterator[Path]:
    for root in (folder / "models", folder / "tests" / "unit"):
        for file in sorted(root.rglob("*.py")):
            if file.name.startswith("_") or "__pycache__" in file.parts:
                continue
            # Most models have none, and to run a file again may take its time.
            if root.name == "unit" or _VARIABLE in file.read_text("utf-8-sig"):
                yield file


def _tests_in(file: Path, project: Project, mistakes: list[T4tError]) -> Iterator[UnitTest]:
    names, _ = run_file(file, project.variables)
    written = names.get(_VARIABLE)
    if written is None and file.is_relative_to(project.settings.folder / "models"):
        return
    if not isinstance(written, list | tuple):
        what = "sets no variable" if written is None else f"{type(written).__name__} is no list in"
        raise UsageError(
            f"the file {what} `{_VARIABLE}`",
            place=Place(file),
            hint=f"{_VARIABLE}: list[UnitTest] = [...]; begin the name of another file with an "
            "underscore",
        )
    lines = _lines(file)
    for number, one in enumerate(written, start=1):
        name = one.get("name") if isinstance(one, Mapping) else None
        place = Place(file, lines.get(str(name)))
        try:
            yield _test(one, number, file, place, project)
        except ProjectError as error:
            mistakes += error.problems
        except T4tError as error:
            mistakes.append(error.located(place=place))


def _test(written: object, number: int, file: Path, place: Place, project: Project) -> UnitTest:
    try:
        config = read_unit_test(written)
    except MistakesError as error:
        raise ProjectError(
            tuple(
                UsageError(
                    f"{_VARIABLE}[{number - 1}]"
                    f"{''.join(f'[{part!r}]' for part in at[:-1])}: {what}",
                    place=place,
                )
                for at, what in error.found
            )
        ) from error
    if all(run.are_empty for run in config.steps):
        raise UsageError(
            f"the unit test {config.name!r} expects nothing",
            hint="write 'expect', 'expect_error', 'mode', 'rows_inserted', ...",
        )
    if config.model is None:
        return UnitTest(str(_model_of(file, config, project)), config, place)
    node = project.graph.node(config.model)
    if not isinstance(node, Model):
        raise UsageError(f"{node} is a seed; only a model has unit tests", place=place)
    return UnitTest(str(node), config, place)


def _model_of(file: Path, config: UnitTestConfig, project: Project) -> Model:
    """The model that a file stands for: the one beside it, or the only one in it."""
    beside = [m for m in project.models if m.place.file == file.with_suffix(".sql")]
    found = beside or [m for m in project.models if m.place.file == file]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        f"the unit test {config.name!r} does not say of which model it is",
        hint='"model": "schema.name"',
    )


def _lines(file: Path) -> dict[str, int]:
    """The line on which each text of a file stands first."""
    lines: dict[str, int] = {}
    for node in ast.walk(ast.parse(file.read_text("utf-8-sig"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lines.setdefault(node.value, node.lineno)
    return lines
