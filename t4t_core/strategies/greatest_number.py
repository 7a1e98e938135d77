"""The greatest number that a table's rows were ever given.

It is remembered beside the ledger, since its row may be gone when the next number is given.
"""

from __future__ import annotations

from t4t_core.names import OWN_SCHEMA, TableName
from t4t_core.planning.steps import Write
from t4t_core.sql.literals import text_literal
from t4t_core.sql.names import column, table
from t4t_core.sql.text import Sql, sql, subquery

_MEMORY = table(TableName(OWN_SCHEMA, "numbers"))


def make_memory() -> Write:
    """The table in which it is remembered, where it is not there yet."""
    return Write(
        sql(
            "CREATE TABLE IF NOT EXISTS {memory} "
            "(model_name VARCHAR PRIMARY KEY, greatest HUGEINT)",
            memory=_MEMORY,
        )
    )


def note_greatest(name: TableName, table: Sql, number: str) -> Write:
    """Remembers the greatest number in a table, where it is a greater one."""
    return Write(
        sql(
            "INSERT OR REPLACE INTO {memory}\n"
            "SELECT {key}, max({number})\nFROM {table}\nHAVING max({number}) > {remembered}",
            memory=_MEMORY,
            key=_key(name),
            number=column(number),
            table=table,
            remembered=greatest_remembered(name),
        )
    )


def greatest_given(name: TableName, table: Sql, number: str) -> Sql:
    """The greatest number that was given to a table that is there, 0 for none."""
    both = sql(
        "{remembered}\nUNION ALL\nSELECT {number}\nFROM {table}",
        remembered=_remembered(name),
        number=column(number),
        table=table,
    )
    return _or_zero(sql("SELECT max(greatest)\nFROM {given}", given=subquery(both, Sql("given"))))


def greatest_remembered(name: TableName) -> Sql:
    """The greatest number that was noted, 0 for none; of a table that may be gone."""
    return _or_zero(_remembered(name))


def _remembered(name: TableName) -> Sql:
    return sql(
        "SELECT greatest\nFROM {memory}\nWHERE model_name = {key}", memory=_MEMORY, key=_key(name)
    )


def _or_zero(found: Sql) -> Sql:
    return sql("coalesce({found}, 0)", found=subquery(found))


def _key(name: TableName) -> Sql:
    return text_literal(str(name).lower())
