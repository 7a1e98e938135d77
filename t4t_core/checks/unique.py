"""`unique`: no value, or no row, comes twice."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.names import columns
from t4t_core.sql.statements import is_null_in
from t4t_core.sql.text import Sql, negated, sql


class Unique(Struct, frozen=True, tag=True):
    """`unique`, where it is about columns."""

    columns: tuple[str, ...]


class UniqueRows(Struct, frozen=True, tag=True):
    """`no_duplicates`, and `unique` where it is about whole rows."""


def repeated_values(rule: Unique, subject: Subject) -> Sql:
    """One row for each value that stands in several rows, with their number.

    NULLs of a single column are all different, as in SQL's UNIQUE. In several columns they are
    equal: a key of which one part is missing twice is a key that comes twice.
    """
    values = columns(rule.columns)
    is_held = negated(is_null_in(rule.columns)) if len(rule.columns) == 1 else None
    return sql(
        "{rows}\nGROUP BY {values}\nHAVING count(*) > 1",
        rows=subject.select(sql("{values}, count(*) AS copies", values=values), is_held),
        values=values,
    )


def repeated_rows(subject: Subject) -> Sql:
    """One row for each row that is there several times, with their number; NULLs are equal."""
    rows = subject.select(Sql("*, count(*) AS copies"))
    return sql("{rows}\nGROUP BY ALL\nHAVING count(*) > 1", rows=rows)
