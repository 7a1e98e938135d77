"""The example project, copied so that nothing is written into the tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from example_copy import copied, imported


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A top folder with the example, its workspace and the project file; data goes beside it."""
    return copied(tmp_path, monkeypatch)


@pytest.fixture
def example(top: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module `example_project.definitions` of the copy."""
    with imported(top, monkeypatch) as module:
        yield module


@pytest.fixture
def command(top: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program of this environment in the top folder."""

    def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = dict(os.environ)
        if home is not None:
            home.mkdir(exist_ok=True)
            environment["DAGSTER_HOME"] = str(home)
        program = Path(sys.executable).parent / arguments[0]
        return subprocess.run(
            [str(program), *arguments[1:]],
            cwd=top,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run
