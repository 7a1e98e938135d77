"""What a database may use of the machine."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import UsageError
from t4t_core.names import quoted, quoted_text


def limit(warehouse: Warehouse, limits: Mapping[str, str | int | bool]) -> None:
    """Sets limits for all connections of this process to the database.

    Args:
        warehouse: Open.
        limits: Values by DuckDB's names of its settings.

    Raises:
        UsageError: DuckDB does not take a value.
    """
    for name, value in limits.items():
        # DuckDB (1.4 to 2.0) takes no folder, not even the same one, once it has spilled to one.
        if _held(warehouse, name) == value:
            continue
        try:
            warehouse.connection.execute(f"SET GLOBAL {quoted(name)} = {quoted_text(str(value))}")
        except duckdb.Error as error:
            raise UsageError(
                f"[connection.limits] {name}: {str(error).splitlines()[0]}",
                hint='write it as DuckDB does: memory_limit = "4GB", threads = 2',
            ) from error


def _held(warehouse: Warehouse, name: str) -> object:
    return warehouse.connection.execute("SELECT current_setting(?)", [name]).fetchall()[0][0]
