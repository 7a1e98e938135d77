"""`tee_state.db`: the state of every model, for people and other programs to read.

It is a copy. What is true stands in the ledger, so the copy may be late or lost and is then made
good from there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb

from t4t_core.commit import Commit
from t4t_core.engines.duckdb_file import connect, is_broken
from t4t_core.errors import BrokenFileError, StateError

TABLE: Final = "tee_model_state"
FORMAT: Final = 1

_COLUMNS: Final = {
    "model_name": "VARCHAR PRIMARY KEY",
    "materialization": "VARCHAR NOT NULL",
    "last_execution_timestamp": "VARCHAR",
    "sql_hash": "VARCHAR",
    "config_hash": "VARCHAR",
    "last_processed_value": "VARCHAR",
    "strategy": "VARCHAR",
    "last_processed_type": "VARCHAR",
    "version": "BIGINT",
    "mode": "VARCHAR",
    "reason": "VARCHAR",
    "rows_inserted": "BIGINT",
    "rows_updated": "BIGINT",
    "rows_deleted": "BIGINT",
    "row_count": "BIGINT",
    "data_version": "VARCHAR",
    "duration_s": "DOUBLE",
}

log = logging.getLogger("t4t_core.state")


def bring_up_to_date(
    file: Path, commits: Sequence[Commit], *, is_whole: bool, lock_timeout_s: float
) -> int:
    """Writes commits into `tee_state.db`; gives the number of rows that were not right before.

    A damaged file is set aside and, where all commits are there, made again.

    Args:
        file: `tee_state.db`; it is made where there is none.
        commits: The last commit of models.
        is_whole: These are all models of the ledger, so rows of others are taken out.
        lock_timeout_s: How long to wait for another process that has it open.

    Raises:
        StateError: A newer t4t wrote it.
        LockedError: Another process held it all that time.
        BrokenFileError: It is damaged, and these are not all commits.
        UsageError: It cannot be opened or written.
    """
    try:
        return _brought_up_to_date(file, commits, is_whole, lock_timeout_s)
    except BrokenFileError as error:
        if not is_whole:
            raise
        _set_aside(file, error)
        return _brought_up_to_date(file, commits, is_whole, lock_timeout_s)


def _set_aside(file: Path, error: BrokenFileError) -> None:
    """Renames the file and what DuckDB keeps beside it, over those set aside before."""
    aside = file.with_name(f"{file.name}.broken")
    log.warning("%s; it is set aside as %s and made again", error.what, aside.name)
    file.replace(aside)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def _brought_up_to_date(
    file: Path, commits: Sequence[Commit], is_whole: bool, lock_timeout_s: float
) -> int:
    with closing(connect(file, lock_timeout_s=lock_timeout_s)) as connection:
        try:
            _ensure_table(connection, file)
            return _write(connection, commits, is_whole)
        except duckdb.Error as error:
            if is_broken(file, error):
                raise BrokenFileError(
                    f"{file} cannot be read: {str(error).splitlines()[0]}"
                ) from error
            raise StateError(
                f"{file} cannot be written: {str(error).splitlines()[0]}",
                hint="move the file away; it is made again from the database",
            ) from error


def _write(connection: duckdb.DuckDBPyConnection, commits: Sequence[Commit], is_whole: bool) -> int:
    wanted = {commit.model_name: _row(commit) for commit in commits}
    selected = ", ".join(_COLUMNS)
    held = {row[0]: row for row in connection.execute(f"SELECT {selected} FROM {TABLE}").fetchall()}
    late = [row for name, row in wanted.items() if held.get(name) != row]
    gone = [name for name in held if is_whole and name not in wanted]
    if not late and not gone:
        return 0
    connection.execute("BEGIN TRANSACTION")
    for name in gone:
        connection.execute(f"DELETE FROM {TABLE} WHERE model_name = ?", [name])
    if late:
        # One statement for all of them: one for each takes milliseconds a model.
        values = ", ".join(f"unnest(?::{kind.split()[0]}[])" for kind in _COLUMNS.values())
        columns = [list(column) for column in zip(*late, strict=True)]
        connection.execute(f"INSERT OR REPLACE INTO {TABLE} SELECT {values}", columns)
    connection.execute("COMMIT")
    return len(late) + len(gone)


def _row(commit: Commit) -> tuple[object, ...]:
    is_forgotten = commit.origin == "reset"
    return (
        commit.model_name,
        commit.materialization,
        commit.committed_at.isoformat(),
        commit.sql_hash,
        commit.config_hash,
        None if commit.watermark is None or is_forgotten else str(commit.watermark),
        commit.strategy,
        None if commit.watermark is None else commit.watermark.kind.value,
        commit.version,
        commit.mode,
        commit.reason,
        commit.rows_inserted,
        commit.rows_updated,
        commit.rows_deleted,
        commit.row_count,
        commit.data_version,
        commit.duration_s,
    )


def _ensure_table(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    tables = {
        str(row[0])
        for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    }
    if "t4t_format" in tables:
        found = connection.execute("SELECT max(version) FROM t4t_format").fetchone()
        written = int(found[0]) if found and found[0] is not None else 0
        if written > FORMAT:
            raise StateError(
                f"{file} has format {written}; this t4t knows {FORMAT}",
                hint="upgrade t4t-dagster; nothing was changed",
            )
        if TABLE in tables:
            return
    connection.execute("BEGIN TRANSACTION")
    if TABLE in tables:
        log.warning("%s comes from another t4t; its table is kept as %s_before", file, TABLE)
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}_before")
        connection.execute(f"ALTER TABLE {TABLE} RENAME TO {TABLE}_before")
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"CREATE TABLE {TABLE} ({columns})")
    connection.execute(f"CREATE OR REPLACE TABLE t4t_format AS SELECT {FORMAT} AS version")
    connection.execute("COMMIT")
