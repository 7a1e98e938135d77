"""`tee_state.db`: the state of every model, for people and other programs to read.

It is a copy. What is true stands in the ledger, so the copy may be late or lost and is then made
good from there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_file import attached, is_broken
from t4t_core.errors import BrokenFileError, DatabaseError, StateError

TABLE: Final = "tee_model_state"
_DATABASE: Final = "_t4t_state"
_TABLE: Final = f"{_DATABASE}.main.{TABLE}"
_FORMAT_TABLE: Final = f"{_DATABASE}.main.t4t_format"
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
    warehouse: Warehouse,
    file: Path,
    commits: Sequence[Commit],
    *,
    is_whole: bool,
    lock_timeout_s: float,
) -> int:
    """Writes commits into `tee_state.db`; gives the number of rows that were not right before.

    A damaged file is set aside and, where all commits are there, made again.

    Args:
        warehouse: Whose connection writes it; without an open transaction.
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
        return _brought_up_to_date(warehouse, file, commits, is_whole, lock_timeout_s)
    except BrokenFileError as error:
        if not is_whole:
            raise
        _set_aside(file, error)
        return _brought_up_to_date(warehouse, file, commits, is_whole, lock_timeout_s)


def _set_aside(file: Path, error: BrokenFileError) -> None:
    """Renames the file and what DuckDB keeps beside it, over those set aside before."""
    aside = file.with_name(f"{file.name}.broken")
    log.warning("%s; it is set aside as %s and made again", error.what, aside.name)
    file.replace(aside)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def _brought_up_to_date(
    warehouse: Warehouse,
    file: Path,
    commits: Sequence[Commit],
    is_whole: bool,
    lock_timeout_s: float,
) -> int:
    with attached(warehouse.connection, file, _DATABASE, lock_timeout_s=lock_timeout_s):
        try:
            _ensure_table(warehouse, file)
            return _write(warehouse, commits, is_whole)
        except DatabaseError as error:
            if is_broken(file, error):
                raise BrokenFileError(f"{file} cannot be read: {error.what}") from error
            raise StateError(
                f"{file} cannot be written: {error.what}",
                hint="move the file away; it is made again from the database",
            ) from error


def _write(warehouse: Warehouse, commits: Sequence[Commit], is_whole: bool) -> int:
    wanted = {commit.model_name: _row(commit) for commit in commits if commit.is_of_table}
    held = {row[0]: row for row in warehouse.rows(f"SELECT {', '.join(_COLUMNS)} FROM {_TABLE}")}
    late = [row for name, row in wanted.items() if held.get(name) != row]
    # A model that is spelled otherwise now is the same one.
    ours = {name.lower() for name in wanted}
    gone = [n for n in held if n not in wanted and (is_whole or str(n).lower() in ours)]
    if not late and not gone:
        return 0
    with warehouse.transaction():
        for name in gone:
            warehouse.rows(f"DELETE FROM {_TABLE} WHERE model_name = ?", (name,))
        if late:
            # One statement for all of them: one for each takes milliseconds a model.
            values = ", ".join(f"unnest(?::{kind.split()[0]}[])" for kind in _COLUMNS.values())
            columns = [list(column) for column in zip(*late, strict=True)]
            warehouse.rows(f"INSERT OR REPLACE INTO {_TABLE} SELECT {values}", columns)
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


def _ensure_table(warehouse: Warehouse, file: Path) -> None:
    has_table = warehouse.has_table(_TABLE)
    if warehouse.has_table(_FORMAT_TABLE):
        written = warehouse.number(f"SELECT max(version) FROM {_FORMAT_TABLE}")
        if written > FORMAT:
            raise StateError(
                f"{file} has format {written}; this t4t knows {FORMAT}",
                hint="upgrade t4t-dagster; nothing was changed",
            )
        if has_table:
            return
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    with warehouse.transaction():
        if has_table:
            log.warning("%s comes from another t4t; its table is kept as %s_before", file, TABLE)
            warehouse.execute(f"DROP TABLE IF EXISTS {_TABLE}_before")
            warehouse.execute(f"ALTER TABLE {_TABLE} RENAME TO {TABLE}_before")
        warehouse.execute(f"CREATE TABLE {_TABLE} ({columns})")
        warehouse.execute(f"CREATE OR REPLACE TABLE {_FORMAT_TABLE} AS SELECT {FORMAT} AS version")
