"""Names in SQL, quoted where DuckDB needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from t4t_core.names import TableName
from t4t_core.sql.text import Sql, listed, sql

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


def identifier(name: str) -> Sql:
    """The name, in quotes where it is a keyword or no plain word."""
    is_plain = _PLAIN.fullmatch(name) is not None and name.lower() not in _KEYWORDS
    return Sql(name if is_plain else '"' + name.replace('"', '""') + '"')


def identifiers(names: Iterable[str]) -> Sql:
    """The names with commas between them."""
    return listed(identifier(name) for name in names)


def column(name: str, table: str | None = None) -> Sql:
    """A column, of the table with this alias where one is given."""
    return identifier(name) if table is None else Sql(f"{identifier(table)}.{identifier(name)}")


def columns(names: Iterable[str], table: str | None = None) -> Sql:
    """The columns with commas between them."""
    return listed(column(name, table) for name in names)


def equal(name: str, one: str, other: str) -> Sql:
    """Whether a column of two aliases is equal, and not NULL."""
    return sql("{a} = {b}", a=column(name, one), b=column(name, other))


def dotted(*parts: str) -> Sql:
    """A name of several parts, of which those that are empty are left out."""
    return Sql(".".join(identifier(part) for part in parts if part))


def named(value: Sql, name: str) -> Sql:
    """`value AS name`, of a column or of what stands in FROM."""
    return Sql(f"{value} AS {identifier(name)}")


def type_name(text: str) -> Sql:
    """A type, as DuckDB writes it."""
    return Sql(text)


def cast(value: Sql, type_: str) -> Sql:
    """`CAST(value AS type)`."""
    return sql("CAST({value} AS {type})", value=value, type=type_name(type_))


def try_cast(value: Sql, type_: str) -> Sql:
    """`TRY_CAST(value AS type)`."""
    return sql("TRY_CAST({value} AS {type})", value=value, type=type_name(type_))


def table(name: TableName, catalog: str | None = None) -> Sql:
    """A table.

    Args:
        name: Schema and name.
        catalog: The database's catalog. It is written only where the schema has its name too:
            DuckDB then refuses `a.b` as ambiguous.
    """
    if catalog is not None and name.schema.lower() == catalog.lower():
        return table_in(catalog, name)
    return dotted(name.schema, name.name)


def table_in(catalog: str, name: TableName) -> Sql:
    """A table of a database, which may be another one."""
    return dotted(catalog, name.schema, name.name)
