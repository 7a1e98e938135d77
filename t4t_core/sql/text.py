"""SQL as text that is made of nothing but SQL.

A statement is a fixed template with names, literals and other SQL in its gaps. What goes into a
gap is `Sql`, and only `identifier`, `literal` and their kin make that of a name or a value, so that
no text of a user's becomes SQL by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import LiteralString, NewType

Sql = NewType("Sql", str)

EMPTY = Sql("")
NULL = Sql("NULL")
TRUE = Sql("TRUE")
FALSE = Sql("FALSE")

_JOINED = re.compile(r"\b(and|or)\b", re.IGNORECASE)


def sql(template: LiteralString, /, **parts: Sql) -> Sql:
    """The template with SQL in its gaps, `{name}`; a brace of SQL's own is written twice."""
    return Sql(template.format_map(parts))


def listed(parts: Iterable[Sql]) -> Sql:
    """The parts with commas between them."""
    return Sql(", ".join(parts))


def all_of(*conditions: Sql) -> Sql:
    """Whether every one of the conditions holds; there is at least one."""
    return _joined(" AND ", conditions)


def any_of(*conditions: Sql) -> Sql:
    """Whether one of the conditions holds; there is at least one."""
    return _joined(" OR ", conditions)


def negated(condition: Sql) -> Sql:
    """Whether the condition does not hold."""
    return Sql(f"NOT ({condition})")


def is_same(one: Sql, other: Sql) -> Sql:
    """Whether two values are equal; NULL is itself."""
    return Sql(f"{one} IS NOT DISTINCT FROM {other}")


def is_other(one: Sql, other: Sql) -> Sql:
    """Whether they are not."""
    return Sql(f"{one} IS DISTINCT FROM {other}")


def chosen(condition: Sql, value: Sql, otherwise: Sql) -> Sql:
    """The value where the condition is true, and else the other one."""
    return Sql(f"CASE WHEN {condition} THEN {value} ELSE {otherwise} END")


def in_parentheses(part: Sql) -> Sql:
    """The same as one operand: what a user wrote may bind less than what stands beside it."""
    return Sql(f"({part})")


def subquery(query: Sql, alias: Sql | None = None) -> Sql:
    """The query in parentheses, for use in FROM; a comment or text in it keeps its lines."""
    return Sql(f"(\n{query}\n)" if alias is None else f"(\n{query}\n) AS {alias}")


def union_all(queries: Iterable[Sql]) -> Sql:
    """The rows of all the queries, of which there is at least one."""
    return Sql("\nUNION ALL\n".join(queries))


def operand(condition: Sql) -> Sql:
    """A condition of ours for use beside AND and OR."""
    # Without one of these words in it nothing binds less than they do.
    return in_parentheses(condition) if _JOINED.search(condition) else condition


def _joined(word: str, conditions: tuple[Sql, ...]) -> Sql:
    assert conditions, "of no conditions nothing can be said"
    if len(conditions) == 1:
        return conditions[0]
    return Sql(word.join(operand(condition) for condition in conditions))
