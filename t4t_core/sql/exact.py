"""Comparison by what values are, where DuckDB takes different ones for equal.

Text under a collation, `VARCHAR COLLATE NOCASE`, equals text in other letters, and DuckDB's catalog
does not say which columns have one; without one, `COLLATE C` changes and costs nothing. An interval
of 1 month equals one of 30 days. (0.0 and -0.0 are taken for one value.)
"""

from __future__ import annotations

from sqlglot import exp

from t4t_core.sql.names import column, identifier


def is_coarse(type_: str) -> bool:
    """Whether values of a type can be equal and yet not the same."""
    return type_ == "VARCHAR" or "INTERVAL" in type_


def same(name: str, type_: str, one: str, other: str) -> exp.Expr:
    """Whether a column's value is the same in the rows of two aliases; NULL is itself."""
    pairs = zip(values(name, type_, one), values(name, type_, other), strict=True)
    return exp.and_(*(exp.NullSafeEQ(this=a, expression=b) for a, b in pairs), copy=False)


def differs(name: str, type_: str, one: str, other: str) -> exp.Expr:
    """Whether it is another one."""
    pairs = zip(values(name, type_, one), values(name, type_, other), strict=True)
    return exp.or_(*(exp.NullSafeNEQ(this=a, expression=b) for a, b in pairs), copy=False)


def descending(name: str, type_: str) -> list[exp.Expr]:
    """The order that a column gives to rows, in which only rows with the same value are equal."""
    return [exp.Ordered(this=v, desc=True, nulls_first=False) for v in _sorted(name, type_, None)]


def ascending(name: str, type_: str, alias: str | None = None) -> list[exp.Expr]:
    """The other way round; NULL is last too."""
    return [exp.Ordered(this=v, nulls_first=False) for v in _sorted(name, type_, alias)]


def _sorted(name: str, type_: str, alias: str | None) -> list[exp.Expr]:
    found: list[exp.Expr] = [column(name, alias)]
    if type_ == "VARCHAR":
        found = values(name, type_, alias)
    if "INTERVAL" in type_:
        found.append(_text(column(name, alias)))
    return found


def values(name: str, type_: str, alias: str | None = None) -> list[exp.Expr]:
    """What to compare in place of a column."""
    value = column(name, alias)
    if type_ == "VARCHAR":
        return [exp.Collate(this=value, expression=exp.Var(this="C"))]
    if type_ == "INTERVAL":
        return [_text(value)]
    if "INTERVAL" in type_:
        return [value, _text(column(name, alias))]
    return [value]


def in_sets(name: str, type_: str) -> exp.Expr:
    """A column as EXCEPT has to see it; COLLATE does not reach into set operations."""
    match type_:
        case "VARCHAR":
            return exp.alias_(
                exp.Anonymous(this="encode", expressions=[column(name)]), identifier(name)
            )
        case "INTERVAL":
            return exp.alias_(_text(column(name)), identifier(name))
        case _:
            return column(name)


def out_of_sets(name: str, type_: str) -> exp.Expr:
    """The column again."""
    match type_:
        case "VARCHAR":
            return exp.alias_(
                exp.Anonymous(this="decode", expressions=[column(name)]), identifier(name)
            )
        case "INTERVAL":
            value = exp.Cast(this=column(name), to=exp.DataType(this=exp.DataType.Type.INTERVAL))
            return exp.alias_(value, identifier(name))
        case _:
            return column(name)


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT))
