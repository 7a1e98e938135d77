"""The ledger: what each model's runs committed, kept in the warehouse itself.

A row is written in the transaction that writes the data, so the two cannot part. The primary key
lets only one of two rival writers of a version commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import duckdb

from t4t_core.commit import Commit, Definition
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.planning.inputs import Noted
from t4t_core.state.ledger_tables import SCHEMA, has_ledger, ledger_rows
from t4t_core.values import TimeKind, TimeValue

VERSIONS_KEPT: Final = 100
# To forget the earlier ones takes about as long as to write a commit.
_INPUTS_KEPT: Final = 16


def last_commit(warehouse: Warehouse, model_name: str) -> Commit | None:
    """The model's last commit, or None where it has none."""
    rows = ledger_rows(warehouse)
    last = warehouse.row(
        "SELECT max_by(c.model_name, c.version), max(c.version) "
        f"FROM {rows} AS c WHERE lower(c.model_name) = lower(?)",
        (model_name,),
    )
    if last is None or last[0] is None:
        return None
    # By its primary key: to sort whole rows takes longer than both of these.
    row = warehouse.row(
        f"SELECT c.model_name, c.version, c.body FROM {rows} AS c "
        "WHERE c.model_name = ? AND c.version = ?",
        last,
    )
    return None if row is None else _commit(row)


def last_commits(warehouse: Warehouse) -> tuple[Commit, ...]:
    """The last commit of every model, by name; none where there is no ledger."""
    if not has_ledger(warehouse):
        return ()
    rows = ledger_rows(warehouse)
    found = warehouse.rows(
        # Joined, since a window over whole rows takes twice as long.
        f"SELECT c.model_name, c.version, c.body FROM {rows} AS c "
        "JOIN (SELECT max_by(model_name, version) AS model_name, max(version) AS version "
        f"FROM {rows} AS o GROUP BY lower(model_name)) AS last "
        "ON last.model_name = c.model_name AND last.version = c.version ORDER BY c.model_name"
    )
    return tuple(_commit(row) for row in found)


def noted_inputs(warehouse: Warehouse) -> dict[str, Noted]:
    """What the last runs have read that noted it, by the models' names in lower case.

    A later commit without a note, by an older t4t, by hand or of a part of the rows, makes what was
    noted before count no more: compare the versions.
    """
    if not has_ledger(warehouse):
        return {}
    rows = warehouse.rows(
        "SELECT max_by(model_name, version), max(version), max_by(inputs, version) "
        f"FROM {ledger_rows(warehouse)} AS c WHERE inputs IS NOT NULL GROUP BY lower(model_name)"
    )
    return {
        str(name).lower(): Noted(cast(int, version), json.loads(str(inputs)))
        for name, version, inputs in rows
    }


def write_commit(
    warehouse: Warehouse, commit: Commit, inputs: Mapping[str, str] | None = None
) -> None:
    """Adds a commit within the open transaction, and forgets the model's oldest ones.

    Args:
        warehouse: With an open transaction.
        commit: Of the next version.
        inputs: What the run has read, or None where not all of it is known.

    Raises:
        DatabaseError: Another writer added this version.
    """
    noted = None if inputs is None else json.dumps(inputs, separators=(",", ":"))
    values = (commit.model_name, commit.version, _body(commit), noted)
    try:
        warehouse.row(f"INSERT INTO {SCHEMA}.ledger VALUES (?, ?, ?, ?)", values)
    except DatabaseError as error:
        if not isinstance(error.__cause__, duckdb.ConstraintException):
            raise
        raise DatabaseError(
            f"another run of {commit.model_name} was faster, so this one was rolled back",
            sql=error.sql,
            hint="run again",
            is_transient=True,
        ) from error
    if commit.version % _INPUTS_KEPT == 0:
        warehouse.row(
            f"UPDATE {SCHEMA}.ledger SET inputs = NULL WHERE model_name = ? AND version < ? "
            "AND inputs IS NOT NULL",
            (commit.model_name, commit.version),
        )
    if commit.version > VERSIONS_KEPT:
        warehouse.row(
            f"DELETE FROM {SCHEMA}.ledger WHERE model_name = ? AND version <= ?",
            (commit.model_name, commit.version - VERSIONS_KEPT),
        )


def _body(commit: Commit) -> str:
    mark = commit.watermark or commit.start
    told = {
        "origin": commit.origin,
        "materialization": commit.materialization,
        "strategy": commit.strategy,
        "mode": commit.mode,
        "reason": commit.reason,
        "definition": commit.definition.told(),
        "config_hash": commit.config_hash,
        "watermark": _text(commit.watermark),
        "watermark_type": mark.kind.value if mark else None,
        "start": _text(commit.start),
        "rows_inserted": commit.rows_inserted,
        "rows_updated": commit.rows_updated,
        "rows_deleted": commit.rows_deleted,
        "row_count": commit.row_count,
        "data_version": commit.data_version,
        "committed_at": commit.committed_at.isoformat(),
        "duration_s": commit.duration_s,
    }
    return json.dumps(told, separators=(",", ":"))


def _text(value: TimeValue | None) -> str | None:
    return None if value is None else str(value)


def _commit(row: tuple[object, ...]) -> Commit:
    name, version, body = row
    told = json.loads(str(body))
    mark = told.pop("watermark_type")
    kind = TimeKind(mark) if mark else None
    told["watermark"] = _time(kind, told["watermark"])
    told["start"] = _time(kind, told["start"])
    told["definition"] = Definition.of_told(told["definition"])
    told["committed_at"] = datetime.fromisoformat(told["committed_at"])
    return Commit(model_name=str(name), version=cast(int, version), **told)


def _time(kind: TimeKind | None, text: object) -> TimeValue | None:
    return None if kind is None or text is None else TimeValue.parse(kind, str(text))
