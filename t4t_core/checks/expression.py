"""`expression`: a condition holds for each row."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.condition import Condition
from t4t_core.sql.statements import is_true
from t4t_core.sql.text import Sql, negated


class Expression(Struct, frozen=True, tag=True):
    """The rule."""

    expression: Condition


def exceptions(expression: Sql, subject: Subject) -> Sql:
    """The rows for which the expression is false or NULL: nothing says that it holds for them.

    Args:
        expression: The rule's, with its values and tables.
        subject: The table.
    """
    return subject.rows(negated(is_true(expression)))
