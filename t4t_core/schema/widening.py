"""Whether every value of one DuckDB type is a value of another."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = '"NULL"'
"""The type of a column that is only ever NULL, in DuckDB 2.0; DuckDB 1.4 says INTEGER."""

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

# Bits, and decimal digits.
_SIGNED = {
    "TINYINT": (8, 3),
    "SMALLINT": (16, 5),
    "INTEGER": (32, 10),
    "BIGINT": (64, 19),
    "HUGEINT": (128, 39),
}
_UNSIGNED = {
    "UTINYINT": (8, 3),
    "USMALLINT": (16, 5),
    "UINTEGER": (32, 10),
    "UBIGINT": (64, 20),
    "UHUGEINT": (128, 39),
}
# Integers up to this many bits are all of them numbers of the type.
_EXACT_BITS = {"FLOAT": 16, "DOUBLE": 32}
_TIMES = ("DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP")


def widens(narrow: str, wide: str) -> bool:
    """Whether a column of type `narrow` becomes one of type `wide` with every value kept.

    A number does not become text: `7` and `007` would be two values. A time gets no zone.
    """
    if narrow == UNKNOWN:
        return True
    if narrow.endswith("[]") and wide.endswith("[]"):
        return narrow == wide or widens(narrow[:-2], wide[:-2])
    if narrow in _SIGNED or narrow in _UNSIGNED:
        return _integer_widens(narrow, wide)
    if narrow in _TIMES and wide in _TIMES:
        return _TIMES.index(narrow) < _TIMES.index(wide)
    before, after = _DECIMAL.fullmatch(narrow), _DECIMAL.fullmatch(wide)
    if before and after:
        return _holds(after, int(before[1]) - int(before[2]), int(before[2]))
    if wide == "VARCHAR":
        return narrow.startswith("ENUM(") or narrow == "JSON"
    return (narrow, wide) == ("FLOAT", "DOUBLE")


def _integer_widens(narrow: str, wide: str) -> bool:
    is_signed = narrow in _SIGNED
    bits, digits = _SIGNED[narrow] if is_signed else _UNSIGNED[narrow]
    decimal = _DECIMAL.fullmatch(wide)
    if decimal:
        return _holds(decimal, digits, 0)
    if wide in _EXACT_BITS:
        return bits <= _EXACT_BITS[wide]
    if wide in _SIGNED:
        return _SIGNED[wide][0] > bits
    return wide in _UNSIGNED and not is_signed and _UNSIGNED[wide][0] > bits


def _holds(decimal: re.Match[str], digits: int, places: int) -> bool:
    """Whether a DECIMAL has room for so many digits before and behind the point."""
    width, scale = int(decimal[1]), int(decimal[2])
    return scale >= places and width - scale >= digits
