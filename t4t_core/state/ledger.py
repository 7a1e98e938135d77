"""The ledger: what each model's runs committed, kept in the warehouse itself.

A row is written in the transaction that writes the data, so the two cannot part. The primary key
lets only one of two rival writers of a version commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast

import duckdb

from t4t_core.commit import Commit, Definition, Mode, Origin
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, StateError
from t4t_core.names import OWN_SCHEMA, TableName
from t4t_core.values import TimeKind, TimeValue

SCHEMA: Final = OWN_SCHEMA
FORMAT: Final = 1
VERSIONS_KEPT: Final = 100

_COLUMNS: Final = {
    "model_name": "VARCHAR",
    "version": "BIGINT",
    "origin": "VARCHAR",
    "materialization": "VARCHAR",
    "strategy": "VARCHAR",
    "mode": "VARCHAR",
    "reason": "VARCHAR",
    "definition": "VARCHAR",
    "config_hash": "VARCHAR",
    "watermark": "VARCHAR",
    "watermark_type": "VARCHAR",
    "start": "VARCHAR",
    "rows_inserted": "BIGINT",
    "rows_updated": "BIGINT",
    "rows_deleted": "BIGINT",
    "row_count": "BIGINT",
    "data_version": "VARCHAR",
    "committed_at": "TIMESTAMP",
    "duration_s": "DOUBLE",
}
# Tables that came after the first version, each new one at the end; an older t4t does not look at
# them.
_LATER_TABLES: Final = {
    "windows": "model_name VARCHAR, time_type VARCHAR, lower VARCHAR, upper VARCHAR, "
    "goes_on BOOLEAN, committed_at TIMESTAMP",
    "backfills": "model_name VARCHAR PRIMARY KEY, lower VARCHAR, upper VARCHAR, "
    "batch_size VARCHAR, definition VARCHAR, done_until VARCHAR, committed_at TIMESTAMP",
    "inputs": "model_name VARCHAR, version BIGINT, inputs VARCHAR",
}
_SELECT: Final = f"SELECT {', '.join(f'c.{name}' for name in _COLUMNS)} FROM {SCHEMA}.commits AS c"


def ensure_ledger(warehouse: Warehouse) -> None:
    """Makes the ledger where there is none, and what a ledger of an older t4t lacks.

    Raises:
        StateError: A newer t4t wrote it.
    """
    if has_ledger(warehouse):
        check_format(warehouse)
    else:
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        with warehouse.transaction():
            warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            warehouse.execute(
                f"CREATE TABLE IF NOT EXISTS {SCHEMA}.commits "
                f"({columns}, PRIMARY KEY (model_name, version))"
            )
            warehouse.execute(
                f"CREATE OR REPLACE TABLE {SCHEMA}.format AS SELECT {FORMAT} AS version"
            )
    if not has_table(warehouse, tuple(_LATER_TABLES)[-1]):
        for name, columns in _LATER_TABLES.items():
            warehouse.execute(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{name} ({columns})")


def check_format(warehouse: Warehouse) -> None:
    """Refuses a ledger that a newer t4t wrote.

    Raises:
        StateError: It did.
    """
    if not has_ledger(warehouse):
        return
    written = warehouse.number(f"SELECT max(version) FROM {SCHEMA}.format")
    if written > FORMAT:
        file = warehouse.row(
            "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
        )
        raise StateError(
            f"the ledger in {file[0] if file else 'memory'} has format {written}; "
            f"this t4t knows {FORMAT}",
            hint="upgrade t4t-dagster; nothing was changed",
        )


def has_ledger(warehouse: Warehouse) -> bool:
    """Whether the database has a ledger."""
    return has_table(warehouse, "format")


def has_table(warehouse: Warehouse, name: str) -> bool:
    """Whether the ledger has a table; one of an older t4t may lack some."""
    return warehouse.target(TableName(SCHEMA, name)) is not None


def last_commit(warehouse: Warehouse, model_name: str) -> Commit | None:
    """The model's last commit, or None where it has none."""
    last = warehouse.row(
        "SELECT max_by(c.model_name, c.version), max(c.version) "
        f"FROM {SCHEMA}.commits AS c WHERE lower(c.model_name) = ?",
        (model_name.lower(),),
    )
    if last is None or last[0] is None:
        return None
    # By its primary key: to sort whole rows takes longer than both of these.
    row = warehouse.row(f"{_SELECT} WHERE c.model_name = ? AND c.version = ?", last)
    return None if row is None else _commit(row)


