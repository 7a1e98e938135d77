"""Changing by hand what is remembered of a model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from t4t_core.commands.state import row_of
from t4t_core.commit import Commit
from t4t_core.errors import StateError, UsageError
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.running.open_session import open_session
from t4t_core.state.ledger import last_commit, write_commit
from t4t_core.state.windows import note_by_hand
from t4t_core.values import TimeValue


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
    return row_of(commit)


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
