"""`[env.NAME]` of `project.toml`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t4t_core.errors import ProjectError, UsageError
from t4t_core.project import load_project, with_variables
from t4t_core.project.settings import read_settings

TOML = """
project_folder = "shop"

[connection]
path = "${WAREHOUSE:-data/prod.duckdb}"
schema = "mart"

[vars]
since = "2020-01-01"
region = "all"

[env.dev.connection]
path = "data/dev.duckdb"

[env.dev.vars]
since = "2024-01-01"

[env.empty]

[env.ci.connection]
path = "${CI_DATABASE}"

[env.wrong.connection]
pth = "x.duckdb"
"""


@pytest.fixture
def shop(project: Callable[..., Path]) -> Path:
    return project({"a.sql": "SELECT @since AS since"}, toml_file=TOML)


def test_what_an_environment_says_stands_above_the_rest(shop: Path) -> None:
    """Key by key: what it does not say is as without it."""
    settings = read_settings(shop, {}, "dev")

    assert settings.database == shop / "data/dev.duckdb"
    assert settings.default_schema == "mart"
    assert settings.variables == {"since": "2024-01-01", "region": "all"}
    assert (settings.env, read_settings(shop, {}).env) == ("dev", "")


def test_another_database_has_another_state(shop: Path) -> None:
    """Two databases in one `tee_state.db` would each take the other's rows out of it."""
    toml = shop / "project.toml"

    default = [read_settings(shop, {}, env).state.name for env in ("", "dev", "empty")]
    toml.write_text(TOML + '\n[state]\npath = "state/all.db"\n[env.dev.state]\npath = "own.db"\n')
    written = [
        read_settings(shop, {"CI_DATABASE": "ci.duckdb"}, env).state.relative_to(shop)
        for env in ("", "dev", "ci")
    ]

    assert default == ["tee_state.db", "tee_state_dev.db", "tee_state.db"]
    assert written == [Path("state/all.db"), Path("own.db"), Path("state/all_ci.db")]


@pytest.mark.parametrize(
    ("surroundings", "env", "taken"),
    [
        ({"T4T_ENV": "dev"}, None, "dev"),
        ({"T4T_ENV": "dev"}, "empty", "empty"),
        ({"T4T_ENV": "dev"}, "", ""),
        ({"T4T_ENV": ""}, None, ""),
    ],
    ids=["variable", "argument", "argument without any", "empty variable"],
)
def test_the_argument_stands_above_the_variable(
    shop: Path, surroundings: dict[str, str], env: str | None, taken: str
) -> None:
    """T4T_ENV is the default of `--env`."""
    assert read_settings(shop, surroundings, env).env == taken


def test_only_the_chosen_environment_is_read(shop: Path) -> None:
    """What another one lacks is no mistake; its own is told with its line."""
    read_settings(shop, {}, "dev")
    line = TOML.splitlines().index('path = "${CI_DATABASE}"') + 1

    with pytest.raises(ProjectError, match=rf"project\.toml:{line}:1: .*CI_DATABASE is not set"):
        read_settings(shop, {}, "ci")
    with pytest.raises(ProjectError, match=r"\[env\.wrong\.connection\] unknown key 'pth'"):
        read_settings(shop, {}, "wrong")


def test_an_unknown_environment_is_an_error(shop: Path) -> None:
    """Never a run on the wrong database."""
    with pytest.raises(UsageError, match=r"no environment 'dve' \(did you mean 'dev'\?\)"):
        load_project(shop, env="dve")


def test_reading_again_for_variables_keeps_the_environment(shop: Path) -> None:
    """Also where metadata reads them."""
    (shop / "models/b.sql").write_text('-- metadata: {"tags": ["@region"]}\nSELECT 1 AS b')

    loaded = with_variables(load_project(shop, env="dev"), {"region": "north"})

    assert loaded.graph.node("b").config.tags == ("north",)
    assert loaded.settings.env == "dev"
    assert loaded.variables["since"] == "2024-01-01"


def test_runs_of_environments_do_not_meet(
    shop: Path, t4t_json: Callable[..., dict[str, Any]], query: Callable[..., Any]
) -> None:
    """Each has its database, its state and its variables."""
    t4t_json("run", shop)
    t4t_json("run", shop, "--env", "dev")

    since = {
        name: query(shop / f"data/{name}.duckdb", "SELECT CAST(since AS VARCHAR) FROM mart.a")
        for name in ("prod", "dev")
    }
    shown = t4t_json("state", "show", shop, "--env", "dev")
    assert since == {"prod": [("2020-01-01",)], "dev": [("2024-01-01",)]}
    assert [row["model_name"] for row in shown["models"]] == ["mart.a"]
    assert (shop / "data/tee_state_dev.db").exists()
