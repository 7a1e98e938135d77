"""What tells that local files have changed."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from stat import S_ISREG
from typing import Final

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.names import TableName, quoted_text
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.resolution import MAIN_SCHEMA
from t4t_core.sql.file_names import FileName

# Two writes within a tick of a file system's clock, which may be two seconds, leave one time. Git
# calls a file that is younger than that racily clean.
_SETTLED_NS: Final = 3_000_000_000
# What is read there is made as it is read.
_VIRTUAL: Final = ("/proc/", "/sys/")
_CACHE: Final = (
    "SELECT 1 FROM duckdb_settings() "
    "WHERE name = 'validate_external_file_cache' AND value <> 'VALIDATE_ALL'"
)


def file_stamp(warehouse: Warehouse, name: FileName) -> str:
    """A text that another set of files, or another content of one, does not have.

    It is made of each file's name, inode, size and times of change, on POSIX those that no program
    can set. Files that are written after it was made have another one.

    Raises:
        UnknownInputError: They are not local, not there, or were just written.
    """
    if not Path(name.pattern).is_absolute():
        raise UnknownInputError(f"{name.pattern!r} is no local file")
    if name.is_table and warehouse.target(TableName(MAIN_SCHEMA, name.pattern)) is not None:
        raise UnknownInputError(f"a table has the name {name.pattern!r}")
    try:
        # DuckDB's own list: what a wildcard means elsewhere is something else.
        rows = warehouse.rows(f"SELECT file FROM glob({quoted_text(name.pattern)})")
        if warehouse.rows(_CACHE):
            raise UnknownInputError("validate_external_file_cache may keep rows of older files")
        found = [_stamp(str(file)) for (file,) in rows]
    except (DatabaseError, OSError) as error:
        raise UnknownInputError(f"{name.pattern!r} cannot be looked at") from error
    if not found:
        raise UnknownInputError(f"no file is called {name.pattern!r}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def _stamp(file: str) -> str:
    now = time.time_ns()
    real = Path(file).resolve(strict=True)
    stat = real.stat()
    if not S_ISREG(stat.st_mode) or str(real).startswith(_VIRTUAL):
        raise UnknownInputError(f"{file!r} is no file on a disk")
    if max(stat.st_mtime_ns, stat.st_ctime_ns) > now - _SETTLED_NS:
        raise UnknownInputError(f"{file!r} was written a moment ago")
    # Not the device, which for a network's drive is another one each time it is mounted.
    parts = (file, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return repr(parts)
