"""The SQL tests of a project's folder `tests/`."""

from __future__ import annotations

from pathlib import Path

from t4t_core.checks.entries import BUILT_IN
from t4t_core.checks.sql_test import SqlTest
from t4t_core.config import SqlTestConfig
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.project.kept_readings import KeptReadings
from t4t_core.project.metadata import comment_metadata, validated
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql.query import Query

_UNIT = "unit"  # unit tests of models stand there
_FUNCTIONS = "functions"  # tests of functions, which say TRUE where all is well


def read_sql_tests(folder: Path, sql: SqlTexts, mistakes: list[T4tError]) -> dict[str, SqlTest]:
    """The SQL tests of a project by their names; none where there is no `tests/`.

    Args:
        folder: The project.
        sql: Reads them.
        mistakes: What is wrong is added to it.
    """
    root = folder / "tests"
    found: dict[str, SqlTest] = {}
    for file in sorted(root.rglob("*.sql")) if root.is_dir() else []:
        if file.relative_to(root).parts[0] == _UNIT or file.name.startswith(("_", ".")):
            continue
        try:
            test = _sql_test(file, sql)
            other = found.get(test.name)
            if other is not None:
                raise UsageError(
                    f"the test {test.name!r} is there twice, in {other.place} too",
                    place=test.place,
                    hint="rename one of the files: a test is called by its file's name alone",
                )
        except ProjectError as error:
            mistakes += error.problems
        except T4tError as error:
            mistakes.append(error)
        else:
            found[test.name] = test
    return found


def _sql_test(file: Path, sql: SqlTexts) -> SqlTest:
    place = Place(file)
    if file.stem in BUILT_IN:
        raise UsageError(
            f"{file.stem!r} is a test that is there already", place=place, hint="rename the file"
        )
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=place) from error
    query = sql.test(text, place)
    return SqlTest(
        name=file.stem,
        query=query,
        config=_config(query, sql.kept),
        place=place,
        tells_truth=file.parent.name == _FUNCTIONS,
    )


def _config(query: Query, kept: KeptReadings) -> SqlTestConfig:
    place = query.place
    written = comment_metadata(query.text, place, query.dialect, query) or {}
    return validated(SqlTestConfig, written, place, None, kept)
