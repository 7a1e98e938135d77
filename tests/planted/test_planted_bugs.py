"""The tests catch the bugs that they are there for: each one, planted, makes them fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from long_part import IS_LONG, played

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("t4t_core", "t4t_dagster", "tests", "pyproject.toml")
_TESTS_FAILED = 1


@dataclass(frozen=True)
class Bug:
    """A promise, and a change of a file's text that breaks it.

    Attributes:
        tests: Files of tests that must fail then.
    """

    promise: str
    file: str
    old: str
    new: str
    tests: list[str]


BUGS = [
    Bug(**one) for one in tomllib.loads(Path(__file__).with_name("bugs.toml").read_text())["bug"]
]
EACH = pytest.mark.parametrize("bug", BUGS, ids=[bug.promise for bug in BUGS])


@EACH
def test_a_bug_can_be_planted(bug: Bug) -> None:
    """Its text stands in its file once, and the page on reliability names its promise."""
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")

    assert (ROOT / bug.file).read_text("utf-8").count(bug.old) == 1
    assert all((ROOT / file).is_file() for file in bug.tests)
    assert bug.promise in page


@pytest.mark.long
@pytest.mark.skipif(not IS_LONG, reason="runs tests for each bug, for minutes: T4T_LONG=1")
@EACH
def test_a_planted_bug_is_caught(bug: Bug, tmp_path: Path) -> None:
    """The quick part of the tests fails on a copy of the tree that has the bug."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    file = tmp_path / bug.file
    file.write_text(file.read_text("utf-8").replace(bug.old, bug.new), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    kept = {key: value for key, value in os.environ.items() if key != "T4T_LONG"}

    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'temporary'}", *bug.tests],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    played["planted bugs caught"] += done.returncode == _TESTS_FAILED

    assert done.returncode == _TESTS_FAILED, done.stdout + done.stderr
