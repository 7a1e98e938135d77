"""The DuckDB type for a Python annotation."""

from __future__ import annotations

import types
import typing
from datetime import date, datetime, time, timedelta
from uuid import UUID

_TYPES: dict[object, str] = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    str: "VARCHAR",
    bytes: "BLOB",
    date: "DATE",
    datetime: "TIMESTAMP",
    time: "TIME",
    timedelta: "INTERVAL",
    UUID: "UUID",
}


def duckdb_type(annotation: object) -> str | None:
    """The type's name, or None for an annotation that leaves it open.

    `X | None` is as X: every DuckDB value may be NULL.
    """
    if annotation in _TYPES:
        return _TYPES[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        rest = [part for part in arguments if part is not type(None)]
        return duckdb_type(rest[0]) if len(rest) == 1 else None
    inner = [duckdb_type(part) for part in arguments]
    if origin is list and len(inner) == 1 and inner[0] is not None:
        return f"{inner[0]}[]"
    if origin is dict and len(inner) == 2 and None not in inner:
        return f"MAP({inner[0]}, {inner[1]})"
    return None
