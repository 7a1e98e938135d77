"""`row_count_gt_0` and `row_count_eq`: how many rows there are."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from t4t_core.checks.subject import Subject, counted
from t4t_core.config.written import Written


class HasRows(Written):
    """`params` of `row_count_gt_0`."""


class RowCount(Written):
    """`params` of `row_count_eq`."""

    value: int = Field(ge=0)


def wrong_count(rule: HasRows | RowCount, subject: Subject) -> exp.Select:
    """One row with the number of rows, where it is wrong."""
    count = exp.Count(this=exp.Star())
    is_wrong: exp.Expr
    if isinstance(rule, RowCount):
        is_wrong = exp.NEQ(this=count, expression=exp.Literal.number(rule.value))
    else:
        is_wrong = exp.EQ(this=count, expression=exp.Literal.number(0))
    return subject.select(counted()).having(is_wrong, copy=False)
