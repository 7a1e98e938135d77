"""Opening a DuckDB file that other processes may hold."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb

from t4t_core.errors import BrokenFileError, LockedError, OtherSettingsError, UsageError

_LOCKED = "Could not set lock on file"
_HOLDER = re.compile(r"Conflicting lock is held in (.+?)(?: by user|\. |\.$|$)")
# How DuckDB (1.4 to 2.0) begins its files, and tells of one that is cut off or damaged.
_MAGIC = b"DUCK"
_MAGIC_OFFSET = 8
_BROKEN = ("Could not read enough bytes", "not a valid DuckDB", "Corrupt database", "checksum")
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5

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
    if str(file) != ":memory:" and not read_only:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(file, error) from error
    started = time.monotonic()
    try:
        return _open(file, read_only, settings)
    except duckdb.IOException as error:
        if _LOCKED not in str(error):
            raise _unusable(file, error) from error
        if lock_timeout_s <= 0:
            raise LockedError(file, _holder(error), 0) from error
        log.info("waiting for %s, held by %s", file, _holder(error) or "another process")
    except duckdb.Error as error:
        raise _unusable(file, error) from error
    return _connect_patiently(file, read_only, settings, lock_timeout_s, started)


def _connect_patiently(
    file: Path,
    read_only: bool,
    settings: Mapping[str, str] | None,
    lock_timeout_s: float,
    started: float,
) -> duckdb.DuckDBPyConnection:
    # Imported here because a run seldom needs it.
    import tenacity

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, duckdb.IOException) and _LOCKED in str(error)
        ),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
        stop=tenacity.stop_after_delay(lock_timeout_s),
        reraise=True,
    )
    try:
        return attempts(_open, file, read_only, settings)
    except duckdb.IOException as error:
        if _LOCKED in str(error):
            raise LockedError(file, _holder(error), time.monotonic() - started) from error
        raise _unusable(file, error) from error
    except duckdb.Error as error:
        raise _unusable(file, error) from error


def _open(
    file: Path, read_only: bool, settings: Mapping[str, str] | None
) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(file), read_only=read_only, config=dict(settings or {}))


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
        hint="look whether it is a DuckDB file and whether its folder can be written to",
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
