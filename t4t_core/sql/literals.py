"""Values as typed SQL literals, so that no value can change a statement's shape."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from functools import cache

from sqlglot import exp

from t4t_core.values import TimeKind, TimeValue

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NANOSECONDS = re.compile(r"\.\d{7}")


def literal(value: object) -> exp.Expr:
    """The literal for a variable's value.

    Text that is an ISO date or moment becomes a DATE, TIMESTAMP or TIMESTAMPTZ; other text stays
    text. A list becomes an array.

    Raises:
        ValueError: The value has no literal: a table of values, NaN, or text with a NUL character.
    """
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int():
            return _number(str(abs(value)), value < 0)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} has no SQL literal")
            return _number(repr(abs(value)), value < 0)
        case datetime():
            zone = "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP"
            return cast_text(value.isoformat(sep=" "), zone)
        case date():
            return cast_text(value.isoformat(), "DATE")
        case str():
            return _text(value)
        case list() | tuple():
            return exp.Array(expressions=[literal(item) for item in value])
        case _:
            raise ValueError(f"a {type(value).__name__} has no SQL literal: {value!r}")


def _text(value: str) -> exp.Expr:
    if "\0" in value:
        raise ValueError("the text holds a NUL character")
    if not _is_unicode(value):
        raise ValueError("the text holds half of a surrogate pair, which is no character")
    if _DATE.fullmatch(value):
        try:
            return literal(date.fromisoformat(value))
        except ValueError:
            return exp.Literal.string(value)
    # Python would cut nanoseconds off; as text they reach the database.
    if _MOMENT.match(value) and not _NANOSECONDS.search(value):
        try:
            return literal(datetime.fromisoformat(value))
        except ValueError:
            return exp.Literal.string(value)
    return exp.Literal.string(value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(digits: str, is_negative: bool) -> exp.Expr:
    number = exp.Literal.number(digits)
    return exp.Paren(this=exp.Neg(this=number)) if is_negative else number


def cast_text(text: str, sql_type: str) -> exp.Cast:
    """`CAST('text' AS type)`."""
    return exp.Cast(this=exp.Literal.string(text), to=_type(sql_type).copy())


@cache
def _type(sql_type: str) -> exp.DataType:
    """A type's tree; reading it takes as long as writing a small statement. Copy it."""
    return exp.DataType.build(sql_type, dialect="duckdb")


def time_literal(value: TimeValue) -> exp.Expr:
    """The literal for a bound, of the time column's own kind."""
    if value.kind is TimeKind.INTEGER:
        return _number(str(abs(value.ordinal)), value.ordinal < 0)
    return cast_text(str(value).replace("T", " "), value.kind.value)
