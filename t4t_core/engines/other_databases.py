"""Attaching other databases to a warehouse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_file import patiently
from t4t_core.errors import UsageError
from t4t_core.names import quoted, quoted_text
from t4t_core.other_database import OtherDatabase

# DuckDB's words where one is missing.
_EXTENSION = re.compile(
    r'Failed to (?:download|install local) extension "(?P<asked>\w+)"'
    r'|/(?P<held>\w+)\.duckdb_extension" not found'
)


def attach(
    warehouse: Warehouse,
    others: Sequence[OtherDatabase],
    lock_timeout_s: float,
    *,
    is_reading: bool = False,
) -> None:
    """Makes other databases readable by their names, until the warehouse is closed.

    What is attached already, by another connection of this process, is left as it is: DuckDB
    attaches a database to all connections to a file.

    Args:
        warehouse: Without an open transaction.
        others: Those of `project.toml`.
        lock_timeout_s: How long to wait for another process that writes one.
        is_reading: The warehouse is open for reading, so these are too.

    Raises:
        LockedError: Another process held one all that time.
        UsageError: A file is missing, cannot be opened, or is attached by another name.
    """
    for other in others:
        if _is_there(warehouse, other):
            continue
        if other.file is not None and not other.file.is_file():
            raise UsageError(
                f"the database {other.name} is not there: {other.file}",
                place=other.place,
                hint="make it first, or correct its path",
            )
        attaching = partial(
            warehouse.connection.execute, _statement(other, other.is_read_only or is_reading)
        )
        try:
            patiently(attaching, other.file or Path(other.name), lock_timeout_s)
        except UsageError as error:
            if other.kind == "duckdb":
                raise error.located(place=other.place) from error
            # DuckDB's own error may hold a password.
            raise _told(error, other) from None


def _told(error: UsageError, other: OtherDatabase) -> UsageError:
    """The error in words of what was to be attached, without how it was to be reached."""
    missing = _EXTENSION.search(error.what)
    if missing is not None:
        name = missing["asked"] or missing["held"]
        return UsageError(
            f"the database {other.name} cannot be attached: DuckDB reads {other.kind} by its "
            f"extension {name}, which is not installed and cannot be downloaded",
            place=other.place,
            hint=f"install it where there is a network (INSTALL {name}), or from its file "
            f"(INSTALL '.../{name}.duckdb_extension')",
        )
    source = f"the path under [attach.{other.name}]"
    return UsageError(
        f"the database {other.name} cannot be attached: {error.what.replace(other.source, source)}",
        place=other.place,
        hint=f"look whether the path says how {other.kind} is reached, and whether it can be",
    )


def _is_there(warehouse: Warehouse, other: OtherDatabase) -> bool:
    """Whether it is attached.

    Raises:
        UsageError: Another database has its name.
    """
    found = warehouse.row(
        "SELECT path FROM duckdb_databases() WHERE lower(database_name) = lower(?)", (other.name,)
    )
    if found is None:
        return False
    path = None if found[0] is None else Path(str(found[0])).resolve()
    if other.file is not None and path != other.file.resolve():
        raise UsageError(
            f"the database {other.name} cannot be attached: {path or 'another one'} has this name",
            place=other.place,
            hint="give it another name under [attach]",
        )
    return True


def _statement(other: OtherDatabase, is_read_only: bool) -> str:
    # Said of a DuckDB file too: see `t4t_core.engines.duckdb_file`.
    options = f"TYPE {other.kind}{', READ_ONLY' if is_read_only else ''}"
    return f"ATTACH {quoted_text(other.source)} AS {quoted(other.name)} ({options})"
