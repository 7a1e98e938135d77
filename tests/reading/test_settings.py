"""What `project.toml` means, wherever t4t is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from t4t_core.errors import T4tError
from t4t_core.project.settings import read_settings

Make = Callable[..., Path]


def _toml(path: str, more: str = "") -> str:
    return f'project_folder = "shop"\n[connection]\npath = "{path}"\n{more}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/x.duckdb", "shop/data/x.duckdb"),
        ("x.duckdb", "shop/x.duckdb"),
        ("shop/data/x.duckdb", "shop/data/x.duckdb"),
        ("./data/x.duckdb", "shop/data/x.duckdb"),
        ("other/x.duckdb", "shop/other/x.duckdb"),
        ("../x.duckdb", "x.duckdb"),
        ("shop", "shop/shop"),
    ],
)
def test_paths_start_at_the_project(
    path: str, expected: str, project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path starts at the project folder, or above it where it names that folder."""
    folder = project(toml_file=_toml(path))
    monkeypatch.chdir("/")

    settings = read_settings(folder)

    assert settings.database.resolve() == (folder.parent / expected).resolve()
    assert settings.state == folder / "data" / "tee_state.db"


def test_renamed_folder_keeps_its_paths(project: Make) -> None:
    """A copy of the project under another name does not write into the first one."""
    folder = project(toml_file=_toml("shop/data/x.duckdb"), name="copy_of_shop")

    assert read_settings(folder).database == folder / "data" / "x.duckdb"


def test_absolute_path_and_own_state_path(project: Make, tmp_path: Path) -> None:
    """An absolute path is taken as it is, and `[state] path` as the database's."""
    database = tmp_path / "elsewhere" / "x.duckdb"
    folder = project(toml_file=_toml(str(database), '[state]\npath = "shop/s.db"\n'))

    settings = read_settings(folder)

    assert settings.database == database
    assert settings.state == folder / "s.db"


@pytest.mark.parametrize(
    ("written", "environment", "expected"),
    [
        ("${T4T_NAME}/x.duckdb", {"T4T_NAME": "a"}, "a/x.duckdb"),
        ("${T4T_NAME:-b}/x.duckdb", {}, "b/x.duckdb"),
        ("${T4T_NAME:-b}/x.duckdb", {"T4T_NAME": ""}, "b/x.duckdb"),
        ("${T4T_NAME:-b}/x.duckdb", {"T4T_NAME": "a"}, "a/x.duckdb"),
        ("${T4T_NAME:-}x.duckdb", {}, "x.duckdb"),
        ("${A}${B}.duckdb", {"A": "a", "B": "${A}"}, "a${A}.duckdb"),
    ],
)
def test_environment_fills_values(
    written: str, environment: dict[str, str], expected: str, project: Make
) -> None:
    """`${NAME}` reads the environment once, and `:-` gives what is taken without it."""
    folder = project(toml_file=_toml(written))

    assert read_settings(folder, environment).database == folder / expected


def test_every_unset_variable_is_named(project: Make) -> None:
    """All environment variables that are missing are shown together, each with its line."""
    folder = project(toml_file=_toml("${T4T_ONE}", '[vars]\nx = ["${T4T_TWO}"]\n'))

    with pytest.raises(T4tError) as caught:
        read_settings(folder, {})

    assert "project.toml:3:1: the environment variable T4T_ONE" in str(caught.value)
    assert "project.toml:5:1: the environment variable T4T_TWO" in str(caught.value)


def test_project_file_may_be_named_itself(project: Make) -> None:
    """The path of `project.toml` stands for its folder."""
    folder = project()

    assert read_settings(folder / "project.toml").folder == folder
