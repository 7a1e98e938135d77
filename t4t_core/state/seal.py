"""The seal: by which t4t knows that nobody else has written the database since it did.

A session ends with a row that says when the file was last written: a moment that it then gives to
the file. Whoever writes the file afterwards gives it another one. Where both are still the same at
the next opening, the tables that t4t does not make are as they were, and the epoch goes on.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path
from typing import Final, cast

from msgspec import Struct

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.names import quoted_text
from t4t_core.state.ledger_tables import SCHEMA, has_table

# The files beside a database in which DuckDB (1.4 to 2.0) keeps what is not in it yet.
_LOGS: Final = (".wal", ".wal.checkpoint", ".wal.recovery")
# No later write has a moment that is past, nor by chance, after the clock was put back, the same
# fraction of a second. Windows keeps a tenth of a microsecond.
_AGO_NS: Final = 2_000_000_000
_TICK_NS: Final = 100
_TICKS: Final = 10_000_000

log = logging.getLogger("t4t_core.state")


class Epoch(Struct, frozen=True):
    """A time in which only t4t has written a database.

    Attributes:
        name: It is like that of no other.
        written_ns: When the file was last written, at the start of the session; None where the log
            beside it has something.
    """

    name: str
    written_ns: int | None


def epoch_of(warehouse: Warehouse, file: Path) -> Epoch | None:
    """The epoch that goes on, or a new one where somebody may have written the database.

    None where it cannot be known who writes: this process has the database open elsewhere, or
    DuckDB (before 2.0) does not say so.

    Args:
        warehouse: Just opened; nothing was written yet.
        file: Its file.
    """
    if not _is_alone(warehouse):
        return None
    written_ns = _written_ns(file)
    name, sealed_ns = _sealed(warehouse)
    if written_ns is None or sealed_ns != written_ns:
        return Epoch(secrets.token_hex(8), written_ns)
    return Epoch(name, written_ns)


def seal(warehouse: Warehouse, file: Path, epoch: Epoch) -> None:
    """Seals what the session wrote, if it wrote anything. Without success the next epoch is new.

    The file is never opened here: to close it would take DuckDB's lock from it (POSIX).

    Args:
        warehouse: With nothing left to write, and without an open transaction.
        file: Its file.
        epoch: The session's.
    """
    if epoch.written_ns is not None and _written_ns(file) == epoch.written_ns:
        return
    if not _is_alone(warehouse):
        return
    moment = (time.time_ns() - _AGO_NS) // _TICK_NS - secrets.randbelow(_TICKS)
    written_ns = moment * _TICK_NS
    try:
        warehouse.execute(
            f"CREATE OR REPLACE TABLE {SCHEMA}.seal AS "
            f"SELECT {quoted_text(epoch.name)} AS epoch, {written_ns}::BIGINT AS mtime_ns"
        )
        # To close the connection would do this otherwise, and then has nothing to write.
        warehouse.execute("CHECKPOINT")
        os.utime(file, ns=(written_ns, written_ns))
    except (DatabaseError, OSError) as error:
        log.debug("%s is not sealed: %s", file, error)


def _sealed(warehouse: Warehouse) -> tuple[str, int | None]:
    """The last seal's epoch and moment; none where there is no seal, or none that can be read."""
    if not has_table(warehouse, "seal"):
        return "", None
    try:
        rows = warehouse.rows(f"SELECT epoch, mtime_ns FROM {SCHEMA}.seal")
    except DatabaseError as error:
        log.debug("the seal cannot be read: %s", error)
        return "", None
    return (str(rows[0][0]), cast(int, rows[0][1])) if len(rows) == 1 else ("", None)


def _written_ns(file: Path) -> int | None:
    """When the file was last written; None where a log beside it has something, or none can say."""
    try:
        written_ns = file.stat().st_mtime_ns
    except OSError:
        return None
    for beside in {file, file.resolve()}:
        for ending in _LOGS:
            try:
                if beside.with_name(f"{beside.name}{ending}").stat().st_size:
                    return None
            except FileNotFoundError:
                continue
            except OSError:
                return None
    return written_ns


def _is_alone(warehouse: Warehouse) -> bool:
    """Whether this process has no other connection to the database, as far as DuckDB says it."""
    try:
        return warehouse.rows("SELECT count FROM duckdb_connection_count()") == [(1,)]
    except DatabaseError as error:
        log.debug("it is not known who writes the database: %s", error)
        return False
