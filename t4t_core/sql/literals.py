"""Values as typed SQL literals, so that no value can change a statement's shape."""

from __future__ import annotations

import math
import re
from datetime import date, datetime

from t4t_core.sql.text import NULL, Sql, listed
from t4t_core.values import TimeKind, TimeValue

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NANOSECONDS = re.compile(r"\.\d{7}")


def literal(value: object) -> Sql:
    """The literal for a variable's value.

    Text that is an ISO date or moment becomes a DATE, TIMESTAMP or TIMESTAMPTZ; other text stays
    text. A list becomes an array.

    Raises:
        ValueError: The value has no literal: a table of values, NaN, or text with a NUL character.
    """
    match value:
        case None:
            return NULL
        case bool():
            return Sql("TRUE" if value else "FALSE")
        case int():
            return number_literal(value)
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
            return Sql(f"[{listed(literal(item) for item in value)}]")
        case _:
            raise ValueError(f"a {type(value).__name__} has no SQL literal: {value!r}")


def _text(value: str) -> Sql:
    if "\0" in value:
        raise ValueError("the text holds a NUL character")
    if not _is_unicode(value):
        raise ValueError("the text holds half of a surrogate pair, which is no character")
    time = time_in_text(value)
    return text_literal(value) if time is None else literal(time)


def time_in_text(text: str) -> date | datetime | None:
    """The ISO date or moment that a text is; None for other text."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        # Python would cut nanoseconds off; as text they reach the database.
        if _MOMENT.match(text) and not _NANOSECONDS.search(text):
            return datetime.fromisoformat(text)
    except ValueError:
        return None
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(digits: str, is_negative: bool) -> Sql:
    return Sql(f"(-{digits})" if is_negative else digits)


def text_literal(text: str) -> Sql:
    """The text in quotes."""
    return Sql("'" + text.replace("'", "''") + "'")


def number_literal(number: int) -> Sql:
    """The digits, in parentheses where it is below 0."""
    return _number(str(abs(number)), number < 0)


def cast_text(text: str, sql_type: str) -> Sql:
    """`CAST('text' AS type)`."""
    return Sql(f"CAST({text_literal(text)} AS {sql_type})")


def time_literal(value: TimeValue) -> Sql:
    """The literal for a bound, of the time column's own kind."""
    if value.kind is TimeKind.INTEGER:
        return number_literal(value.ordinal)
    return cast_text(str(value).replace("T", " "), value.kind.value)


def infinity(kind: TimeKind) -> Sql:
    """What is later than every finite date or timestamp of the kind."""
    return cast_text("infinity", kind.value)


def minus_infinity(kind: TimeKind) -> Sql:
    """What is earlier than every finite date or timestamp of the kind."""
    return cast_text("-infinity", kind.value)
