"""The tables that the ledger keeps in the warehouse, and those of earlier formats."""

from __future__ import annotations

from typing import Final

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import StateError
from t4t_core.names import OWN_SCHEMA, TableName

SCHEMA: Final = OWN_SCHEMA
FORMAT: Final = 2

# What a commit says besides its model and version, as the view for people gives it.
_FIELDS: Final = {
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
# One text for all of them: to write 17 columns more takes twice the time, and it is written for
# each model that runs.
_LEDGER: Final = (
    f"CREATE TABLE {SCHEMA}.ledger (model_name VARCHAR, version BIGINT, body VARCHAR, "
    "inputs VARCHAR, PRIMARY KEY (model_name, version))"
)
_COMMITS: Final = f"CREATE VIEW {SCHEMA}.commits AS SELECT model_name, version, " + ", ".join(
    f"CAST(body ->> '$.{name}' AS {kind}) AS {name}" for name, kind in _FIELDS.items()
) + f" FROM {SCHEMA}.ledger"  # fmt: skip
# Tables that came after the first ones, each new one at the end.
_LATER_TABLES: Final = {
    "windows": "model_name VARCHAR, time_type VARCHAR, lower VARCHAR, upper VARCHAR, "
    "goes_on BOOLEAN, committed_at TIMESTAMP",
    "backfills": "model_name VARCHAR PRIMARY KEY, lower VARCHAR, upper VARCHAR, "
    "batch_size VARCHAR, definition VARCHAR, done_until VARCHAR, committed_at TIMESTAMP",
}


def ensure_ledger(warehouse: Warehouse) -> None:
    """Makes the ledger where there is none, and what a ledger of an older t4t lacks.

    Raises:
        StateError: A newer t4t wrote it.
    """
    if has_ledger(warehouse):
        check_format(warehouse)
        if not has_table(warehouse, "ledger"):
            _bring_up_to_format_2(warehouse)
    else:
        with warehouse.transaction():
            warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            warehouse.execute(_LEDGER)
            warehouse.execute(_COMMITS)
            _write_format(warehouse)
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


def ledger_rows(warehouse: Warehouse) -> str:
    """What the ledger's rows are read from, also where a ledger of format 1 may only be read."""
    return f"{SCHEMA}.ledger" if has_table(warehouse, "ledger") else f"({_of_format_1()})"


def _of_format_1() -> str:
    """The rows of a ledger of format 1, which had a column for each field and noted no inputs."""
    told = [f"'{name}', c.{name}" for name in _FIELDS if name != "definition"]
    body = f"json_object({', '.join(told)}, 'definition', CAST(c.definition AS JSON))"
    return (
        f"SELECT c.model_name, c.version, CAST({body} AS VARCHAR) AS body, "
        f"CAST(NULL AS VARCHAR) AS inputs FROM {SCHEMA}.commits AS c"
    )


def _bring_up_to_format_2(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        warehouse.execute(_LEDGER)
        warehouse.execute(f"INSERT INTO {SCHEMA}.ledger {_of_format_1()}")
        warehouse.execute(f"DROP TABLE {SCHEMA}.commits")
        # Of a version that was never released.
        warehouse.execute(f"DROP TABLE IF EXISTS {SCHEMA}.inputs")
        warehouse.execute(_COMMITS)
        _write_format(warehouse)


def _write_format(warehouse: Warehouse) -> None:
    warehouse.execute(f"CREATE OR REPLACE TABLE {SCHEMA}.format AS SELECT {FORMAT} AS version")
