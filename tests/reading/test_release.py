"""The release that t4t says it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from t4t_core.release import RELEASE


def test_the_release_is_that_of_the_package() -> None:
    """The name under which it is published and what a run notes are the same."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())

    assert project["project"]["version"] == RELEASE
