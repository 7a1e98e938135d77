"""The words at the end of a run."""

from __future__ import annotations

from t4t_core.data_tests.summary import shortcomings, test_counts
from t4t_core.report import ModelReport, Report
from t4t_core.text_table import text_table

_HEADERS = ("model", "mode", "inserted", "updated", "deleted", "rows", "watermark", "seconds")


def summary(report: Report) -> str:
    """A table of what each model did, and what failed or was left out."""
    lines = []
    done = [model for model in report.models if model.status == "success"]
    if done:
        rows = [_row(model) for model in done]
        lines.append(text_table(rows, _HEADERS, _ALIGNED))
    if report.failed:
        lines.append(f"failed: {', '.join(model.model_name for model in report.failed)}")
    if report.skipped:
        names = ", ".join(f"{model.model_name} ({model.reason})" for model in report.skipped)
        lines.append(f"skipped: {names}")
    if not report.models:
        lines.append("nothing to run")
    if report.tests:
        lines += shortcomings(report)
    idle = sum(model.mode == "skipped" for model in done)
    counts = f"{len(done) - idle} done, {len(report.failed)} failed, {len(report.skipped)} skipped"
    if idle:
        counts += f", {idle} with nothing to do"
    if report.tests:
        counts += f"; {test_counts(report.tests)}"
    return "\n".join([*lines, counts])


_ALIGNED = ("left", "left", "right", "right", "right", "right", "left", "right")


def _row(model: ModelReport) -> tuple[str, ...]:
    return (
        model.model_name,
        model.mode or "",
        f"{model.rows_inserted:,}",
        f"{model.rows_updated:,}",
        f"{model.rows_deleted:,}",
        "" if model.row_count is None else f"{model.row_count:,}",
        "" if model.watermark is None else str(model.watermark),
        f"{model.duration_s:.3f}",
    )