def last_commits(warehouse: Warehouse) -> tuple[Commit, ...]:
    """The last commit of every model, by name; none where there is no ledger."""
    if not has_ledger(warehouse):
        return ()
    rows = warehouse.rows(
        # Joined, since a window over whole rows takes twice as long.
        f"{_SELECT} JOIN (SELECT max_by(model_name, version) AS model_name, "
        f"max(version) AS version FROM {SCHEMA}.commits GROUP BY lower(model_name)) AS last "
        "ON last.model_name = c.model_name AND last.version = c.version ORDER BY c.model_name"
    )
    return tuple(_commit(row) for row in rows)


def write_commit(warehouse: Warehouse, commit: Commit) -> None:
    """Adds a commit within the open transaction, and forgets the model's oldest ones.

    Raises:
        DatabaseError: Another writer added this version.
    """
    mark = commit.watermark or commit.start
    values = (
        commit.model_name,
        commit.version,
        commit.origin,
        commit.materialization,
        commit.strategy,
        commit.mode,
        commit.reason,
        commit.definition.to_json(),
        commit.config_hash,
        _text(commit.watermark),
        mark.kind.value if mark else None,
        _text(commit.start),
        commit.rows_inserted,
        commit.rows_updated,
        commit.rows_deleted,
        commit.row_count,
        commit.data_version,
        commit.committed_at,
        commit.duration_s,
    )
    marks = ", ".join("?" for _ in values)
    try:
        warehouse.row(f"INSERT INTO {SCHEMA}.commits VALUES ({marks})", values)
    except DatabaseError as error:
        if not isinstance(error.__cause__, duckdb.ConstraintException):
            raise
        raise DatabaseError(
            f"another run of {commit.model_name} was faster, so this one was rolled back",
            sql=error.sql,
            hint="run again",
            is_transient=True,
        ) from error
    if commit.version > VERSIONS_KEPT:
        warehouse.row(
            f"DELETE FROM {SCHEMA}.commits WHERE model_name = ? AND version <= ?",
            (commit.model_name, commit.version - VERSIONS_KEPT),
        )


def _text(value: TimeValue | None) -> str | None:
    return None if value is None else str(value)


def _commit(row: tuple[object, ...]) -> Commit:
    values = dict(zip(_COLUMNS, row, strict=True))
    kind = TimeKind(values["watermark_type"]) if values["watermark_type"] else None
    return Commit(
        model_name=str(values["model_name"]),
        version=cast(int, values["version"]),
        origin=cast(Origin, values["origin"]),
        materialization=str(values["materialization"]),
        strategy=cast("str | None", values["strategy"]),
        mode=cast(Mode, values["mode"]),
        reason=str(values["reason"]),
        definition=Definition.from_json(str(values["definition"])),
        config_hash=str(values["config_hash"]),
        watermark=_time(kind, values["watermark"]),
        start=_time(kind, values["start"]),
        rows_inserted=cast(int, values["rows_inserted"]),
        rows_updated=cast(int, values["rows_updated"]),
        rows_deleted=cast(int, values["rows_deleted"]),
        row_count=cast("int | None", values["row_count"]),
        data_version=str(values["data_version"]),
        committed_at=cast(datetime, values["committed_at"]),
        duration_s=cast(float, values["duration_s"]),
    )


def _time(kind: TimeKind | None, text: object) -> TimeValue | None:
    return None if kind is None or text is None else TimeValue.parse(kind, str(text))
