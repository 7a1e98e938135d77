"""`[environments.NAME]` in project.toml, as the public t4t writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from t4t_core.errors import T4tError
from t4t_core.project.settings import Settings, read_settings

TOML = """
[environments.default.connection]
type = "duckdb"
schema = "mart"
lock_timeout_s = 5

[environments.dev.connection]
path = "data/${WHERE:-dev}.duckdb"

[environments.prod]
protected = true
[environments.prod.connection]
path = "data/prod.duckdb"
schema = "live"
[environments.prod.state]
path = "data/prod_state.db"
"""


@pytest.fixture
def read(project: Callable[..., Path]) -> Callable[..., Settings]:
    def settings(toml: str = TOML, **environment: str) -> Settings:
        return read_settings(project({"a.sql": "SELECT 1 AS x"}, toml_file=toml), environment)

    return settings


def test_dev_is_the_usual_one(read: Callable[..., Settings]) -> None:
    """With what the environments share under it, and a state of its own."""
    settings = read()

    assert settings.database == settings.folder / "data/dev.duckdb"
    assert settings.state == settings.folder / "data/tee_state_dev.db"
    assert (settings.default_schema, settings.lock_timeout_s) == ("mart", 5)


def test_t4t_env_names_another(read: Callable[..., Settings]) -> None:
    """A protected one must be named."""
    settings = read(T4T_ENV="prod")

    assert settings.database == settings.folder / "data/prod.duckdb"
    assert settings.state == settings.folder / "data/prod_state.db"
    assert (settings.default_schema, settings.lock_timeout_s) == ("live", 5)


def test_the_only_one_needs_no_name(read: Callable[..., Settings]) -> None:
    """Whatever it is called."""
    settings = read('[environments.home.connection]\npath = "h.duckdb"\n')

    assert settings.database == settings.folder / "h.duckdb"


def test_environments_that_are_not_used_need_nothing_set(read: Callable[..., Settings]) -> None:
    """`${NAME}` is read for the chosen one alone."""
    more = TOML + '[environments.ci.connection]\npath = "${NOT_SET}"\n'

    assert read(more).database.name == "dev.duckdb"


@pytest.mark.parametrize(
    ("toml", "environment", "words"),
    [
        (TOML, {"T4T_ENV": "pro"}, "did you mean 'prod'"),
        (TOML, {"T4T_ENV": "default"}, "there is no environment 'default'"),
        (TOML + '[connection]\npath = "x.duckdb"\n', {}, "both [connection] and [environments]"),
        ('[environments.p]\nprotected = true\nconnection = {path = "x"}', {}, "is protected"),
        ("[environments]", {}, "there is no environment 'dev'"),
        (TOML + "[environments.dev.naming]\nschema_prefix = 'd_'", {}, "unknown key 'naming'"),
        ("environments = 3", {}, "unknown key 'environments'"),
    ],
)
def test_what_is_wrong_is_said(
    read: Callable[..., Settings], toml: str, environment: dict[str, str], words: str
) -> None:
    """In words, with the file."""
    with pytest.raises(T4tError) as caught:
        read(toml, **environment)

    assert words in str(caught.value)
    assert "project.toml" in str(caught.value)
