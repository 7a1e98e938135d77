"""The words about data tests at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from t4t_core.report import CheckReport, CheckStatus, Report
from t4t_core.text_table import text_table

_HEADERS = ("test", "of", "severity", "status", "rows", "seconds")
_ALIGNED = ("left", "left", "left", "left", "right", "right")
_WORDS: tuple[tuple[CheckStatus, str], ...] = (
    ("failed", "failed"),
    ("warned", "warned"),
    ("error", "could not run"),
    ("skipped", "skipped"),
)
_WIDEST_CELL = 40
_WIDEST_SAMPLE = 100


def tests_summary(report: Report) -> str:
    """A table of all tests, then what each that did not pass has found."""
    if not report.tests:
        return "no tests"
    rows = [_row(test) for test in report.tests]
    table = text_table(rows, _HEADERS, _ALIGNED)
    return "\n".join([table, *shortcomings(report), test_counts(report.tests)])


def shortcomings(report: Report) -> list[str]:
    """What each test has found that did not pass: how many rows, some of them, and the query."""
    unpublished = {model.model_name for model in report.failed}
    found = [
        _found(test, is_published=test.model_name not in unpublished)
        for test in report.tests
        if test.status in ("failed", "warned")
    ]
    by_error: dict[str, list[CheckReport]] = {}
    for test in report.tests:
        if test.status == "error":
            by_error.setdefault(test.error or "", []).append(test)
    for error, tests in by_error.items():
        found.append(f"\ncould not run: {', '.join(map(_full_name, tests))}\n{error}")
    return found


def test_counts(tests: Sequence[CheckReport]) -> str:
    """`3 tests passed, 1 failed`, of what there was."""
    found = Counter(test.status for test in tests)
    counts = [f"{found[status]} {word}" for status, word in _WORDS if found[status]]
    passed = found["passed"]
    return ", ".join([f"{passed} {'test' if passed == 1 else 'tests'} passed", *counts])


def _row(test: CheckReport) -> tuple[str, ...]:
    return (
        test.name,
        test.model_name or "",
        test.severity,
        test.status,
        f"{test.failures:,}" if test.status in ("passed", "failed", "warned") else "",
        f"{test.duration_s:.3f}",
    )


def _full_name(test: CheckReport) -> str:
    return f"{test.name} of {test.model_name}" if test.model_name else test.name


def _found(test: CheckReport, *, is_published: bool) -> str:
    rows = "1 row" if test.failures == 1 else f"{test.failures:,} rows"
    lines = [f"\n{_full_name(test)} {test.status}: {rows}"]
    if test.description:
        lines.append(test.description)
    lines.append(_sample(test))
    if is_published:
        lines.append(f"all of them:\n{test.sql};")
    else:
        lines.append(
            "these rows were taken back; `t4t run` publishes them, and then this shows them all:\n"
            f"{test.sql};"
        )
    return "\n".join(lines)


def _sample(test: CheckReport) -> str:
    """The sample as a table, with the tested column first and as many others as a line holds."""
    order = sorted(range(len(test.columns)), key=lambda at: test.columns[at] != test.column)
    cells = [[_short(row[at]) for at in order] for row in test.sample]
    names = [_short(test.columns[at]) for at in order]
    shown = width = 0
    for column in zip(names, *cells, strict=True):
        width += max(len(cell) for cell in column) + 2
        if shown and width > _WIDEST_SAMPLE:
            break
        shown += 1
    if shown < len(names):
        names = [*names[:shown], "..."]
        cells = [[*row[:shown], "..."] for row in cells]
    return text_table(cells, names)


def _short(value: str | None) -> str:
    text = "NULL" if value is None else " ".join(value.split())
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 3] + "..."
