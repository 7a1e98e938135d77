"""`unique`: no value, or no row, comes twice."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.checks.columns import OfColumns
from t4t_core.checks.subject import Subject, counted
from t4t_core.config.written import Written
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in


class Unique(OfColumns):
    """`params` of `unique`, where it is about columns."""


class UniqueRows(Written):
    """`params` of `no_duplicates`, and of `unique` where it is about whole rows."""


def repeated_values(rule: Unique, subject: Subject) -> exp.Select:
    """One row for each value that stands in several rows, with their number.

    NULLs of a single column are all different, as in SQL's UNIQUE. In several columns they are
    equal: a key of which one part is missing twice is a key that comes twice.
    """
    query = subject.select(*map(column, rule.columns), counted("copies"))
    if len(rule.columns) == 1:
        query = query.where(exp.not_(is_null_in(rule.columns), copy=False), copy=False)
    return query.group_by(*map(column, rule.columns), copy=False).having(_twice(), copy=False)


def repeated_rows(subject: Subject) -> exp.Select:
    """One row for each row that is there several times, with their number; NULLs are equal."""
    query = subject.select(exp.Star(), counted("copies"))
    query.set("group", exp.Group(all=True))
    return query.having(_twice(), copy=False)


def _twice() -> exp.Expr:
    return exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
