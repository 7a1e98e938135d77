"""Database and state files that cannot be used are named, and stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
Query = Callable[..., list[tuple[Any, ...]]]

NO_DATABASE = "this is no database\n" * 500


def _snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not {"__pycache__", ".t4t"}.intersection(path.parts)
    }


def _break(case: str, folder: Path, query: Query) -> list[str]:
    data = folder / "data"
    match case:
        case "newer state":
            query(data / "tee_state.db", "CREATE TABLE t4t_format AS SELECT 999 AS version")
            return ["tee_state.db", "format 999", "upgrade"]
        case "newer ledger":
            query(
                folder,
                "CREATE SCHEMA _t4t",
                "CREATE TABLE _t4t.format AS SELECT 999 AS version",
                "CREATE TABLE _t4t.commits (model_name VARCHAR)",
            )
            return ["warehouse.duckdb", "format 999", "upgrade"]
        case "state is text":
            data.mkdir()
            (data / "tee_state.db").write_text(NO_DATABASE)
            return ["tee_state.db", "not a valid DuckDB database"]
        case "database is text":
            data.mkdir()
            (data / "warehouse.duckdb").write_text(NO_DATABASE)
            return ["warehouse.duckdb", "not a valid DuckDB database"]
        case "database is a folder":
            (data / "warehouse.duckdb").mkdir(parents=True)
            return ["warehouse.duckdb", "cannot be opened"]
        case "folder is a file":
            data.write_text("")
            return ["data", "cannot be opened", "File exists"]
    raise AssertionError(case)


CASES = (
    "newer state",
    "newer ledger",
    "state is text",
    "database is text",
    "database is a folder",
    "folder is a file",
)


@pytest.mark.parametrize("command", ["run", "build"])
@pytest.mark.parametrize("case", CASES)
def test_unusable_file_is_named_and_nothing_is_changed(
    case: str, command: str, project: Make, t4t: Run, query: Query
) -> None:
    """A file that cannot be used is exit status 2, and no file is changed, made or left."""
    folder = project({"s/m.sql": "SELECT 1 AS id"})
    words = _break(case, folder, query)
    before = _snapshot(folder)

    result = t4t(command, folder)

    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    for word in [*words, "try: "]:
        assert word in result.stderr
    assert _snapshot(folder) == before


def test_state_below_a_file_is_refused(project: Make, t4t: Run) -> None:
    """A state that has no place to be written stops the run before it does anything."""
    folder = project({"m.sql": "SELECT 1 AS id"}, toml='[state]\npath = "models/m.sql/tee.db"\n')
    before = _snapshot(folder)

    result = t4t("run", folder)

    assert result.exit_code == 2
    assert "tee.db" in result.stderr
    assert _snapshot(folder) == before


@pytest.mark.parametrize("case", ["newer ledger", "database is text", "state is text"])
def test_debug_says_what_is_wrong(case: str, project: Make, t4t: Run, query: Query) -> None:
    """`t4t debug` finds the same, with the exit status of a wrong project."""
    folder = project({"m.sql": "SELECT 1 AS id"})
    words = _break(case, folder, query)

    result = t4t("debug", folder)

    assert result.exit_code == 2
    assert "problem: " in result.stdout
    for word in words:
        assert word in result.stdout


def test_init_leaves_a_full_folder_alone(project: Make, t4t: Run) -> None:
    """`t4t init` writes only into a folder that is new or empty."""
    folder = project({"m.sql": "SELECT 1 AS id"})
    before = _snapshot(folder)

    result = t4t("init", folder)

    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert _snapshot(folder) == before


def test_init_below_a_file_is_refused(tmp_path: Path, t4t: Run) -> None:
    """A folder that cannot be made is an error in words."""
    (tmp_path / "file").write_text("")

    result = t4t("init", tmp_path / "file" / "shop")

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
