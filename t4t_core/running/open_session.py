"""Opening a project's database for a session, with its state made good."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.limits import limit
from t4t_core.engines.other_databases import attach
from t4t_core.errors import BrokenFileError, LockedError
from t4t_core.planning.outside import reads_tables_of_others
from t4t_core.project.load import Project
from t4t_core.running.session import Session
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import ensure_ledger
from t4t_core.state.mirror import bring_up_to_date
from t4t_core.state.seal import Epoch, epoch_of, seal

log = logging.getLogger("t4t_core.state")


@contextmanager
def open_session(project: Project, warehouse: Warehouse | None = None) -> Iterator[Session]:
    """Opens a project's database, and makes `tee_state.db` good from it.

    Args:
        project: The project.
        warehouse: Use this one, and leave it open afterwards.

    Raises:
        LockedError: Another process holds the database.
        UsageError: The database or the state cannot be used; nothing was changed.
    """
    settings = project.settings
    if warehouse is None:
        if not settings.database.exists():
            # A state that cannot be used is found before a database is made beside it.
            with (
                suppress(LockedError, BrokenFileError),
                Warehouse.open_empty(settings.catalog) as nothing,
            ):
                bring_up_to_date(nothing, settings.state, (), is_whole=False, lock_timeout_s=0)
        with Warehouse.open(settings.database, lock_timeout_s=settings.lock_timeout_s) as opened:
            is_worth_it = reads_tables_of_others(project.graph)
            epoch = epoch_of(opened, settings.database) if is_worth_it else None
            yield from _session(project, opened, epoch)
    else:
        yield from _session(project, warehouse)


def _session(
    project: Project, warehouse: Warehouse, epoch: Epoch | None = None
) -> Iterator[Session]:
    settings = project.settings
    limit(warehouse, settings.limits)
    attach(warehouse, settings.others, settings.lock_timeout_s)
    ensure_ledger(warehouse)
    commits = last_commits(warehouse)
    try:
        healed = bring_up_to_date(
            warehouse,
            settings.state,
            commits,
            is_whole=True,
            lock_timeout_s=settings.lock_timeout_s,
        )
    except LockedError as error:
        log.warning("%s is a copy and is left behind for now: %s", settings.state, error)
    else:
        if healed:
            log.info("%s: %d rows made good from the database", settings.state, healed)
    session = Session(project, warehouse, commits, None if epoch is None else epoch.name)
    try:
        yield session
    finally:
        session.mirror()
    if epoch is not None and session.unchanged.epoch is not None:
        seal(warehouse, settings.database, epoch)
