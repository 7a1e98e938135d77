"""Statements about indexes, made from DuckDB's own text of them.

DuckDB writes `CREATE INDEX name ON schema.table(...);`, without the catalog, which would be
ambiguous where the schema has its name.
"""

from __future__ import annotations

from sqlglot import TokenType, exp
from sqlglot.errors import ParseError

from t4t_core.names import TableName
from t4t_core.parsing.placeholders import tokens_of
from t4t_core.parsing.trees import trees_of
from t4t_core.sql.names import table
from t4t_core.sql.text import Sql


def create_index(sql: str, name: TableName, catalog: str) -> Sql:
    """`CREATE INDEX IF NOT EXISTS ...` on a table, the rest as DuckDB has it.

    Args:
        sql: What `duckdb_indexes()` says.
        name: The table.
        catalog: The database's catalog.
    """
    tokens = tokens_of(sql, "duckdb")
    at = next(i for i, token in enumerate(tokens) if token.token_type is TokenType.INDEX)
    on = next(i for i, token in enumerate(tokens) if token.token_type is TokenType.ON)
    after = on + 1
    while tokens[after + 1].token_type is TokenType.DOT:
        after += 2
    before = sql[: tokens[at].end + 1]
    index = sql[tokens[at].end + 1 : tokens[on].end + 1]
    end = next(
        (token.start for token in tokens if token.token_type is TokenType.SEMICOLON), len(sql)
    )
    rest = sql[tokens[after].end + 1 : end]
    return Sql(f"{before} IF NOT EXISTS{index} {table(name, catalog)}{rest}")


def index_columns(sql: str) -> set[str]:
    """The columns that an index is made of, in lower case; none where its text cannot be read."""
    try:
        parsed = trees_of(sql, tokens_of(sql, "duckdb"), "duckdb")
    except ParseError:
        return set()
    return {
        column.name.lower()
        for tree in parsed
        if tree is not None
        for column in tree.find_all(exp.Column)
    }
