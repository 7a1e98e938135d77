"""A copy of the example project, imported and materialized in this process."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

ROOT = Path(__file__).resolve().parents[2]
Metadata = dict[str, dict[str, Any]]


def feed(days: int) -> dict[str, Any]:
    """Run config with which that many days of flights land."""
    return {"ops": {"flights_feed": {"config": {"days": days}}}}


def copied(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """The top folder of a copy, whose data goes beside it, to `flights_data`."""
    top = folder / "top"
    shutil.copytree(
        ROOT / "example_project",
        top / "example_project",
        ignore=shutil.ignore_patterns("data", "__pycache__"),
    )
    for name in ("workspace.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, top / name)
    patch.setenv("T4T_EXAMPLE_DATA", str(folder / "flights_data"))
    patch.delenv("DAGSTER_HOME", raising=False)
    return top


@contextmanager
def imported(top: Path, patch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """While this is open, `example_project` is that of the copy; gives its `definitions`."""
    _forget()
    patch.syspath_prepend(top)
    yield importlib.import_module("example_project.definitions")
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "example_project"]:
        del sys.modules[name]


@contextmanager
def materializing(example: ModuleType) -> Iterator[Callable[..., Metadata]]:
    """Materializes assets in this process; gives the metadata of each by its key."""
    with dg.DagsterInstance.ephemeral() as instance:

        def run(*without: str, config: dict[str, Any] | None = None) -> Metadata:
            keys = {
                key
                for key in example.defs.resolve_asset_graph().materializable_asset_keys
                if key.path[0] not in without
            }
            job = example.defs.resolve_implicit_global_asset_job_def()
            chosen = {} if "raw" in without else config or feed(3)
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
