"""Functions in a DuckDB database: which are there, and Python functions to add."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable

import duckdb

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import RunError
from t4t_core.names import TableName
from t4t_core.sql_functions.function import PythonFunction

# DuckDB (1.4 to 2.0) keeps a Python function alive only with the connection that registered it,
# but every connection to the file may call it, and would then call into freed memory.
_KEPT_ALIVE: dict[str, Callable[..., object]] = {}

_KINDS = {"macro": "SCALAR", "table_macro": "TABLE"}

log = logging.getLogger("t4t_core.engines")


def macro_kinds(warehouse: Warehouse, name: TableName) -> set[str]:
    """`SCALAR`, `TABLE` or both, for the SQL functions of a name in this database."""
    rows = warehouse.rows(
        "SELECT DISTINCT function_type FROM duckdb_functions() "
        "WHERE database_name = current_database() AND lower(schema_name) = lower(?) "
        "AND lower(function_name) = lower(?)",
        name.parts,
    )
    return {_KINDS[str(row[0])] for row in rows if row[0] in _KINDS}


def macros_of_others(warehouse: Warehouse) -> set[tuple[str, str]]:
    """Schema and name, in lower case, of the SQL functions that are not DuckDB's own.

    It takes tens of milliseconds.
    """
    rows = warehouse.rows(
        "SELECT DISTINCT lower(schema_name), lower(function_name) FROM duckdb_functions() "
        "WHERE NOT internal"
    )
    return {(str(schema), str(name)) for schema, name in rows}


def register(warehouse: Warehouse, name: str, function: PythonFunction) -> None:
    """Makes a Python function callable in SQL, until the last connection is closed.

    Raises:
        RunError: DuckDB does not take it.
    """
    called = _KEPT_ALIVE.setdefault(name, _called(function))
    try:
        warehouse.connection.create_function(  # type: ignore[call-overload]  # the enum that the stubs want has another module in DuckDB 1.4
            name,
            called,
            list(function.parameters),
            function.returns,
            null_handling="special",
            side_effects=not function.is_deterministic,
        )
    except (duckdb.CatalogException, duckdb.NotImplementedException) as error:
        # Another connection of this process, or this one before, has registered it.
        log.debug("%s: %s", name, error)
    except duckdb.Error as error:
        raise RunError(str(error).splitlines()[0]) from error


def _called(function: PythonFunction) -> Callable[..., object]:
    """The function as DuckDB calls it: a NULL argument makes the result NULL, unless it takes them.

    DuckDB's own handling of NULL refuses a function that returns None.
    """
    own = function.function
    if function.takes_nulls:
        return own

    @functools.wraps(own)
    def called(*arguments: object) -> object:
        return None if any(value is None for value in arguments) else own(*arguments)

    return called
