"""Comparison by what values are, where DuckDB takes different ones for equal.

Text under a collation, `VARCHAR COLLATE NOCASE`, equals text in other letters, and DuckDB's catalog
does not say which columns have one; without one, `COLLATE C` changes and costs nothing. An interval
of 1 month equals one of 30 days. (0.0 and -0.0 are taken for one value.)
"""

from __future__ import annotations

from t4t_core.sql.names import cast, column, named
from t4t_core.sql.text import Sql, all_of, any_of, is_other, is_same, sql


def is_coarse(type_: str) -> bool:
    """Whether values of a type can be equal and yet not the same."""
    return type_ == "VARCHAR" or "INTERVAL" in type_


def same(name: str, type_: str, one: str, other: str) -> Sql:
    """Whether a column's value is the same in the rows of two aliases; NULL is itself."""
    pairs = zip(values(name, type_, one), values(name, type_, other), strict=True)
    return all_of(*(is_same(a, b) for a, b in pairs))


def differs(name: str, type_: str, one: str, other: str) -> Sql:
    """Whether it is another one."""
    pairs = zip(values(name, type_, one), values(name, type_, other), strict=True)
    return any_of(*(is_other(a, b) for a, b in pairs))


def descending(name: str, type_: str) -> list[Sql]:
    """The order that a column gives to rows, in which only rows with the same value are equal."""
    return [sql("{v} DESC NULLS LAST", v=value) for value in _sorted(name, type_, None)]


def ascending(name: str, type_: str, alias: str | None = None) -> list[Sql]:
    """The other way round; NULL is last too."""
    return [sql("{v} NULLS LAST", v=value) for value in _sorted(name, type_, alias)]


def _sorted(name: str, type_: str, alias: str | None) -> list[Sql]:
    found = [column(name, alias)]
    if type_ == "VARCHAR":
        found = values(name, type_, alias)
    if "INTERVAL" in type_:
        found.append(_text(column(name, alias)))
    return found


def values(name: str, type_: str, alias: str | None = None) -> list[Sql]:
    """What to compare in place of a column."""
    value = column(name, alias)
    if type_ == "VARCHAR":
        return [sql("{value} COLLATE C", value=value)]
    if type_ == "INTERVAL":
        return [_text(value)]
    if "INTERVAL" in type_:
        return [value, _text(value)]
    return [value]


def in_sets(name: str, type_: str) -> Sql:
    """A column as EXCEPT has to see it; COLLATE does not reach into set operations."""
    match type_:
        case "VARCHAR":
            return named(sql("encode({value})", value=column(name)), name)
        case "INTERVAL":
            return named(_text(column(name)), name)
        case _:
            return column(name)


def out_of_sets(name: str, type_: str) -> Sql:
    """The column again."""
    match type_:
        case "VARCHAR":
            return named(sql("decode({value})", value=column(name)), name)
        case "INTERVAL":
            return named(cast(column(name), "INTERVAL"), name)
        case _:
            return column(name)


def _text(value: Sql) -> Sql:
    return cast(value, "TEXT")
