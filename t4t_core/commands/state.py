"""What is remembered of models, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.project.load import Project
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import check_format
from t4t_core.state.windows import kept_windows
from t4t_core.text_table import text_table
from t4t_core.values import TimeValue
from t4t_core.windows.coverage import Covered, covered_now, missing


def shown(project: Project, model: str | None = None) -> list[dict[str, Any]]:
    """The state of each model that was run, or of one; read from the ledger."""
    return [row_of(commit) for commit, _ in _commits(project, model)]


def shown_windows(project: Project, model: str | None = None) -> list[dict[str, Any]]:
    """The windows of each model, or of one, that runs have read, and those between them."""
    known = {str(node).lower() for node in project.models if node.reads_windows}
    found = []
    for commit, kept in _commits(project, model):
        if commit.model_name.lower() not in known:
            continue
        covered = covered_now(kept, commit)
        gaps = missing(covered, commit.start)
        found.append(
            {
                "model_name": commit.model_name,
                "covered": [
                    {"start": _text(window.start), "end": str(window.end)} for window in covered
                ],
                "missing": [{"start": str(gap.start), "end": str(gap.end)} for gap in gaps],
            }
        )
    return found


def _commits(project: Project, model: str | None) -> list[tuple[Commit, tuple[Covered, ...]]]:
    """The last commit of each model, or of one, with what is kept of its windows."""
    settings = project.settings
    if not settings.database.is_file():
        return []
    wanted = None if model is None else str(project.graph.node(model)).lower()
    with Warehouse.open(
        settings.database, read_only=True, lock_timeout_s=settings.lock_timeout_s
    ) as warehouse:
        check_format(warehouse)
        return [
            (commit, kept_windows(warehouse, commit.model_name))
            for commit in last_commits(warehouse)
            if commit.is_of_table and wanted in (None, commit.model_name.lower())
        ]


def row_of(commit: Commit) -> dict[str, Any]:
    """A model's state as `t4t state --json` prints it."""
    watermark = None if commit.origin == "reset" else commit.watermark
    return {
        "model_name": commit.model_name,
        "materialization": commit.materialization,
        "last_execution_timestamp": commit.committed_at.isoformat(),
        "sql_hash": commit.sql_hash,
        "config_hash": commit.config_hash,
        "last_processed_value": None if watermark is None else str(watermark),
        "strategy": commit.strategy,
        "version": commit.version,
        "mode": commit.mode,
        "reason": commit.reason,
    }


def windows_text(models: Sequence[dict[str, Any]]) -> str:
    """The windows as a table, in order."""
    rows = []
    for model in models:
        gaps = {gap["end"]: gap for gap in model["missing"]}
        for window in model["covered"]:
            gap = gaps.get(window["start"])
            if gap is not None:
                rows.append((model["model_name"], "missing", gap["start"], gap["end"]))
            start = window["start"] or ""
            rows.append((model["model_name"], "read", start, window["end"]))
    if not rows:
        return "no incremental model was run yet"
    return text_table(rows, ("model", "window", "from", "before"))


def _text(value: TimeValue | None) -> str | None:
    return None if value is None else str(value)


def shown_text(rows: Sequence[dict[str, Any]]) -> str:
    """The state as a table."""
    if not rows:
        return "no model was run yet"
    left_out = ("sql_hash", "config_hash", "materialization", "reason", "version")
    names = [name for name in rows[0] if name not in left_out]
    return text_table([[row[name] for name in names] for row in rows], names)
