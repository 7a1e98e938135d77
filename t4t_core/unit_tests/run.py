"""Running unit tests: rows in, runs, and the table that comes out compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from t4t_core.errors import Place, T4tError
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.seeds.seed import Seed
from t4t_core.unit_tests.collect import UnitTest, unit_tests_of
from t4t_core.unit_tests.difference import difference
from t4t_core.unit_tests.lab import Outcome, hint_of_columns, outcomes
from t4t_core.unit_tests.report import UnitReport
from t4t_core.values import TimeValue
from t4t_core.written.unit_tests import UnitRunConfig


def run_unit_tests(
    project: Project,
    nodes: Sequence[Model | Seed],
    on_finished: Callable[[UnitReport], None] | None = None,
) -> tuple[UnitReport, ...]:
    """Runs the unit tests of the given models; the project's database is not touched.

    Args:
        project: The project.
        nodes: The models whose tests are run.
        on_finished: Called with each report as it comes.

    Raises:
        ProjectError: Tests are written wrongly; none was run.
    """
    names = {str(node) for node in nodes}
    reports = []
    for test in unit_tests_of(project):
        if test.model not in names:
            continue
        report = run_unit_test(project, test)
        if on_finished is not None:
            on_finished(report)
        reports.append(report)
    return tuple(reports)


def run_unit_test(project: Project, test: UnitTest) -> UnitReport:
    """Runs one unit test, up to the first run that is not as expected."""
    started = time.perf_counter()
    error: str | None = None
    statements: tuple[str, ...] = ()
    steps = test.config.steps
    try:
        found = outcomes(project, test.model, test.config, test.place)
        for number, (step, outcome) in enumerate(zip(steps, found, strict=True), start=1):
            error = mistake(step, outcome, test.place)
            if error is not None:
                statements = outcome.report.statements
                error = error if len(steps) == 1 else f"run {number}: {error}"
                break
    except T4tError as raised:
        raised.place = raised.place if raised.place != test.place else None
        error = str(raised)
    return UnitReport(
        test=test.config.name,
        model=test.model,
        place=test.place,
        status="success" if error is None else "failed",
        error=error,
        statements=statements,
        duration_s=time.perf_counter() - started,
    )


def mistake(step: UnitRunConfig, outcome: Outcome, place: Place | None) -> str | None:
    """What is not as a run was expected to be, or None.

    Raises:
        T4tError: What is expected cannot be compared.
    """
    report = outcome.report
    if report.status == "failed" and step.expect_error is None:
        hint = hint_of_columns(str(report.error), outcome.given, outcome.warehouse)
        return f"the run failed: {report.error}" + (f"\n  try: {hint}" if hint else "")
    if step.expect_error is not None:
        if report.status != "failed":
            return f"the run should have failed with {step.expect_error!r}, and it succeeded"
        if step.expect_error not in str(report.error):
            return (
                f"the run should have failed with {step.expect_error!r}, and said: {report.error}"
            )
    found = _unmet(step, outcome)
    table = None if step.expect is None else _unlike(step, outcome, place)
    if table is not None:
        found.append(table)
    return "\n".join(found) or None


def _unmet(step: UnitRunConfig, outcome: Outcome) -> list[str]:
    report = outcome.report
    found = []
    for name in ("mode", "rows_inserted", "rows_updated", "rows_deleted"):
        wanted, got = getattr(step, name), getattr(report, name)
        if wanted is not None and wanted != got:
            found.append(f"{name} is {got!r} and not {wanted!r}")
    if step.watermark is not None and not _is_mark(step.watermark, report.watermark):
        found.append(f"the watermark is {report.watermark} and not {step.watermark}")
    if found and report.mode is not None:
        found.append(f"the run was {report.mode}: {report.reason}")
    return found


def _is_mark(wanted: object, got: TimeValue | None) -> bool:
    if got is None:
        return False
    try:
        return TimeValue.parse(got.kind, str(wanted)) == got
    except ValueError:
        return False


def _unlike(step: UnitRunConfig, outcome: Outcome, place: Place | None) -> str | None:
    assert step.expect is not None, "looked at by the caller"
    target = outcome.warehouse.target(outcome.model.name, with_columns=True)
    if target is None:
        return "there is no table to compare"
    found = difference(
        outcome.table, target.columns, step.expect, outcome.warehouse, place, outcome.variables
    )
    return None if found is None else f"the table is not as expected\n{found}"
