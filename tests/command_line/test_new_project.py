"""The first commands that a new user types."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_a_plan_before_the_seed_says_what_to_make_first(t4t: Run, tmp_path: Path) -> None:
    """A model whose source is a seed that was not loaded cannot be planned yet."""
    t4t("init", tmp_path / "shop")

    result = t4t("plan", tmp_path / "shop")

    assert result.exit_code == 1
    assert "make raw.orders first: `t4t build`" in result.stdout


def test_a_new_project_builds_and_plans(t4t: Run, tmp_path: Path) -> None:
    """What `t4t init` writes runs at once, again, and can be planned afterwards."""
    t4t("init", tmp_path / "shop")

    statuses = [t4t(verb, tmp_path / "shop").exit_code for verb in ("build", "build", "plan")]

    assert statuses == [0, 0, 0]


def test_the_next_command_can_be_pasted(t4t: Run, tmp_path: Path) -> None:
    """What `t4t init` says to type next is one command, whatever the folder is called."""
    folder = tmp_path / "my shop"

    told = t4t("init", folder).stdout.splitlines()[-1]

    assert shlex.split(told.removeprefix("now: ")) == ["t4t", "build", str(folder)]
