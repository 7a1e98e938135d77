"""`expression`: a condition holds for each row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

from pydantic import PlainValidator, ValidationInfo

from t4t_core.checks.sql_reader import SqlReader
from t4t_core.checks.subject import Subject
from t4t_core.config.written import Written
from t4t_core.errors import Place, T4tError
from t4t_core.sql.condition import Condition
from t4t_core.sql.statements import is_true
from t4t_core.sql.text import Sql, negated


def parsed_condition(value: object, info: ValidationInfo) -> Condition:
    """The condition of a text, for pydantic.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a condition in SQL")  # noqa: TRY004  pydantic collects ValueErrors
    reader = cast(SqlReader, info.context)
    try:
        return reader.condition(value, Place(Path()))
    except T4tError as error:
        raise ValueError(error.what) from error


class Expression(Written):
    """`params` of `expression`."""

    expression: Annotated[Condition, PlainValidator(parsed_condition)]


def exceptions(expression: Sql, subject: Subject) -> Sql:
    """The rows for which the expression is false or NULL: nothing says that it holds for them.

    Args:
        expression: The rule's, with its values and tables.
        subject: The table.
    """
    return subject.rows(negated(is_true(expression)))
