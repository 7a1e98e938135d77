"""The DuckDB type of a column of Python values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from t4t_core.sql.literals import time_in_text

_BIGINT = range(-(2**63), 2**63)
_DIGITS_OF_BIGINT = 18
_WHOLE = {"BIGINT", "HUGEINT"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}
_PLAIN_TYPES = {
    bool: "BOOLEAN",
    float: "DOUBLE",
    datetime: "TIMESTAMP",
    date: "DATE",
    time: "TIME",
    timedelta: "INTERVAL",
    bytes: "BLOB",
    UUID: "UUID",
}


def column_type(values: Iterable[object]) -> str | None:
    """The type that holds all values; None where DuckDB is to say, or all are NULL.

    Text is read as a variable's text is: a column whose texts are all ISO dates is a DATE, one of
    moments a TIMESTAMP, or TIMESTAMPTZ where they have a zone; any other column of text is VARCHAR.
    Whole numbers are BIGINT.
    """
    held = [value for value in values if value is not None]
    kinds = {_kind(value) for value in held}
    if not kinds or None in kinds:
        return None
    if len(kinds) == 1:
        found = kinds.pop()
        return _decimal(held) if found == "DECIMAL" else found
    if kinds <= _WHOLE:
        return "HUGEINT"
    if kinds <= {*_WHOLE, "DECIMAL"}:
        return _decimal(held)
    if kinds <= {*_WHOLE, "DECIMAL", "DOUBLE"}:
        return "DOUBLE"
    if kinds <= _TIMES:
        return "TIMESTAMPTZ" if "TIMESTAMPTZ" in kinds else "TIMESTAMP"
    if all(isinstance(value, str) for value in held):
        return "VARCHAR"
    return None


def plain(value: object) -> object:
    """The value; of text that is a moment, the form that every DuckDB reads: 1.4 wants seconds."""
    found = time_in_text(value) if isinstance(value, str) else None
    return found.isoformat(sep=" ") if isinstance(found, datetime) else value


def _kind(value: object) -> str | None:
    if isinstance(value, str):
        found = time_in_text(value)
        return "VARCHAR" if found is None else _kind(found)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return "TIMESTAMPTZ"
    if isinstance(value, Decimal):
        return "DECIMAL" if value.is_finite() else "DOUBLE"
    if isinstance(value, int) and not isinstance(value, bool):
        return "BIGINT" if value in _BIGINT else "HUGEINT"
    return next((name for kind, name in _PLAIN_TYPES.items() if isinstance(value, kind)), None)


def _decimal(values: Iterable[object]) -> str:
    """The DECIMAL that holds all digits of some numbers."""
    scale = whole = 1
    for value in values:
        assert isinstance(value, Decimal | int), "looked at above"
        _, digits, exponent = Decimal(value).as_tuple()
        assert isinstance(exponent, int), "only finite numbers are DECIMAL"
        scale = max(scale, -exponent)
        whole = max(whole, len(digits) + exponent)
    return f"DECIMAL({18 if scale + whole <= _DIGITS_OF_BIGINT else 38}, {scale})"
