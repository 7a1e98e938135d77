"""Names in SQL, quoted where DuckDB needs it."""

from __future__ import annotations

import re
from functools import cache

from sqlglot import Dialect, exp

from t4t_core.names import TableName

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# duckdb_keywords() of DuckDB 2.0, every category but 'unreserved'.
_KEYWORDS = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization between
    bigint binary bit boolean both by case cast char character check coalesce collate collation
    column columns concurrently constraint create cross dec decimal default deferrable desc
    describe distinct do else end except exists extract false fetch float for foreign freeze
    from full generated glob group grouping grouping_id having ilike in initially inner inout
    int integer intersect interval into is isnull join lambda lateral leading left like limit
    map national natural nchar none not notnull null nullif numeric offset on only or order out
    outer overlaps overlay pivot pivot_longer pivot_wider placing position positional precision
    primary qualify real references returning right row select semi setof show similar smallint
    some struct substring summarize symmetric table tablesample then time timestamp to trailing
    treat trim true try_cast tuple union unique unpack unpivot using values varchar variadic
    verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905  a list of 160 strings would fill four screens
)


def identifier(name: str) -> exp.Identifier:
    """The name, in quotes where it is a keyword or no plain word."""
    is_plain = _PLAIN.fullmatch(name) is not None and name.lower() not in _KEYWORDS
    return exp.to_identifier(name, quoted=not is_plain)


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, of the table with this alias where one is given."""
    return exp.column(identifier(name), table=table, copy=False)


def table(name: TableName, catalog: str | None = None) -> exp.Table:
    """A table.

    Args:
        name: Schema and name.
        catalog: The database's catalog. It is written only where the schema has its name too:
            DuckDB then refuses `a.b` as ambiguous.
    """
    found = exp.Table(this=identifier(name.name), db=identifier(name.schema))
    if catalog is not None and name.schema.lower() == catalog.lower():
        found.set("catalog", identifier(catalog))
    return found


def table_in(catalog: str, name: TableName) -> exp.Table:
    """A table of a database, which may be another one."""
    return exp.Table(
        this=identifier(name.name), db=identifier(name.schema), catalog=identifier(catalog)
    )


@cache
def duckdb_dialect() -> Dialect:
    """DuckDB's dialect; to look it up by name makes a new one for each statement."""
    return Dialect.get_or_raise("duckdb")


def rendered(tree: exp.Expr) -> str:
    """The statement's text for DuckDB, one clause a line, without the model's comments.

    A metadata comment would otherwise stand in every statement. The tree is used up: writing it may
    change it.
    """
    return duckdb_dialect().generate(tree, pretty=True, comments=False, copy=False)
