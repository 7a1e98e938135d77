"""Where in a query's text an error lies that the database told of."""

from __future__ import annotations

import re

from sqlglot import Token

from t4t_core.parsing.fingerprint import CASED
from t4t_core.parsing.placeholders import position, tokens_of
from t4t_core.sql.query import Query

# How DuckDB names what it does not find or cannot convert.
_NAMED = re.compile(r'"([^"]+)"|with name (\S+) does not exist|source column (\w+)')


def error_place(
    query: Query, message: str, sql: str, offset: int | None
) -> tuple[int | None, int | None]:
    """The line and column that an error about a statement made from this query speaks of.

    Both are None where that is not certain: no place is better than a wrong one.

    Args:
        query: The query.
        message: The error's words.
        sql: The statement.
        offset: Where in the statement the database saw the error.
    """
    written = tokens_of(query.text, query.dialect)
    ran = tokens_of(sql, "duckdb")
    at_fault = next((t for t in ran if offset is not None and t.start <= offset <= t.end), None)
    if at_fault is not None:
        alike = _alike(at_fault.text, written)
        alike_in_sql = _alike(at_fault.text, ran)
        starts = [token.start for token in alike_in_sql]
        if len(alike) == len(alike_in_sql) and at_fault.start in starts:
            return position(query.text, alike[starts.index(at_fault.start)].start)
    named = _NAMED.search(message.partition("Candidate")[0])
    if named is not None:
        alike = _alike(next(filter(None, named.groups())).rpartition(".")[2], written)
        if len(alike) == 1:
            return position(query.text, alike[0].start)
    return None, None


def _alike(name: str, tokens: list[Token]) -> list[Token]:
    return [t for t in tokens if t.text.lower() == name.lower() and t.token_type not in CASED]
