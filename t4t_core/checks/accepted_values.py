"""`accepted_values`: a column holds nothing but the values of a list."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.literals import literal, text_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in
from t4t_core.sql.text import Sql, listed, negated, sql


class AcceptedValues(Struct, frozen=True, tag=True):
    """The rule, of one column. NULL is always accepted; `not_null` refuses it."""

    columns: tuple[str, ...]
    values: tuple[Any, ...]


def other_values(rule: AcceptedValues, subject: Subject) -> Sql:
    """The rows whose value is not in the list."""
    # With a NULL in the list, NOT IN is never true.
    values = [literal_of(value) for value in rule.values if value is not None]
    is_accepted = is_null_in(rule.columns)
    if values:
        value = column(rule.columns[0])
        is_accepted = sql("{value} IN ({values})", value=value, values=listed(values))
    return subject.rows(negated(is_accepted))


def literal_of(value: object) -> Sql:
    """The literal; text stays text even where it looks like a date: the column says what it is."""
    if isinstance(value, str) and "\0" not in value:
        return text_literal(value)
    return literal(value)
