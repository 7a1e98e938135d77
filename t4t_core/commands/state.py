"""`t4t state`: looking at what is remembered of a model, and changing it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tabulate import tabulate

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import StateError, UsageError
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.running.session import open_session
from t4t_core.state.ledger import last_commit, last_commits, write_commit
from t4t_core.state.ledger_tables import check_format
from t4t_core.state.windows import kept_windows, note_by_hand
from t4t_core.values import TimeValue
from t4t_core.windows.coverage import Covered, covered_now, missing


def shown(project: Project, model: str | None = None) -> list[dict[str, Any]]:
    """The state of each model that was run, or of one; read from the ledger."""
    return [_row(commit) for commit, _ in _commits(project, model)]


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


def reset(project: Project, model: str) -> dict[str, Any]:
    """Forgets a model's watermark: its next run is a full load.

    Raises:
        StateError: It was never run.
    """
    return _changed(project, model, None)


def set_watermark(project: Project, model: str, value: str) -> dict[str, Any]:
    """Sets a model's watermark: its next run reads from there.

    Raises:
        StateError: It was never run, or has no time column.
        UsageError: The value is none of the time column's kind.
    """
    return _changed(project, model, value)


def _changed(project: Project, model: str, value: str | None) -> dict[str, Any]:
    node = project.graph.node(model)
    if not isinstance(node, Model):
        raise UsageError(f"{node} is a seed and has no watermark")
    with open_session(project) as session:
        with session.warehouse.transaction():
            before = last_commit(session.warehouse, str(node))
            if before is None:
                raise StateError(f"{node} was never run, so there is nothing to change")
            if value is None and before.materialization == "scd2":
                raise StateError(
                    f"{node} keeps history, which the full load after a reset would forget",
                    hint="that is what a run with --full-refresh does",
                )
            watermark = before.watermark if value is None else _read(node, before, value)
            commit = replace(
                before,
                version=before.version + 1,
                origin="reset" if value is None else "set",
                mode="skipped",
                reason="the state was reset" if value is None else "the watermark was set by hand",
                watermark=watermark,
                start=_start(node, before, watermark),
                rows_inserted=0,
                rows_updated=0,
                rows_deleted=0,
                committed_at=datetime.now(UTC).replace(tzinfo=None),
                duration_s=0.0,
            )
            write_commit(session.warehouse, commit)
            note_by_hand(session.warehouse, before, commit)
        session.remember(commit)
    return _row(commit)


def _start(model: Model, before: Commit, watermark: TimeValue | None) -> TimeValue | None:
    """Where later runs may start at the earliest.

    A watermark that is set forward skips rows for good, so that no later run goes back for them,
    until it is set back below that.
    """
    if before.watermark is None or watermark is None:
        return before.start
    if watermark.ordinal > before.watermark.ordinal:
        return watermark
    if before.start is not None and watermark.ordinal < before.start.ordinal:
        return _written_start(model, watermark)
    return before.start


def _written_start(model: Model, watermark: TimeValue) -> TimeValue | None:
    """The start that the model's metadata gives as a value, or None."""
    settings = model.window
    if settings is None or settings.start_date == "auto":
        return None
    try:
        return TimeValue.parse(watermark.kind, str(settings.start_date))
    except ValueError:  # a variable, or CURRENT_DATE: the rows it left out are asked for now
        return None


def _read(model: Model, before: Commit, value: str) -> TimeValue:
    if before.watermark is None:
        raise StateError(
            f"{model} has no watermark to move: it is not incremental, or its table is empty"
        )
    try:
        return TimeValue.parse(before.watermark.kind, value)
    except ValueError as error:
        raise UsageError(
            f"{value!r} is no {before.watermark.kind.value}", hint=f"as in {before.watermark}"
        ) from error


def _row(commit: Commit) -> dict[str, Any]:
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
    return tabulate(
        rows, ("model", "window", "from", "before"), tablefmt="simple", disable_numparse=True
    )


def _text(value: TimeValue | None) -> str | None:
    return None if value is None else str(value)


def shown_text(rows: Sequence[dict[str, Any]]) -> str:
    """The state as a table."""
    if not rows:
        return "no model was run yet"
    left_out = ("sql_hash", "config_hash", "materialization", "reason", "version")
    kept = [{key: row[key] for key in row if key not in left_out} for row in rows]
    return tabulate(kept, headers="keys", tablefmt="simple", disable_numparse=True)
