"""What statements leave on a connection, and undoing it: settings, variables, temporary tables."""

from __future__ import annotations

import logging

import duckdb
from msgspec import Struct

from t4t_core.names import quoted, quoted_text

# USE sets both, and `schema` says less.
_SETTINGS = "SELECT name, value FROM duckdb_settings() WHERE name <> 'schema'"
_VARIABLES = "SELECT name, value, type FROM duckdb_variables()"
_TEMPORARY = (
    "SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal "
    "UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary"
)

log = logging.getLogger("t4t_core.engines")


class SessionState(Struct, frozen=True):
    """What belongs to a connection and to no database.

    Attributes:
        settings: Name and value, as text.
        variables: Name, value and type.
        temporary: The kind and name of each temporary table and view; what was registered is one.
    """

    settings: frozenset[tuple[str, str]]
    variables: frozenset[tuple[str, str, str]]
    temporary: frozenset[tuple[str, str]]


def session_state(connection: duckdb.DuckDBPyConnection) -> SessionState:
    """What the connection has now."""
    return SessionState(
        frozenset(connection.execute(_SETTINGS).fetchall()),
        frozenset(connection.execute(_VARIABLES).fetchall()),
        frozenset(connection.execute(_TEMPORARY).fetchall()),
    )


def has_other_settings(connection: duckdb.DuckDBPyConnection, before: SessionState) -> bool:
    """Whether a setting is no longer as it was."""
    return bool(_changed_settings(connection, before))


def put_settings_back(connection: duckdb.DuckDBPyConnection, before: SessionState) -> None:
    """Sets what was changed to what it was; a warning tells of what cannot be."""
    # A size is shown rounded, so the default is tried first.
    for name in _changed_settings(connection, before):
        _try(connection, f"RESET {quoted(name)}")
    values = dict(before.settings)
    for name in _changed_settings(connection, before):
        _try(connection, f"SET {quoted(name)} = {quoted_text(values[name])}")


def put_back(connection: duckdb.DuckDBPyConnection, before: SessionState) -> None:
    """Undoes what was set and made since; not functions, which it takes DuckDB long to list.

    Args:
        connection: Without an open transaction.
        before: What it had.
    """
    try:
        put_settings_back(connection, before)
        variables = set(connection.execute(_VARIABLES).fetchall())
        for name, _, _ in variables - before.variables:
            _try(connection, f"RESET VARIABLE {quoted(name)}")
        for name, value, type_ in before.variables - variables:
            _try(connection, f"SET VARIABLE {quoted(name)} = CAST({quoted_text(value)} AS {type_})")
        for kind, name in set(connection.execute(_TEMPORARY).fetchall()) - before.temporary:
            connection.unregister(name)
            _try(connection, f"DROP {kind} IF EXISTS temp.{quoted(name)}")
    except duckdb.Error as error:
        log.warning("what was set on the connection is not undone: %s", error)


def _changed_settings(connection: duckdb.DuckDBPyConnection, before: SessionState) -> list[str]:
    now = set(connection.execute(_SETTINGS).fetchall())
    return sorted(name for name, _ in now - before.settings)


def _try(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        log.warning("%s: %s", statement, error)
