"""What a run did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import asdict

from t4t_core.commit import Mode
from t4t_core.config import Severity
from t4t_core.planning.facts import Column
from t4t_core.planning.steps import Step, statements
from t4t_core.values import TimeValue

Status = Literal["success", "failed", "skipped"]
CheckStatus = Literal["passed", "failed", "warned", "error", "skipped"]


class CheckReport(Struct, frozen=True):
    """What one data test found.

    Attributes:
        name: As in `not_null(id)`; with `model_name` it names the test.
        model_name: The model or seed it belongs to; None where it reads none of the project's.
        column: The column that it is written under, or None.
        status: `failed` or `warned` where rows break the rule, as its severity says; `error` where
            it could not be carried out; `skipped` where there was nothing to test.
        failures: How many rows break the rule.
        columns: Of the sample.
        sample: Some of these rows, with values as text as DuckDB writes them; None is NULL.
        sql: The query that gives all of them; empty where there is none.
        error: Why it could not be carried out or was skipped, or None.
    """

    name: str
    model_name: str | None
    column: str | None
    severity: Severity
    status: CheckStatus
    description: str | None = None
    failures: int = 0
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[str | None, ...], ...] = ()
    sql: str = ""
    duration_s: float = 0.0
    error: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the run that it belongs to failed: a test that cannot be carried out is one."""
        return self.status in ("failed", "error")

    @property
    def is_blocking(self) -> bool:
        """Whether nothing may be built on the table."""
        return self.is_failure and self.severity == "error"

    def to_json(self) -> dict[str, object]:
        """The object of `--json`."""
        return {
            "test": self.name,
            "model": self.model_name,
            "kind": "data",
            "column": self.column,
            "description": self.description,
            "severity": self.severity,
            "status": self.status,
            "failures": self.failures,
            "sample": {"columns": list(self.columns), "rows": [list(row) for row in self.sample]},
            "sql": self.sql,
            "error": self.error,
            "duration_s": round(self.duration_s, 6),
        }


class ModelReport(Struct, frozen=True):
    """What happened to one model or seed.

    Attributes:
        mode: None where it failed before that was decided.
        error: In words, or None.
        row_count: Rows in its table afterwards; None for a view and after a failure.
        watermark: The greatest time that a committed run has read.
        steps: What was carried out, or would have been after the one that failed.
        columns: Of the table or view; only read where they were asked for.
        is_transient: The failure may not come again with nothing changed.
        tests: What its data tests found, where they were asked for.
        window: Where the window that the run was asked for begins and ends, or None.
        batches: The batches of it that are committed, or None where it was not cut.
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
    steps: tuple[Step, ...] = ()
    columns: tuple[Column, ...] = ()
    is_transient: bool = False
    tests: tuple[CheckReport, ...] = ()
    window: tuple[str, str] | None = None
    batches: int | None = None

    def __repr__(self) -> str:
        """All of it but the steps, whose SQL is long."""
        told = (f"{name}={value!r}" for name, value in asdict(self).items() if name != "steps")
        return f"ModelReport({', '.join(told)})"

    @property
    def statements(self) -> tuple[str, ...]:
        """The SQL of the steps; written when it is asked for."""
        return statements(self.steps)

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
            "window": None if self.window is None else list(self.window),
            "batches": self.batches,
        }


class Report(Struct, frozen=True):
    """What a whole run did, in the order of the run.

    Attributes:
        tests: All data tests: those of the models' reports too.
    """

    models: Sequence[ModelReport] = field(default_factory=tuple)
    tests: Sequence[CheckReport] = field(default_factory=tuple)

    @property
    def failed(self) -> list[ModelReport]:
        return [model for model in self.models if model.status == "failed"]

    @property
    def skipped(self) -> list[ModelReport]:
        """Models that were left out because something they read failed."""
        return [model for model in self.models if model.status == "skipped"]

    @property
    def failed_tests(self) -> list[CheckReport]:
        return [test for test in self.tests if test.is_failure]

    @property
    def status(self) -> Literal["success", "failed"]:
        return "failed" if self.failed or self.failed_tests else "success"

    def to_json(self) -> dict[str, object]:
        return {
            "status": self.status,
            "models": [model.to_json() for model in self.models],
            "tests": [test.to_json() for test in self.tests],
        }
