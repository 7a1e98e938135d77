"""What a check looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from t4t_core.names import TableName
from t4t_core.sql.statements import select
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, in_parentheses, operand, sql


class Subject(Struct, frozen=True):
    """The table that a check looks at, and what it needs to look at it.

    Attributes:
        name: The table's name, for columns that are qualified by it.
        table: What stands in FROM: the table, or the query of an ephemeral model under its
            name.
        where: The rows that the check is about, or None for all of them.
        types: DuckDB's type of each column, by the column's name in lower case; only of checks
            that depend on them.
        now: The moment of the run; it has a zone.
        other: Gives what to read for another table that the check names.
    """

    name: TableName
    table: Sql
    where: Sql | None
    types: Mapping[str, str]
    now: datetime
    other: Callable[[TableRef], Sql]

    def rows(self, condition: Sql | None = None) -> Sql:
        """A query for the rows, or for those of them that satisfy a condition."""
        return self.select(Sql("*"), condition)

    def select(self, columns: Sql, condition: Sql | None = None) -> Sql:
        """The same for some columns."""
        if self.where is None:
            return select(columns, self.table, condition)
        where = in_parentheses(self.where)
        if condition is not None:
            where = sql("{where} AND {condition}", where=where, condition=operand(condition))
        return select(columns, self.table, where)
