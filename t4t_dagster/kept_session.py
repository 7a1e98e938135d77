"""A session that may stay open from one step of a run to the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from dagster_duckdb import DuckDBResource

from t4t_core.engines.duckdb import Warehouse
from t4t_core.project import Project
from t4t_core.running.open_session import open_session
from t4t_core.running.session import Session
from t4t_dagster.steps_between import Standing
from t4t_dagster.warehouse import open_warehouse

_MIRROR_EVERY_S = 1.0


class KeptSession:
    """Opens the database for one step, and keeps it open where only steps of t4t come next.

    While it is kept, no other process can open the file, and this one only with the same settings.
    So it is closed before other code runs: see `t4t_dagster.steps_between`. Steps take it in turns.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._opened = ExitStack()
        self._session: Session | None = None
        self._mirrored_at = 0.0
        self._done: set[str] = set()

    @contextmanager
    def session(
        self, project: Project, resource: DuckDBResource | None, standing: Standing | None
    ) -> Iterator[Session]:
        """The session for one step; after an error it is closed.

        Args:
            project: The project.
            resource: Connect through this one, or None to open the project's file.
            standing: The step, or None where the session must be closed after it.

        Raises:
            LockedError: Another process holds the database.
            UsageError: The database or the state cannot be used.
        """
        with self._lock, self._kept_after(standing):
            session = self._session_for(project, resource)
            with _ended_by_dagster(session.warehouse):
                yield session

    @contextmanager
    def reading(
        self, project: Project, resource: DuckDBResource | None, standing: Standing | None
    ) -> Iterator[Warehouse]:
        """The database for one step that only reads it.

        Arguments and errors as of `session`; it is also an error where there is no database.
        """
        with self._lock:
            if self._session is not None and standing is not None and self._is_of(project):
                warehouse = self._session.warehouse
                with self._kept_after(standing), _ended_by_dagster(warehouse):
                    yield warehouse
                return
            self.close()
            if standing is not None:
                self._done.add(standing.name)
            with (
                open_warehouse(project, resource, is_reading=True) as warehouse,
                _ended_by_dagster(warehouse),
            ):
                yield warehouse

    def close(self) -> None:
        """Closes what is open, after `tee_state.db` was brought up to date."""
        with self._lock:
            self._session = None
            self._opened.close()

    @contextmanager
    def _kept_after(self, standing: Standing | None) -> Iterator[None]:
        succeeded = None
        try:
            yield
            succeeded = standing
        finally:
            if standing is not None:
                self._done.add(standing.name)
            if succeeded is not None and succeeded.is_followed_by_ours(self._done):
                self._mirror()
            else:
                self.close()

    def _session_for(self, project: Project, resource: DuckDBResource | None) -> Session:
        if self._session is None or not self._is_of(project):
            self.close()
            warehouse = self._opened.enter_context(open_warehouse(project, resource))
            self._session = self._opened.enter_context(open_session(project, warehouse))
            self._mirrored_at = time.monotonic()
        return self._session.of(project)

    def _is_of(self, project: Project) -> bool:
        return self._session is not None and self._session.project.graph is project.graph

    def _mirror(self) -> None:
        """Brings `tee_state.db` up to date where it is late; each time takes milliseconds."""
        if self._session is not None and time.monotonic() - self._mirrored_at > _MIRROR_EVERY_S:
            self._session.mirror()
            self._mirrored_at = time.monotonic()


def _ended_by_dagster(warehouse: Warehouse) -> AbstractContextManager[None]:
    """While this is open, a statement ends when the run is terminated.

    Dagster sends SIGINT to a step's process and raises an error once its Python code goes on.
    """
    return warehouse.stopped_by_ctrl_c(is_meant_to_end=True)
