"""`not_null`: no row has a NULL in the columns."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.checks.columns import OfColumns
from t4t_core.checks.subject import Subject
from t4t_core.sql.statements import is_null_in


class NotNull(OfColumns):
    """`params` of `not_null`."""


def null_rows(rule: NotNull, subject: Subject) -> exp.Select:
    """The rows with a NULL in one of the columns."""
    return subject.select().where(exp.paren(is_null_in(rule.columns)), copy=False)
