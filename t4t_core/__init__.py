"""Incremental data models, correct by construction, on DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t_core.context import RunContext
    from t4t_core.data_tests.alone import tables_tested
    from t4t_core.declared import create_model, model
    from t4t_core.planning.request import Request
    from t4t_core.project.load import Project, load_project
    from t4t_core.running.run import run_nodes
    from t4t_core.sql_functions.declared import functions

__all__ = [
    "Project",
    "Request",
    "RunContext",
    "create_model",
    "functions",
    "load_project",
    "model",
    "run_nodes",
    "tables_tested",
]

_HOMES = {
    "Project": "t4t_core.project.load",
    "Request": "t4t_core.planning.request",
    "RunContext": "t4t_core.context",
    "create_model": "t4t_core.declared",
    "functions": "t4t_core.sql_functions.declared",
    "load_project": "t4t_core.project.load",
    "model": "t4t_core.declared",
    "run_nodes": "t4t_core.running.run",
    "tables_tested": "t4t_core.data_tests.alone",
}


def __getattr__(name: str) -> object:
    # Importing a name here imports sqlglot and pydantic, which `t4t --help` does without.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
