"""`row_count_gt_0` and `row_count_eq`: how many rows there are."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.literals import number_literal
from t4t_core.sql.text import Sql, sql


class HasRows(Struct, frozen=True, tag=True):
    """`row_count_gt_0`."""


class RowCount(Struct, frozen=True, tag=True):
    """`row_count_eq`."""

    value: int


def wrong_count(rule: HasRows | RowCount, subject: Subject) -> Sql:
    """One row with the number of rows, where it is wrong."""
    rows = subject.select(Sql("count(*) AS row_count"))
    if isinstance(rule, HasRows):
        return sql("{rows}\nHAVING count(*) = 0", rows=rows)
    value = number_literal(rule.value)
    return sql("{rows}\nHAVING count(*) <> {value}", rows=rows, value=value)
