"""The MERGE of the SQL standard, for models that ask for it."""

from __future__ import annotations

from t4t_core.planning.steps import Count, Step, Tally, Write
from t4t_core.sql.names import column, columns, identifiers
from t4t_core.sql.statements import assignments
from t4t_core.sql.text import Sql, operand, sql
from t4t_core.strategies.matching import Matching


def merge_statement(matching: Matching, note: str) -> tuple[Step, ...]:
    """MERGE INTO the table, from the stage."""
    work = matching.work
    is_replaced = matching.is_to_replace("target", "source")
    is_one_key = matching.is_one_key("target", "source")
    updated = sql(
        "SELECT count(*)\n"
        "FROM {table} AS target\n"
        "JOIN {stage} AS source ON {is_one_key}\n"
        "WHERE {is_replaced}",
        table=work.table,
        stage=work.stage,
        is_one_key=is_one_key,
        is_replaced=is_replaced,
    )
    when_matched = Sql("")
    if matching.updated:
        when_matched = sql(
            "WHEN MATCHED AND {is_replaced} THEN UPDATE SET {values}\n",
            is_replaced=operand(is_replaced),
            values=assignments({c.name: column(c.name, "source") for c in matching.updated}),
        )
    merge = sql(
        "MERGE INTO {table} AS target\n"
        "USING {stage} AS source ON {is_one_key}\n"
        "{when_matched}WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})",
        table=work.table,
        stage=work.stage,
        is_one_key=is_one_key,
        when_matched=when_matched,
        names=identifiers(work.written_names),
        values=columns(work.written_names, "source"),
    )
    return (
        Count(updated, Tally.UPDATED),
        Write(merge, Tally.MERGED, note),
    )
