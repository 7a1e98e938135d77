"""The example project, copied so that nothing is written into the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

ROOT = Path(__file__).resolve().parents[2]
FEED = {"ops": {"flights_feed": {"config": {"days": 3}}}}


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A top folder with the example, its workspace and the project file; data goes beside it."""
    folder = tmp_path / "top"
    shutil.copytree(
        ROOT / "example_project",
        folder / "example_project",
        ignore=shutil.ignore_patterns("data", "__pycache__"),
    )
    for name in ("workspace.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    monkeypatch.setenv("T4T_EXAMPLE_DATA", str(tmp_path / "flights_data"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return folder


@pytest.fixture
def flights_data(tmp_path: Path) -> Path:
    """Where the flights' database is."""
    return tmp_path / "flights_data"


@pytest.fixture
def example(top: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module `example_project.definitions` of the copy."""
    import importlib

    def forget() -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == "example_project"]:
            del sys.modules[name]

    forget()
    monkeypatch.syspath_prepend(top)
    yield importlib.import_module("example_project.definitions")
    forget()


@pytest.fixture
def materialize(example: ModuleType) -> Iterator[Callable[..., dict[str, dict[str, Any]]]]:
    """Materializes assets in this process; gives the metadata of each by its key."""
    with dg.DagsterInstance.ephemeral() as instance:

        def run(*without: str, config: dict[str, Any] = FEED) -> dict[str, dict[str, Any]]:
            keys = {
                key
                for key in example.defs.resolve_asset_graph().materializable_asset_keys
                if key.path[0] not in without
            }
            job = example.defs.resolve_implicit_global_asset_job_def()
            chosen = {} if "raw" in without else config
            done = job.execute_in_process(
                instance=instance, asset_selection=list(keys), run_config=chosen
            )
            return {
                event.materialization.asset_key.to_user_string(): {
                    name: value.value for name, value in event.materialization.metadata.items()
                }
                for event in done.get_asset_materialization_events()
            }

        yield run


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
