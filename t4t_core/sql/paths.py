"""Names of files, of which relative ones are taken from a folder of ours.

DuckDB would take them from the working directory, which is another one for each way to start t4t.
"""

from __future__ import annotations

import re
from pathlib import Path

# A scheme (`s3://`), a drive (`C:\`), or a name that starts at the root or the user's folder.
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|[/\\~]")


def is_relative(name: str) -> bool:
    """Whether a name of a file is taken from a folder."""
    return bool(name) and not _ELSEWHERE.match(name)


def taken_from(folder: Path, name: str) -> str:
    """The name that DuckDB gets; it may have wildcards."""
    return (folder / name).as_posix() if is_relative(name) else name
