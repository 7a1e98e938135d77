"""Testing models from pytest.

```python
from t4t_core.testing import assert_table, run_steps, unit_test_cases

test_units = unit_test_cases("path/to/project")


def test_a_later_row_wins():
    first, second = run_steps(
        "path/to/project",
        "mart.orders",
        [{"given": {"raw.orders": [...]}}, {"given": {"raw.orders": [...]}}],
    )

    assert second.report.mode == "incremental"
    assert_table(second, [{"id": 1, "amount": 7}])
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

import t4t_core.typing
from t4t_core.config.mistakes import MistakesError
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import UsageError
from t4t_core.models import Model
from t4t_core.planning.facts import Column
from t4t_core.project.load import Project, load_project
from t4t_core.report import ModelReport
from t4t_core.typing import UnitRun
from t4t_core.unit_tests.collect import UnitTest, unit_tests_of
from t4t_core.unit_tests.difference import difference
from t4t_core.unit_tests.lab import Outcome, outcomes
from t4t_core.unit_tests.report import unit_text
from t4t_core.unit_tests.rows import Shape, fill
from t4t_core.unit_tests.run import mistake, run_unit_test
from t4t_core.written.unit_tests import read_rows, read_unit_test

__all__ = ["Step", "assert_table", "run_steps", "unit_test_cases"]


class Step(Struct, frozen=True):
    """What one run left.

    Attributes:
        report: What the run did; its `status` is `failed` after an error.
        columns: Of the model's table; none where it was never made.
        rows: Of the table, in no order.
    """

    report: ModelReport
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]


def run_steps(
    project: Project | str | Path,
    model: str,
    steps: Sequence[UnitRun],
    *,
    table_before: t4t_core.typing.Rows | None = None,
    watermark_before: str | int | None = None,
    types: Mapping[str, Mapping[str, str]] | None = None,
    variables: Mapping[str, object] | None = None,
) -> tuple[Step, ...]:
    """Runs a model several times in memory, on tables that are given; gives what each run left.

    A table that a step does not give stays as the step before found it. What a step expects
    (`expect`, `mode`, ...) is checked.

    Args:
        project: A project, or its folder.
        model: The model's name.
        steps: What each run finds.
        table_before: The model's table before the first run.
        watermark_before: Its watermark; the greatest time in that table by default.
        types: The types of columns of given tables, by table.
        variables: For all steps, over those of the project.

    Raises:
        AssertionError: A step did not do what it expects.
        T4tError: The project or a step is wrong.
    """
    loaded = project if isinstance(project, Project) else load_project(project)
    node = loaded.graph.node(model)
    if not isinstance(node, Model):
        raise UsageError(f"{node} is a seed; only a model can be run here")
    written = {
        "name": "steps",
        "runs": list(steps),
        "table_before": table_before,
        "watermark_before": watermark_before,
        "types": types or {},
        "vars": variables or {},
    }
    try:
        test = read_unit_test(written)
    except MistakesError as error:
        at, what = error.found[0]
        raise UsageError(f"{'.'.join(at[:-1])}: {what}") from error
    found = []
    for number, (step, outcome) in enumerate(
        zip(test.steps, outcomes(loaded, str(node), test, None), strict=True), start=1
    ):
        wrong = None if step.are_empty else mistake(step, outcome, None)
        assert wrong is None, f"step {number}: {wrong}"
        found.append(_step(outcome))
    return tuple(found)


def assert_table(step: Step, expected: t4t_core.typing.Rows) -> None:
    """Checks a table's rows: only the columns that the expected ones name, as a bag.

    Args:
        step: What a run left.
        expected: Rows as dicts, as CSV text, or as a query.

    Raises:
        AssertionError: Rows are missing, or should not be there; the first of them are shown.
        T4tError: The expected rows name other columns than the table has.
    """
    rows = read_rows(expected)
    assert step.columns, f"there is no table to compare; the run said: {step.report.error}"
    with Warehouse.open_empty("memory") as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        shape = Shape(step.columns, is_closed=True)
        fill("memory.main.actual", tuple(map(dict, step.rows)), shape, warehouse, None)
        found = difference("memory.main.actual", step.columns, rows, warehouse, None, {})
    assert found is None, f"the table is not as expected\n{found}"


def unit_test_cases(
    project: str | Path, variables: Mapping[str, object] | None = None
) -> Callable[..., None]:
    """A test function of pytest with a case for each unit test of a project.

    Args:
        project: The project's folder.
        variables: Over those of the project.

    Raises:
        T4tError: The project or one of its unit tests is wrong.
    """
    import pytest

    loaded = load_project(project, variables)
    cases = [pytest.param(test, id=str(test)) for test in unit_tests_of(loaded)]

    @pytest.mark.parametrize("case", cases)
    def test_unit(case: UnitTest) -> None:
        """The model does what its unit test expects."""
        report = run_unit_test(loaded, case)
        if report.status == "failed":
            pytest.fail(unit_text(report), pytrace=False)

    return test_unit


def _step(outcome: Outcome) -> Step:
    target = outcome.warehouse.target(outcome.model.name, with_columns=True)
    if target is None:
        return Step(outcome.report, (), ())
    names = [column.name for column in target.columns]
    rows = outcome.warehouse.rows(f"SELECT * FROM {outcome.table}")
    return Step(
        outcome.report,
        target.columns,
        tuple(dict(zip(names, row, strict=True)) for row in rows),
    )
