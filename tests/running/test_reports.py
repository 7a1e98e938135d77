"""What Python code gets of a run."""

from __future__ import annotations

from running_lab import Lab


def test_a_report_can_be_looked_at(lab: Lab) -> None:
    """In a notebook: what happened, without the SQL of the steps, which `statements` gives."""
    lab.model("SELECT 1 AS id", {"materialization": "table"})

    report = lab.run()

    assert repr(report).startswith("ModelReport(model_name='m.t', materialization='table', ")
    assert "CREATE" not in repr(report)
    assert "CREATE OR REPLACE TABLE" in report.statements[-1]
