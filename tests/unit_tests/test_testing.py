"""`t4t_core.testing`: models tested from pytest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from t4t_core.errors import UsageError
from t4t_core.testing import assert_table, run_steps, unit_test_cases

Make = Callable[..., Path]
APPEND = """\
-- metadata: {"materialization": "incremental", "incremental": {"strategy": "append",
--   "append": {"time_column": "seen"}}}
SELECT id, seen FROM raw.events
"""


@pytest.fixture
def folder(project: Make) -> Path:
    return project({"mart/events.sql": APPEND})


def test_steps_run_on_one_database(folder: Path) -> None:
    """Each step leaves its report and its table; the last one's is compared."""
    first, second = run_steps(
        folder,
        "events",
        [
            {"given": {"raw.events": [{"id": 1, "seen": "2024-01-01T00:00Z"}]}},
            {"given": {"raw.events": [{"id": 2, "seen": "2024-01-02T00:00:00Z"}]}},
        ],
    )

    assert [column.type for column in first.columns] == ["BIGINT", "TIMESTAMP WITH TIME ZONE"]
    assert [first.report.mode, second.report.mode] == ["full", "incremental"]
    assert_table(first, [{"id": 1}])
    assert_table(second, "id,seen\n1,2024-01-01 00:00:00+00\n2,2024-01-02 00:00:00+00")
    with pytest.raises(AssertionError, match=r"missing\s+3"):
        assert_table(second, [{"id": 1}, {"id": 2}, {"id": 3}])


def test_a_step_that_fails_is_told(folder: Path) -> None:
    """What a step expects is checked; without that, its report says what happened."""
    steps = [{"given": {"raw.events": [{"id": 1, "seen": "no time"}]}}]

    (step,) = run_steps(folder, "mart.events", steps)

    assert step.report.status == "failed"
    with pytest.raises(AssertionError, match="time column"):
        assert_table(step, [])
    with pytest.raises(AssertionError, match=r"step 1: the run failed: .* time column"):
        run_steps(folder, "mart.events", [{**steps[0], "expect": []}])
    with pytest.raises(UsageError, match="unknown key 'gven'"):
        run_steps(folder, "mart.events", [{"gven": {}}])


def test_the_unit_tests_of_a_project_are_cases_of_pytest(folder: Path) -> None:
    """One line makes a case of each, with its name; one that fails shows its rows."""
    (folder / "models" / "mart" / "events.py").write_text(
        'rows = [{"id": 1, "seen": "2024-01-01"}]\n'
        'unit_tests = [{"name": "good", "given": {"raw.events": rows}, "expect": rows},\n'
        '              {"name": "bad", "given": {"raw.events": rows}, "expect": []}]\n'
    )

    test_units = unit_test_cases(folder)

    (mark,) = test_units.pytestmark
    good, bad = mark.args[1]
    assert [good.id, bad.id] == ["mart.events: good", "mart.events: bad"]
    test_units(*good.values)
    with pytest.raises(pytest.fail.Exception, match=r"unexpected\s+1\s+2024-01-01"):
        test_units(*bad.values)


def test_wrong_unit_tests_stop_the_collection(folder: Path) -> None:
    """A mistake in a unit test is an error when the cases are made."""
    (folder / "models" / "mart" / "events.py").write_text("unit_tests = [{}]\n")

    with pytest.raises(UsageError, match="'name' is missing"):
        unit_test_cases(folder)
