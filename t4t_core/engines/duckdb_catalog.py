"""What DuckDB's catalog says of a name: the table or view that it is, and its indexes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal, Protocol, cast

import duckdb

from t4t_core.engines.duckdb_errors import database_error
from t4t_core.names import TableName, is_plain
from t4t_core.planning.facts import Column, Index, Target

log = logging.getLogger("t4t_core.engines")


class Connection(Protocol):
    """An open connection to a database."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection: ...

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]: ...


def target_of(
    name: TableName, where: Connection, catalog: str, *, with_columns: bool
) -> Target | None:
    """The table or view of a name in the connection's own database, or None.

    Args:
        name: The name.
        where: The connection.
        catalog: What its database is called.
        with_columns: Read its columns too.

    Raises:
        DatabaseError: It cannot be looked up.
    """
    if not name.is_plain or not is_plain(catalog):
        return _listed(name, where, with_columns)
    # The catalog's lists take milliseconds where there are many tables.
    try:
        found = where.connection.table(f"{catalog}.{name.schema}.{name.name}")
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.IOException) as error:
        # There is no such table; DuckDB 1.4 says so of a view too, and any of a view whose
        # source is gone. The transaction goes on: nothing was run in it.
        log.debug("%s: %s", name, error)
    except duckdb.Error as error:
        raise database_error(error, str(name)) from error
    else:
        kind: Literal["table", "view"] = "view"
        if found.type == "TABLE_RELATION":
            kind = "table"
        types = zip(found.columns, found.types, strict=True) if with_columns else ()
        return Target(kind, tuple(Column(column, str(type_)) for column, type_ in types))
    is_view = where.rows(
        "SELECT 1 FROM duckdb_views() WHERE database_name = current_database() "
        "AND lower(schema_name) = lower(?) AND lower(view_name) = lower(?)",
        name.parts,
    )
    if not is_view:
        return None
    return Target("view", _listed_columns(name, where) if with_columns else ())


def has_table(name: str, where: Connection) -> bool:
    """Whether there is a table, maybe in another attached database.

    The catalog's lists of a database that was just opened take tens of milliseconds where it has
    many tables.

    Args:
        name: The catalog, schema and name, joined by dots; all of them plain names.
        where: The connection.

    Raises:
        DatabaseError: It cannot be read.
    """
    try:
        where.connection.table(name)
    except duckdb.CatalogException:
        return False
    except duckdb.Error as error:
        raise database_error(error, name) from error
    return True


def indexes_of(name: TableName, where: Connection) -> tuple[Index, ...]:
    """The indexes of a table; those behind its keys and UNIQUE constraints are none."""
    # Few databases have any, and to plan a condition takes longer than to look for that.
    if not where.rows("SELECT sql FROM duckdb_indexes()"):
        return ()
    found = where.rows(
        "SELECT index_name, sql FROM duckdb_indexes() WHERE database_name = current_database() "
        "AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) AND sql IS NOT NULL "
        "ORDER BY index_name",
        name.parts,
    )
    return tuple(Index(str(index), str(sql)) for index, sql in found)


def _listed(name: TableName, where: Connection, with_columns: bool) -> Target | None:
    found = where.rows(
        "SELECT table_type FROM (SELECT 'table' AS table_type, schema_name, table_name, "
        "database_name FROM duckdb_tables() UNION ALL "
        "SELECT 'view', schema_name, view_name, database_name FROM duckdb_views()) "
        "WHERE lower(schema_name) = lower(?) AND lower(table_name) = lower(?) "
        "AND database_name = current_database()",
        name.parts,
    )
    if not found:
        return None
    columns = _listed_columns(name, where) if with_columns else ()
    return Target(cast('Literal["table", "view"]', found[0][0]), columns)


def _listed_columns(name: TableName, where: Connection) -> tuple[Column, ...]:
    return tuple(
        Column(str(row[0]), str(row[1]))
        for row in where.rows(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() AND lower(schema_name) = lower(?) "
            "AND lower(table_name) = lower(?) ORDER BY column_index",
            name.parts,
        )
    )
