"""Loading one seed."""

from __future__ import annotations

import hashlib
import json
import logging
import time

from t4t_core.commit import NO_SETTINGS, Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import RunError, T4tError
from t4t_core.planning.refusals import refuse_foreign_table
from t4t_core.planning.request import Request
from t4t_core.planning.steps import Write
from t4t_core.project.load import Project
from t4t_core.report import ModelReport
from t4t_core.seeds.errors import seed_error
from t4t_core.seeds.seed import Seed
from t4t_core.seeds.statement import seed_statement
from t4t_core.sql.names import table
from t4t_core.sql.statements import create_schema, drop_view
from t4t_core.state.ledger import last_commit, write_commit

log = logging.getLogger("ExecutionEngine")


def run_seed(
    seed: Seed, request: Request, warehouse: Warehouse, project: Project
) -> tuple[ModelReport, Commit | None]:
    """Loads a seed's file into its table, unless the table holds that very file."""
    started = time.perf_counter()
    try:
        digest = _digest(seed)
        settings_digest = config_digest(seed)
        statement = seed_statement(seed, project.settings.catalog)
        with warehouse.transaction():
            before = last_commit(warehouse, str(seed))
            target = warehouse.target(seed.name)
            refuse_foreign_table(target, before, request)
            is_loaded = (
                before is not None
                and (before.sql_hash, before.config_hash) == (digest, settings_digest)
                and target is not None
                and target.kind == "table"
                and not request.full_refresh
            )
            if before is not None and is_loaded:
                log.info("Seed %s is unchanged", seed)
                return _report(before, "skipped", "its file is unchanged", (), started), None
            if target is None:
                warehouse.execute(create_schema(seed.name, project.settings.catalog))
            elif target.kind == "view":
                warehouse.execute(drop_view(table(seed.name, project.settings.catalog)))
            rows = warehouse.execute(statement)
            is_gone = target is None
            commit = _commit(seed, digest, settings_digest, before, rows, started, is_gone=is_gone)
            write_commit(warehouse, commit)
    except T4tError as error:
        failure = seed_error(error, seed)
        return (
            ModelReport(
                model_name=str(seed),
                materialization="seed",
                strategy=None,
                mode=None,
                reason="",
                status="failed",
                error=str(failure),
                duration_s=time.perf_counter() - started,
                is_transient=failure.is_transient,
            ),
            None,
        )
    log.info("Loaded seed %s with %d rows", seed, rows)
    return _report(commit, "full", commit.reason, (statement,), started), commit


def config_digest(seed: Seed) -> str:
    """SHA-256 over the metadata that bears on what is in the table."""
    config = seed.config
    written: dict[str, object] = {**config.csv_options}
    if config.types:
        written["types"] = config.types
    if config.header is False:
        written["names"] = [column.name for column in config.schema_]
    text = json.dumps(written, sort_keys=True) if written else ""
    return hashlib.sha256(text.encode()).hexdigest()


def _data_version(digest: str, settings_digest: str) -> str:
    if settings_digest == NO_SETTINGS:
        return digest[:32]
    return hashlib.sha256(f"{digest}{settings_digest}".encode()).hexdigest()[:32]


def _digest(seed: Seed) -> str:
    try:
        with seed.file.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"the file cannot be read: {error}") from error


def _commit(
    seed: Seed,
    digest: str,
    settings_digest: str,
    before: Commit | None,
    rows: int,
    started: float,
    *,
    is_gone: bool,
) -> Commit:
    if before is None:
        reason = "this is the first load"
    elif before.sql_hash != digest:
        reason = "its file changed"
    elif before.config_hash != settings_digest:
        reason = "its metadata changed"
    else:
        reason = "its table is gone" if is_gone else "a full refresh was asked for"
    return Commit.of_file(
        str(seed),
        before,
        materialization="seed",
        reason=reason,
        digest=digest,
        config_hash=settings_digest,
        data_version=_data_version(digest, settings_digest),
        rows=rows,
        duration_s=time.perf_counter() - started,
    )


def _report(
    commit: Commit, mode: str, reason: str, statements: tuple[str, ...], started: float
) -> ModelReport:
    is_new = mode == "full"
    return ModelReport(
        model_name=commit.model_name,
        materialization="seed",
        strategy=None,
        mode="full" if is_new else "skipped",
        reason=reason,
        status="success",
        rows_inserted=commit.rows_inserted if is_new else 0,
        row_count=commit.row_count,
        duration_s=time.perf_counter() - started,
        sql_hash=commit.sql_hash,
        config_hash=commit.config_hash,
        data_version=commit.data_version,
        steps=tuple(Write(statement) for statement in statements),
    )
