"""Commands that a new user types, as processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("chosen", "has_home"),
    [("key:main/source_table+", False), ("key:main/source_table", True)],
    ids=["without_home", "with_home"],
)
def test_dagster_asset_materialize(
    command: Command, tmp_path: Path, chosen: str, *, has_home: bool
) -> None:
    """The small project materializes, one process a step; a DAGSTER_HOME makes no difference."""
    done = command(
        *("dagster", "asset", "materialize", "-m", "example_project.definitions"),
        *("--select", chosen),
        home=tmp_path / "home" if has_home else None,
    )

    assert done.returncode == 0, done.stderr
    assert "RUN_SUCCESS" in done.stderr
    assert "Launching subprocess" in done.stderr


def test_the_workspace_loads(command: Command) -> None:
    """What `dagster dev` reads is valid."""
    done = command("dagster", "definitions", "validate", "-w", "workspace.yaml")

    assert done.returncode == 0, done.stderr
    assert "example_project" in done.stderr + done.stdout


def test_dg_finds_the_definitions(command: Command) -> None:
    """`dg check defs` passes from the top folder."""
    done = command("dg", "check", "defs")

    assert done.returncode == 0, done.stderr + done.stdout
    assert "All definitions loaded successfully" in done.stdout
