"""The warehouse: a DuckDB database that models' tables live in."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import cast

import duckdb

from t4t_core.engines.duckdb_catalog import has_table, indexes_of, target_of
from t4t_core.engines.duckdb_errors import database_error
from t4t_core.engines.duckdb_file import connect
from t4t_core.engines.duckdb_session import (
    SessionState,
    has_other_settings,
    put_back,
    put_settings_back,
    session_state,
)
from t4t_core.engines.interrupts import interrupted_by_ctrl_c
from t4t_core.errors import DatabaseError, OtherSettingsError, RunError
from t4t_core.names import TableName, quoted
from t4t_core.planning.facts import Column, Index, Target

# DuckDB takes a Python variable for a table of its name; a model's SQL must never see ours.
_NO_PYTHON_TABLES = "SET python_enable_replacements = false"

log = logging.getLogger("t4t_core.engines")


class Warehouse:
    """An open connection to the database.

    Use it as a context manager; leaving it closes the connection, unless it was `borrowed`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, owned: bool = True) -> None:
        self.connection = connection
        self._owned = owned
        self._is_stopped = False
        self._is_interruptible = False
        self._statements = itertools.count(1)
        self._statement = 0
        self._session_before: SessionState | None = None
        # What a cursor has to be told where the catalog is none that DuckDB began with.
        self._use: str | None = None
        connection.execute(_NO_PYTHON_TABLES)
        self._catalog = str(self.rows("SELECT current_database()")[0][0])

    @classmethod
    def open(
        cls,
        file: Path,
        *,
        read_only: bool = False,
        lock_timeout_s: float = 60,
        settings_to_try: Sequence[Mapping[str, str]] = ({},),
    ) -> Warehouse:
        """The warehouse in a file.

        Args:
            file: The database.
            read_only: Open for reading; the file must exist.
            lock_timeout_s: How long to wait for another process.
            settings_to_try: Settings to open it with. Where this process has the file open with
                other settings, the next ones are tried.

        Raises:
            LockedError: Another process holds it.
            UsageError: It cannot be opened.
        """
        opened = partial(connect, file, read_only=read_only, lock_timeout_s=lock_timeout_s)
        *first, last = settings_to_try
        for settings in first:
            try:
                return cls(opened(settings=settings))
            except OtherSettingsError as error:
                log.debug("%s", error)
        return cls(opened(settings=last))

    @classmethod
    def open_empty(cls, catalog: str) -> Warehouse:
        """An empty database in memory, with the catalog's name."""
        connection = connect(Path(":memory:"))
        warehouse = cls(connection)
        if catalog != "memory":
            name = quoted(catalog)
            connection.execute(f"ATTACH ':memory:' AS {name}; USE {name}; DETACH memory")
            warehouse._catalog, warehouse._use = catalog, f"USE {name}"
        return warehouse

    @classmethod
    def borrowed(cls, connection: duckdb.DuckDBPyConnection) -> Warehouse:
        """The warehouse behind somebody else's connection, which stays open."""
        return cls(connection, owned=False)

    def beside(self) -> Warehouse:
        """A warehouse on a cursor: another connection to the open database, for another thread."""
        cursor = self.connection.cursor()
        if self._use is not None:
            cursor.execute(self._use)
        return Warehouse(cursor)

    @contextmanager
    def stopped_by_ctrl_c(self, *, is_meant_to_end: bool = False) -> Iterator[None]:
        """While this is open, Ctrl-C ends a statement that the main thread waits for.

        Args:
            is_meant_to_end: Also where the program has a way of its own to deal with Ctrl-C.
        """
        self._is_interruptible = True
        try:
            with interrupted_by_ctrl_c(
                lambda: self._statement,
                self.connection.interrupt,
                is_meant_to_end=is_meant_to_end,
            ):
                yield
        finally:
            self._is_interruptible = False

    def stop(self) -> None:
        """Ends what another thread runs here with a KeyboardInterrupt, and refuses what follows.

        Only what rolls back goes on. A statement that begins at this moment may be missed.
        """
        self._is_stopped = self._is_interruptible = True
        self.connection.interrupt()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._owned:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end, or rolls back on any error and lets that error go on.

        Raises:
            DatabaseError: The commit failed; nothing was written.
        """
        self._begin()
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._put_session_back()

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """A transaction that is rolled back at the end."""
        self._begin()
        try:
            yield
        finally:
            self._roll_back()
            self._put_session_back()

    def _begin(self) -> None:
        try:
            self._run("BEGIN TRANSACTION")
        except KeyboardInterrupt:
            # It may have begun by then, and no other would begin on this connection.
            self._roll_back()
            raise

    def keep_session(self) -> None:
        """Has settings, variables and temporary tables put back when the transaction ends.

        They will be as they are now, or as an earlier call in the transaction found them.
        """
        if self._session_before is None:
            self._session_before = session_state(self.connection)

    def has_other_settings(self) -> bool:
        """Whether a setting is no longer as `keep_session` found it."""
        before = self._session_before
        return before is not None and has_other_settings(self.connection, before)

    def put_settings_back(self) -> None:
        """Sets what `keep_session` found already now."""
        if self._session_before is not None:
            put_settings_back(self.connection, self._session_before)

    def _put_session_back(self) -> None:
        before, self._session_before = self._session_before, None
        if before is not None:
            put_back(self.connection, before)

    def _roll_back(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
            # A Python model that failed has left it on.
            self.connection.execute(_NO_PYTHON_TABLES)
        except duckdb.Error as error:
            # The first error matters; a transaction that is already gone needs no rollback.
            log.debug("the rollback failed: %s", error)

    def execute(self, sql: str) -> int:
        """Runs a statement; gives the number of rows it wrote, or 0 where it says none.

        Raises:
            DatabaseError: The database refused it.
        """
        rows = self._run(sql)
        return rows[0][0] if rows and isinstance(rows[0][0], int) else 0

    def is_several(self, sql: str) -> bool:
        """Whether DuckDB (2.0) makes several statements of one, and tells no number of rows then.

        It does of a PIVOT whose values it has to look up.
        """
        # To parse it takes longer than to look for a word that all of these have.
        return "PIVOT" in sql.upper() and any(
            statement.type == duckdb.StatementType.MULTI
            for statement in self.connection.extract_statements(sql)
        )

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[object, ...] | None:
        """The first row that a query gives, or None.

        Raises:
            DatabaseError: The database refused it.
        """
        # All rows are taken: DuckDB 2.0 refuses other work on a connection with rows left to read.
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """All rows that a query gives.

        Raises:
            DatabaseError: The database refused it.
        """
        return self._run(sql, parameters)

    def named_rows(self, sql: str) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
        """The names of a query's columns, and all of its rows.

        Raises:
            DatabaseError: The database refused it.
        """
        rows = self.rows(sql)
        names = tuple(str(column[0]) for column in self.connection.description or ())
        return names, tuple(rows)

    def number(self, sql: str) -> int:
        """The one number that a query gives.

        Raises:
            DatabaseError: The database refused it.
        """
        row = self.row(sql)
        return int(cast(int, row[0])) if row and row[0] is not None else 0

    def columns(self, query: str) -> tuple[Column, ...]:
        """The columns that a query would give, without running it.

        Raises:
            DatabaseError: The query does not bind: a table or column is missing, or types clash.
        """
        try:
            # It is bound alone, which takes a third of the time of a DESCRIBE.
            found = self.connection.sql(query)
        except duckdb.Error as error:
            # A statement's error says where in the query it is.
            log.debug("%s: %s", query, error)
            described = self.rows(f"DESCRIBE {query}")
            return tuple(Column(str(row[0]), str(row[1])) for row in described)
        types = zip(found.columns, found.types, strict=True)
        return tuple(Column(name, str(type_)) for name, type_ in types)

    def target(self, name: TableName, *, with_columns: bool = False) -> Target | None:
        """The table or view of a name in this database, or None."""
        return target_of(name, self, self._catalog, with_columns=with_columns)

    def has_table(self, name: str) -> bool:
        """Whether there is a table, maybe in another attached database.

        Args:
            name: The catalog, schema and name, joined by dots; all of them plain names.

        Raises:
            DatabaseError: It cannot be read.
        """
        return has_table(name, self)

    def indexes(self, name: TableName) -> tuple[Index, ...]:
        """The indexes of a table; those behind its keys and UNIQUE constraints are none."""
        return indexes_of(name, self)

    def type_called(self, text: str) -> str:
        """DuckDB's own name of a type: `BIGINT` for `int8`.

        Raises:
            RunError: It knows no such type.
        """
        try:
            return str(self.connection.sqltype(text))
        except duckdb.Error as error:
            raise RunError(f"DuckDB knows no type {text!r}") from error

    def forget_view(self, name: str) -> None:
        """Drops a temporary view, and whatever was registered under its name."""
        try:
            self.connection.unregister(name)
            self._run(f"DROP VIEW IF EXISTS temp.{name}")
        except (duckdb.Error, DatabaseError) as error:
            # An error before it matters more, such as that of a function that closed all of it.
            log.debug("%s is not dropped: %s", name, error)

    def _run(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """All rows that a statement gives; most of it may be carried out only as they are taken."""
        log.debug("%s", sql)
        if self._is_stopped:
            raise KeyboardInterrupt
        self._statement = next(self._statements)
        try:
            if parameters:
                self.connection.execute(sql, parameters)
            else:
                self.connection.execute(sql)
            found = self.connection.fetchall() if self.connection.description else []
            return cast("list[tuple[object, ...]]", found)
        except duckdb.Error as error:
            if self._is_interruptible and isinstance(error, duckdb.InterruptException):
                raise KeyboardInterrupt from error
            raise database_error(error, sql) from error
        except BaseException as error:
            # A signal's handler may have raised it, and DuckDB (1.4) lets the statement go on then.
            self.connection.interrupt()
            if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
                # That is how DuckDB's client tells of Ctrl-C.
                raise KeyboardInterrupt from error
            raise
        finally:
            self._statement = 0
