"""The query of a SQL test, which has names that are filled in: `@table_name`, `@column_name`."""

from __future__ import annotations

from msgspec.structs import replace

from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.names import identifier
from t4t_core.sql.query import Query
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import rows_of
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, subquery

TABLE, COLUMN = "table_name", "column_name"

# What stands for the names until they are known; nobody calls a table so.
STAND_IN = {TABLE: "t4t:table_name", COLUMN: "t4t:column_name"}
TABLE_REF = TableRef("", "", STAND_IN[TABLE])


def names_in(query: Query) -> frozenset[str]:
    """Which of `table_name` and `column_name` a test's query mentions."""
    found = {slot.ref.name for slot in query.slots}
    return frozenset(
        name for name, stand_in in STAND_IN.items() if stand_in in found or name in found
    )


def with_names(fill: Fill, table: StandIn, name: str, column: str | None) -> Fill:
    """What is put into a test's places, with the table and the column where their names stand.

    Args:
        fill: What is put into the others.
        table: What is read for `@table_name`.
        name: What the table's columns are qualified by.
        column: The column; None where the test names none.
    """
    words = {**fill.words, STAND_IN[TABLE]: identifier(name)}
    if column is not None:
        words[STAND_IN[COLUMN]] = identifier(column)
    others = fill.table
    return replace(fill, words=words, table=lambda ref: table if ref == TABLE_REF else others(ref))


def untrue(query: QueryText) -> QueryText:
    """The query for the rows whose first column is not TRUE.

    The public t4t's tests of functions, in `tests/functions/`, say TRUE where all is well.
    """
    told = subquery(query.sql, Sql("q(test_passed)"))
    return QueryText(rows_of(told, Sql("NOT (q.test_passed IS TRUE)")))
