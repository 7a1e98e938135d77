"""A run that dies before or after the n-th call of one function, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from importlib import import_module
from typing import Any

from long_part import played

from t4t_core.planning.request import Request
from t4t_core.project.load import load_project
from t4t_core.running.run import run_nodes

Point = tuple[str, str, str, int]
"""The module, the function in it, `before` or `after`, and which of its calls."""

# Processes that branch off one that has imported everything start in no time, and unlike those that
# branch off this one they share no thread and no lock with it.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["duckdb", "sqlglot", "t4t_core.running.run"])
_PATIENCE_S = 280


def killed(folder: str, point: Point) -> int:
    """Runs the project in a folder up to the point; gives the process's exit status.

    Raises:
        TimeoutError: It did not end.
    """
    process = _PROCESSES.Process(target=_run, args=(folder, point))
    process.start()
    process.join(_PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"the run did not end within {_PATIENCE_S} s")
    played["processes killed"] += process.exitcode == -signal.SIGKILL
    return process.exitcode


def _run(folder: str, point: Point) -> None:
    module, name, when, number = point
    owner: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    whole, calls = getattr(owner, last), 0

    def deadly(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        is_last = calls == number
        if is_last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = whole(*arguments, **named)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, deadly)
    project = load_project(folder, {})
    threads = project.settings.flags.threads
    run_nodes(project, project.graph.select(), Request(), threads=threads)
