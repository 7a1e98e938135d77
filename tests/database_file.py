"""The rows that statements give on a DuckDB file, as if somebody else had run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

Rows = list[tuple[Any, ...]]

# One for all: starting another one takes ten times as long as attaching a file to this one.
_INSTANCE: Final = duckdb.connect()


def rows_from(file: Path, *statements: str) -> Rows:
    """Runs statements on a file, which is made where there is none; gives the rows of the last.

    The statements share a session of their own, and the file is closed again.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    name = '"' + file.stem.replace('"', '""') + '"'
    path = str(file).replace("'", "''")
    try:
        _INSTANCE.execute(f"ATTACH '{path}' AS {name} (TYPE duckdb)")
    except duckdb.Error:
        # The test itself has it open, which is shared with connections and not with databases.
        with duckdb.connect(str(file)) as connection:
            return _run(connection, statements)
    try:
        with _INSTANCE.cursor() as session:
            session.execute(f"USE {name}")
            return _run(session, statements)
    finally:
        _INSTANCE.execute(f"DETACH {name}")


def _run(connection: duckdb.DuckDBPyConnection, statements: tuple[str, ...]) -> Rows:
    for statement in statements:
        connection.execute(statement)
    return connection.fetchall() if connection.description else []
