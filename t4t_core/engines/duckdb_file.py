"""Opening a DuckDB file that other processes may hold."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from t4t_core.errors import BrokenFileError, LockedError, OtherSettingsError, UsageError
from t4t_core.names import quoted, quoted_text

_MEMORY = ":memory:"
_OPEN_HERE = "Unique file handle conflict"
_LOCKED = ("Could not set lock on file", _OPEN_HERE)
_HOLDER = re.compile(r"Conflicting lock is held in (.+?)(?: by user|\. |\.$|$)")
# How DuckDB (1.4 to 2.0) begins its files, and tells of one that is cut off or damaged.
_MAGIC = b"DUCK"
_MAGIC_OFFSET = 8
_BROKEN = ("Could not read enough bytes", "not a valid DuckDB", "Corrupt database", "checksum")
# DuckDB 2.0.0 reads the head of a file before it has the file's lock, to see what kind of file it
# is, and then works with that head: what another process committed in between is overwritten. Where
# the kind is said, as here, the head is read under the lock. Versions before it did that always.
_OF_DUCKDB = "duckdb:" if int(duckdb.__version__.split(".")[0]) >= 2 else ""
_AS_DUCKDB = "TYPE duckdb"
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5

_ATTACHING = threading.Lock()

Opened = TypeVar("Opened")

log = logging.getLogger("t4t_core.engines")


def connect(
    file: Path,
    *,
    read_only: bool = False,
    lock_timeout_s: float = 60,
    settings: Mapping[str, str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection to a DuckDB file, waited for while another process holds it.

    DuckDB (1.4 to 2.0) lets one process write a file, and no other open it meanwhile. Folders on
    the way to a new file are made.

    Args:
        file: The file, or `:memory:`.
        read_only: Open for reading; the file must exist.
        lock_timeout_s: How long to wait for another process.
        settings: What to open it with. Within one process they must be those of every other
            connection to the file.

    Raises:
        LockedError: Another process held the file all that time.
        BrokenFileError: It is a DuckDB file, cut off or damaged.
        UsageError: The file cannot be opened at all, or is no DuckDB file.
    """
    if str(file) != _MEMORY and not read_only:
        _make_folder(file)
    return patiently(lambda: _open(file, read_only, settings), file, lock_timeout_s)


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection, file: Path, name: str, *, lock_timeout_s: float = 60
) -> Iterator[None]:
    """While this is open, the DuckDB file is a database of the connection, for writing.

    It takes a twentieth of the time that a connection of its own does (DuckDB 2.0). A file is
    attached by one thread of a process at a time.

    Args:
        connection: Without an open transaction.
        file: It is made where there is none, with the folders on its way.
        name: What the database is called meanwhile.
        lock_timeout_s: How long to wait for whoever has it open.

    Raises:
        LockedError: Another process, or another part of this one, had it open all that time.
        BrokenFileError: It is a DuckDB file, cut off or damaged.
        UsageError: The file cannot be opened at all, or is no DuckDB file.
    """
    _make_folder(file)
    attach = f"ATTACH {quoted_text(str(file))} AS {quoted(name)} ({_AS_DUCKDB})"
    with _ATTACHING:
        patiently(lambda: connection.execute(attach), file, lock_timeout_s)
        try:
            yield
        finally:
            connection.execute(f"DETACH {quoted(name)}")


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(file, error) from error


def patiently(opening: Callable[[], Opened], file: Path, lock_timeout_s: float) -> Opened:
    """What `opening` gives, tried again while somebody else holds the file.

    Raises:
        LockedError: Somebody held it all that time.
        BrokenFileError: It is a DuckDB file, cut off or damaged.
        UsageError: It cannot be opened at all.
    """
    started = time.monotonic()
    try:
        return opening()
    except duckdb.Error as error:
        if not _is_locked(error):
            raise _unusable(file, error) from error
        if lock_timeout_s <= 0:
            raise LockedError(file, _holder(error), 0) from error
        log.info("waiting for %s, held by %s", file, _holder(error) or "another process")
    # Imported here because a run seldom needs it.
    import tenacity

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_locked),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
        stop=tenacity.stop_after_delay(lock_timeout_s),
        reraise=True,
    )
    try:
        return attempts(opening)
    except duckdb.Error as error:
        if _is_locked(error):
            raise LockedError(file, _holder(error), time.monotonic() - started) from error
        raise _unusable(file, error) from error


def _is_locked(error: BaseException) -> bool:
    """Whether another process has the file, or (DuckDB 2.0) another part of this one."""
    return isinstance(error, duckdb.Error) and any(words in str(error) for words in _LOCKED)


def _open(
    file: Path, read_only: bool, settings: Mapping[str, str] | None
) -> duckdb.DuckDBPyConnection:
    opening = partial(duckdb.connect, read_only=read_only, config=dict(settings or {}))
    return opening(_MEMORY) if str(file) == _MEMORY else locked_first(opening, str(file))


def locked_first(
    opening: Callable[[str], duckdb.DuckDBPyConnection], file: str
) -> duckdb.DuckDBPyConnection:
    """A connection to a DuckDB file that DuckDB has locked before it read any of it.

    Args:
        opening: Opens what DuckDB takes for a file's name.
        file: The bare path.
    """
    try:
        connection = opening(f"{_OF_DUCKDB}{file}")
    except duckdb.Error as error:
        if not _OF_DUCKDB or _OPEN_HERE not in str(error):
            raise
        # Somebody has it open in this process by its bare path, and shares what was read then.
        return opening(file)
    if _OF_DUCKDB:
        _spill_beside(connection, file)
    return connection


def _spill_beside(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Has DuckDB spill where it does for a bare path: it takes the prefix for a part of it."""
    folder = str(connection.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])
    if folder.startswith(_OF_DUCKDB):
        connection.execute(f"SET GLOBAL temp_directory = {quoted_text(f'{file}.tmp')}")


def _holder(error: Exception) -> str | None:
    found = _HOLDER.search(" ".join(str(error).split()))
    return found[1] if found else None


def _unusable(file: Path, error: Exception) -> UsageError:
    text = str(error)
    if "different configuration" in text:
        return OtherSettingsError(
            f"{file} is open in this process with other settings",
            hint="open it there with the same settings, or through t4t's own resource",
        )
    kind = BrokenFileError if is_broken(file, error) else UsageError
    return kind(
        f"{file} cannot be opened: {text.splitlines()[0]}",
        hint="look whether it is a DuckDB file, and whether it and its folder may be written to",
    )


def is_broken(file: Path, error: Exception) -> bool:
    """Whether the error tells of a DuckDB file, or an empty one, that is damaged."""
    if not any(words in str(error) for words in _BROKEN):
        return False
    try:
        with file.open("rb") as opened:
            start = opened.read(_MAGIC_OFFSET + len(_MAGIC))
    except OSError:
        return False
    return not start or start[_MAGIC_OFFSET:] == _MAGIC
