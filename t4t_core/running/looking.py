"""A project's database, to look at and not to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.limits import limit
from t4t_core.engines.other_databases import attach
from t4t_core.project.load import Project
from t4t_core.sql_functions.made import register_functions
from t4t_core.state.ledger_tables import check_format


@contextmanager
def open_to_look(project: Project) -> Iterator[Warehouse]:
    """The database, read-only where it exists, an empty one elsewhere.

    Raises:
        LockedError: Another process holds it.
        UsageError: It cannot be used.
    """
    settings = project.settings
    exists = settings.database.is_file()
    opened = (
        Warehouse.open(settings.database, read_only=True, lock_timeout_s=settings.lock_timeout_s)
        if exists
        else Warehouse.open_empty(settings.catalog)
    )
    with opened as warehouse:
        check_format(warehouse)
        limit(warehouse, settings.limits)
        attach(warehouse, settings.others, settings.lock_timeout_s, is_reading=True)
        register_functions(project.graph, warehouse)
        with warehouse.stopped_by_ctrl_c():
            yield warehouse
