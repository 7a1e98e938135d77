"""`relationships`: each value stands in a column of another table."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in, rows_of
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, all_of, negated, sql, subquery


class Relationships(Struct, frozen=True, tag=True):
    """The rule: which columns are those of which other table."""

    columns: tuple[str, ...]
    to: TableRef
    other_columns: tuple[str, ...]


def orphans(rule: Relationships, subject: Subject) -> Sql:
    """The rows whose values the other table does not hold.

    A row with a NULL in one of the columns refers to nothing and is none of them.
    """
    pairs = zip(rule.columns, rule.other_columns, strict=True)
    matches = (
        sql("{other} = {own}", other=column(other, "parent"), own=column(own, "child"))
        for own, other in pairs
    )
    # In subqueries: `where` qualifies columns by the table's own name, and an ephemeral model has
    # a name already.
    return sql(
        "SELECT *\nFROM {child}\nWHERE {is_held} AND NOT EXISTS (\n"
        "SELECT 1\nFROM {parent}\nWHERE {is_found}\n)",
        child=subquery(subject.rows(), Sql("child")),
        is_held=negated(is_null_in(rule.columns, "child")),
        parent=subquery(rows_of(subject.other(rule.to)), Sql("parent")),
        is_found=all_of(*matches),
    )
