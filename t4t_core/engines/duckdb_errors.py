"""What an error of DuckDB's says, and where."""

from __future__ import annotations

import re

import duckdb

from t4t_core.errors import DatabaseError

_CARET = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)

_UNWRITTEN = "Could not write"
_UNMADE = "Cannot open file"
_TWO_DATABASES = "can only write to a single attached database"


def database_error(error: duckdb.Error, sql: str) -> DatabaseError:
    """The error of a statement in words of ours.

    Args:
        error: What DuckDB raised.
        sql: The statement.
    """
    return DatabaseError(
        _message_of(error),
        sql=sql,
        offset=_offset_of(error, sql),
        hint=_hint_for(error),
        is_transient=_is_conflict(error),
    )


def _message_of(error: duckdb.Error) -> str:
    """DuckDB's own words without its copy of the statement, which `-v` shows whole."""
    lines = str(error).strip().splitlines()
    kept = []
    for line in lines:
        # A page of overloads follows `Candidate functions:`.
        if line.startswith("LINE ") or line.strip() == "Candidate functions:":
            break
        if line.strip():
            kept.append(line.strip())
    return " ".join(kept)


def _offset_of(error: duckdb.Error, sql: str) -> int | None:
    """Where DuckDB's caret points to in the statement, from 0, or None where it draws none."""
    found = _CARET.search(str(error))
    if found is None:
        return None
    number, excerpt = int(found[1]), found[2]
    shown = excerpt.removeprefix("...")
    column = len(found[3]) - len(f"LINE {number}: ") - (len(excerpt) - len(shown))
    lines = sql.split("\n")
    start = lines[number - 1].find(shown.removesuffix("...")) if number <= len(lines) else -1
    if start < 0 or column < 0:
        return None
    return sum(len(line) + 1 for line in lines[: number - 1]) + start + column


def _is_conflict(error: duckdb.Error) -> bool:
    """Whether another connection got in between; a COMMIT fails for want of room as well."""
    is_final = _is_unwritten(error) or _TWO_DATABASES in str(error)
    return isinstance(error, duckdb.TransactionException) and not is_final


def _is_unwritten(error: duckdb.Error) -> bool:
    """Whether the disk refused; a COMMIT makes a file beside the database."""
    is_of_commit = isinstance(error, duckdb.TransactionException)
    return _UNWRITTEN in str(error) or (is_of_commit and _UNMADE in str(error))


def _hint_for(error: duckdb.Error) -> str | None:
    """What to try, or None."""
    if _is_unwritten(error):
        return "make room on the disk, or look whether the folder may be written to; then run again"
    if _TWO_DATABASES in str(error):
        return "DuckDB writes to one database in a transaction, and the model's table is in another"
    if isinstance(error, duckdb.TransactionException):
        return "another connection wrote the same rows; run again"
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            "set a greater memory_limit under [connection.limits] in project.toml, "
            "or a temp_directory with room; or run fewer models at a time"
        )
    return None
