"""`expression`: a condition holds for each row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf
from sqlglot import exp

from t4t_core.checks.subject import Subject
from t4t_core.config.written import Written
from t4t_core.errors import Place, T4tError
from t4t_core.sql.condition import Condition, read_condition
from t4t_core.sql.statements import is_true


def parsed_condition(value: object) -> object:
    """The condition of a text, for pydantic.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        return value
    try:
        return read_condition(value, Place(Path()))
    except T4tError as error:
        raise ValueError(error.what) from error


class Expression(Written):
    """`params` of `expression`."""

    expression: Annotated[InstanceOf[Condition], BeforeValidator(parsed_condition)]


def exceptions(condition: exp.Expr, subject: Subject) -> exp.Select:
    """The rows for which the condition is false or NULL: nothing says that it holds for them.

    Args:
        condition: The rule's, with its values and tables.
        subject: The table.
    """
    return subject.select().where(exp.not_(is_true(condition), copy=False), copy=False)
