"""What a run did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from t4t_core.commit import Mode
from t4t_core.facts import Column
from t4t_core.values import TimeValue

Status = Literal["success", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What happened to one model or seed.

    Attributes:
        mode: None where it failed before that was decided.
        error: In words, or None.
        row_count: Rows in its table afterwards; None for a view and after a failure.
        watermark: The greatest time that a committed run has read.
        statements: As they ran, or would have run after the one that failed.
        columns: Of the table or view; only read where they were asked for.
        is_transient: The failure may not come again with nothing changed.
    """

    model_name: str
    materialization: str
    strategy: str | None
    mode: Mode | None
    reason: str
    status: Status
    error: str | None = None
    warning: str | None = None
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_deleted: int = 0
    row_count: int | None = None
    watermark: TimeValue | None = None
    duration_s: float = 0.0
    sql_hash: str | None = None
    config_hash: str | None = None
    data_version: str | None = None
    statements: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    is_transient: bool = False

    @property
    def has_changed_rows(self) -> bool:
        return bool(self.rows_inserted or self.rows_updated or self.rows_deleted)

    def to_json(self) -> dict[str, object]:
        """The object of `--json`."""
        return {
            "model_name": self.model_name,
            "materialization": self.materialization,
            "strategy": self.strategy,
            "mode": self.mode,
            "reason": self.reason,
            "status": self.status,
            "error": self.error,
            "warning": self.warning,
            "rows_inserted": self.rows_inserted,
            "rows_updated": self.rows_updated,
            "rows_deleted": self.rows_deleted,
            "row_count": self.row_count,
            "last_processed_value": None if self.watermark is None else str(self.watermark),
            "duration_s": round(self.duration_s, 6),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What a whole run did, in the order of the run."""

    models: Sequence[ModelReport] = field(default_factory=tuple)

    @property
    def failed(self) -> list[ModelReport]:
        return [model for model in self.models if model.status == "failed"]

    @property
    def skipped(self) -> list[ModelReport]:
        """Models that were left out because something they read failed."""
        return [model for model in self.models if model.status == "skipped"]

    @property
    def status(self) -> Literal["success", "failed"]:
        return "failed" if self.failed else "success"

    def to_json(self) -> dict[str, object]:
        return {"status": self.status, "models": [model.to_json() for model in self.models]}
