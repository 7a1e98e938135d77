"""Opening a project's database inside a Dagster process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb as duckdb_library
from dagster_duckdb import DuckDBResource

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_file import connect, locked_first, patiently
from t4t_core.engines.limits import limit
from t4t_core.engines.other_databases import attach
from t4t_core.errors import OtherSettingsError, UsageError
from t4t_core.project import Project

# What DuckDBResource opens files with: within one process DuckDB opens a file a second time only
# with the same settings.
_DAGSTER = {"custom_user_agent": "dagster"}
# A path without a prefix that says what kind of database it is; a drive has one letter.
_IS_BARE = re.compile(r"(?!:memory:|\w{2,}:).")


@contextmanager
def open_warehouse(
    project: Project, resource: DuckDBResource | None, *, is_reading: bool = False
) -> Iterator[Warehouse]:
    """The project's database, closed again whatever happens.

    Args:
        project: The project.
        resource: Connect through this one, or None to open the project's file.
        is_reading: Nothing will be written, so other readers may open it meanwhile.

    Raises:
        LockedError: Another process holds it.
        UsageError: It cannot be opened.
    """
    settings = project.settings
    if is_reading and not settings.database.is_file():
        raise UsageError(
            f"there is no database {settings.database} yet", hint="materialize the asset first"
        )
    if resource is None:
        with Warehouse.open(
            settings.database,
            read_only=is_reading,
            lock_timeout_s=settings.lock_timeout_s,
            settings_to_try=(_DAGSTER, {}),
        ) as warehouse:
            # In the process of a step DuckDB sees no script, and draws as if a person looked.
            warehouse.execute("SET enable_progress_bar = false")
            limit(warehouse, settings.limits)
            attach(warehouse, settings.others, settings.lock_timeout_s, is_reading=is_reading)
            yield warehouse
        return
    opened = None
    try:
        with ExitStack() as stack:
            _wait_for(project)
            opened = patiently(lambda: _opened_by(resource, stack), settings.database, 0)
            _require_same_file(opened, project)
            warehouse = Warehouse.borrowed(opened)
            limit(warehouse, settings.limits)
            attach(warehouse, settings.others, settings.lock_timeout_s, is_reading=is_reading)
            yield warehouse
    finally:
        # The resource leaves its connection open when the body raises.
        if opened is not None:
            opened.close()


def _wait_for(project: Project) -> None:
    """Waits for another process as the project says; a resource tries for minutes.

    Raises:
        LockedError: Another process holds the database.
        UsageError: It cannot be opened.
    """
    settings = project.settings
    if settings.database.is_file():
        with suppress(OtherSettingsError):  # it is open here already
            connect(settings.database, lock_timeout_s=settings.lock_timeout_s).close()


def _opened_by(resource: DuckDBResource, stack: ExitStack) -> duckdb_library.DuckDBPyConnection:
    """The resource's connection, to a file that DuckDB has locked before it read any of it."""

    def opening(name: str) -> duckdb_library.DuckDBPyConnection:
        named = resource.model_copy(update={"database": name})
        opened: duckdb_library.DuckDBPyConnection = stack.enter_context(named.get_connection())
        return opened

    name = resource.database.removeprefix("duckdb:")
    return locked_first(opening, name) if _IS_BARE.match(name) else opening(resource.database)


def _require_same_file(connection: duckdb_library.DuckDBPyConnection, project: Project) -> None:
    row = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()[0]
    opened = None if row[0] is None else Path(row[0]).resolve()
    if opened != project.settings.database.resolve():
        raise UsageError(
            f"the DuckDBResource opens {opened or 'a database in memory'}, but the project's "
            f"database is {project.settings.database}",
            hint="give it the path that [connection] in project.toml has",
        )
