"""What a check looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from t4t_core.names import TableName
from t4t_core.sql.tables import TableRef


@dataclass(frozen=True, slots=True)
class Subject:
    """The table that a check looks at, and what it needs to look at it.

    Attributes:
        name: The table's name, for columns that are qualified by it.
        table: What stands in FROM: the table, or the query of an ephemeral model. Copy it.
        where: The rows that the check is about, or None for all of them. Copy it.
        types: DuckDB's type of each column, by the column's name in lower case; only of checks
            that depend on them.
        now: The moment of the run; it has a zone.
        other: Gives what to read for another table that the check names.
    """

    name: TableName
    table: exp.Expr
    where: exp.Expr | None
    types: Mapping[str, str]
    now: datetime
    other: Callable[[TableRef], exp.Expr]

    def select(self, *columns: exp.Expr) -> exp.Select:
        """A query for columns of the rows; for all columns where none are given."""
        query = exp.Select(expressions=list(columns or (exp.Star(),)))
        query = query.from_(self.table.copy(), copy=False)
        if self.where is None:
            return query
        return query.where(exp.paren(self.where, copy=True), copy=False)


def counted(name: str = "row_count") -> exp.Expr:
    """`count(*) AS name`."""
    return exp.alias_(exp.Count(this=exp.Star()), name, copy=False)
