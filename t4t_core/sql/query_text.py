"""A query as DuckDB gets it, and where a condition about its rows goes.

The bound of a window is about the rows that the query gives, so wherever a condition inside could
mean something else, it stands around the query. DuckDB moves such a condition down to the scan by
itself wherever that keeps the rows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from t4t_core.sql.names import column as named_column
from t4t_core.sql.names import identifier
from t4t_core.sql.statements import rows_of
from t4t_core.sql.text import EMPTY, Sql, operand, subquery


class Outermost(Struct, frozen=True):
    """The outermost SELECT of a query, where a condition may join its WHERE.

    Attributes:
        head: The text up to the end of FROM.
        tail: The text after WHERE.
        conditions: What stands in WHERE; each is an operand of AND.
        sources: What WHERE calls the columns that the query gives, by their names in lower case;
            None where it calls every column as the query does.
        scans: The name of the table of which it reads rows and does no more, or None.
    """

    head: Sql
    tail: Sql = EMPTY
    conditions: tuple[Sql, ...] = ()
    sources: Mapping[str, Sql] | None = None
    scans: str | None = None


class QueryText(Struct, frozen=True):
    """One query.

    Attributes:
        sql: The query.
        outermost: None where no condition may join the query's own.
    """

    sql: Sql
    outermost: Outermost | None = None

    @classmethod
    def of_table(cls, table: Sql) -> QueryText:
        """Every row of a table."""
        every = rows_of(table)
        return cls(every, Outermost(every))

    def where(self, column: str, condition: Callable[[Sql], Sql]) -> QueryText:
        """The query for exactly those of the rows that satisfy the condition.

        Args:
            column: The column that the condition is about.
            condition: Makes the condition from the expression that stands for the column.
        """
        source = self.source_of(column)
        if self.outermost is None or source is None:
            around = Outermost(rows_of(self.named("q")))
            return _joined(around, condition(named_column(column, "q")))
        return _joined(self.outermost, condition(source))

    def source_of(self, column: str) -> Sql | None:
        """What WHERE calls a column of the query, or None where conditions stand around it."""
        if self.outermost is None:
            return None
        if self.outermost.sources is None:
            return identifier(column)
        return self.outermost.sources.get(column.lower())

    def named(self, alias: str) -> Sql:
        """The query in parentheses under a name, for use in FROM."""
        return subquery(self.sql, identifier(alias))


def _joined(outermost: Outermost, condition: Sql) -> QueryText:
    conditions = (*outermost.conditions, operand(condition))
    joined = Outermost(outermost.head, outermost.tail, conditions, outermost.sources)
    words = " AND ".join(conditions) if outermost.conditions else condition
    return QueryText(Sql(f"{outermost.head}\nWHERE {words}{outermost.tail}"), joined)
