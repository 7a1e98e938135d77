"""`accepted_values`: a column holds nothing but the values of a list."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from t4t_core.checks.columns import OfColumns
from t4t_core.checks.subject import Subject
from t4t_core.sql.literals import literal, text_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in
from t4t_core.sql.text import Sql, listed, negated, sql


class AcceptedValues(OfColumns):
    """`params` of `accepted_values`. NULL is always accepted; `not_null` refuses it."""

    values: tuple[Any, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _need_literals(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        for value in values:
            _literal(value)
        return values

    @field_validator("columns")
    @classmethod
    def _need_one(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(columns) != 1:
            raise ValueError("accepted_values is about one column")
        return columns


def other_values(rule: AcceptedValues, subject: Subject) -> Sql:
    """The rows whose value is not in the list."""
    # With a NULL in the list, NOT IN is never true.
    values = [_literal(value) for value in rule.values if value is not None]
    is_accepted = is_null_in(rule.columns)
    if values:
        value = column(rule.columns[0])
        is_accepted = sql("{value} IN ({values})", value=value, values=listed(values))
    return subject.rows(negated(is_accepted))


def _literal(value: object) -> Sql:
    """The literal; text stays text even where it looks like a date: the column says what it is."""
    if isinstance(value, str) and "\0" not in value:
        return text_literal(value)
    return literal(value)
