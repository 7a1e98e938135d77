"""`t4t debug`: whether a project can run here."""

from __future__ import annotations

import platform
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_file import connect
from t4t_core.engines.limits import limit
from t4t_core.engines.other_databases import attach
from t4t_core.errors import T4tError
from t4t_core.project.load import Project
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import check_format
from t4t_core.text_table import text_table


def diagnosed(project: Project) -> dict[str, Any]:
    """What was found, with `status` and, where something is wrong, `problems`."""
    settings = project.settings
    problems: list[str] = []
    found: dict[str, Any] = {
        "python": platform.python_version(),
        **{name: version(name) for name in ("t4t-dagster", "duckdb")},
        "sqlglot": version("sqlglot") + (" (compiled)" if _is_sqlglot_compiled() else ""),
        "project": str(settings.folder),
        "database": str(settings.database),
        "state": str(settings.state),
        "attached": [f"{other.name}: {other.file or other.kind}" for other in settings.others],
        "models": len(project.models),
        "seeds": len(project.graph.seeds),
        "functions": len(project.graph.functions),
        "sources": sorted(
            {
                ".".join(project.graph.source_name(ref))
                for refs in project.graph.sources.values()
                for ref in refs
            }
        ),
    }
    found["database_status"] = _database_status(project, problems)
    found["state_status"] = _state_status(project, problems)
    return {"status": "failed" if problems else "success", "problems": problems, **found}


def _is_sqlglot_compiled() -> bool:
    """Whether the extra `fast` is there and its parser is the one that runs."""
    parser = find_spec("sqlglot.parser")
    return parser is not None and parser.origin is not None and not parser.origin.endswith(".py")


def _database_status(project: Project, problems: list[str]) -> str:
    settings = project.settings
    if not settings.database.is_file():
        return "is made by the first run"
    try:
        with Warehouse.open(settings.database, read_only=True, lock_timeout_s=0) as warehouse:
            check_format(warehouse)
            limit(warehouse, settings.limits)
            attach(warehouse, settings.others, 0, is_reading=True)
            return f"opens; {len(last_commits(warehouse))} models and seeds have state"
    except T4tError as error:
        problems.append(str(error))
        return "does not open"


def _state_status(project: Project, problems: list[str]) -> str:
    settings = project.settings
    if not settings.state.is_file():
        return "is made by the first run"
    try:
        connect(settings.state, read_only=True, lock_timeout_s=0).close()
    except T4tError as error:
        problems.append(str(error))
        return "does not open"
    return "opens"


def diagnosis_text(found: dict[str, Any]) -> str:
    """What was found, a line each."""
    rows = [
        (key.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
        for key, value in found.items()
        if key != "problems" and value != []
    ]
    lines = [text_table(rows)]
    lines += [f"problem: {problem}" for problem in found["problems"]]
    return "\n".join(lines)
