"""SQL texts as queries and conditions, parsed only where they were not read before.

What a text says is kept in the project's folder under a hash of the text, so that loading an
unchanged project parses nothing. The file may be lost, broken or somebody else's at any time: it is
believed only where its digest says that this very code wrote it whole.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
from collections.abc import Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import uuid4

from pydantic import TypeAdapter

from t4t_core.errors import Place
from t4t_core.release import sqlglot_release
from t4t_core.sql.condition import Condition
from t4t_core.sql.query import Query
from t4t_core.sql.reading import Reading, said

FOLDER, FILE = ".t4t", "sql.jsonl"
SWITCH = "T4T_CACHE"

log = logging.getLogger("t4t_core.cache")


@dataclass(frozen=True, slots=True)
class Kept:
    """What texts say, by their keys."""

    queries: dict[str, Reading] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Set[str], Set[str]]:
        """Which texts they are."""
        return self.queries.keys(), self.conditions.keys()


class SqlTexts:
    """Reads SQL texts.

    Attributes:
        dialect: The sqlglot dialect that queries are written in.
    """

    def __init__(self, dialect: str, known: Kept, file: Path | None) -> None:
        self.dialect = dialect
        self._known = known
        self._used = Kept()
        self._file = file

    def query(self, text: str, place: Place) -> Query:
        """The query that a text holds.

        Raises:
            SqlError: As `parse_model` does.
        """
        key = _key(text, self.dialect)
        reading = self._known.queries.get(key)
        if reading is None:
            from t4t_core.parsing.model_query import parse_model
            from t4t_core.parsing.query import reading_of

            query = parse_model(text, place, self.dialect)
            reading = reading_of(query)
        else:
            query = Query(**said(reading), text=text, place=place, dialect=self.dialect)
        self._used.queries[key] = reading
        return query

    def condition(self, text: str, place: Place) -> Condition:
        """The condition that a text of metadata holds, in DuckDB's SQL.

        Raises:
            SqlError: As `read_condition` does.
        """
        key = _key(text, "duckdb")
        condition = self._known.conditions.get(key)
        if condition is None:
            from t4t_core.parsing.query import read_condition

            condition = read_condition(text, place)
        self._used.conditions[key] = condition
        return condition

    def keep(self) -> None:
        """Keeps what the texts read since the start say, and forgets all other.

        Without a file, or where it cannot be written, nothing is kept.
        """
        if self._file is None or self._used.keys == self._known.keys:
            return
        body = _adapter().dump_json(self._used)
        try:
            _write(self._file, _digest(body).encode() + b"\n" + body)
        except OSError as error:
            log.debug("what the SQL says is not kept: %s", error)


def sql_texts(folder: Path, dialect: str) -> SqlTexts:
    """The SQL texts of the project in a folder; the environment variable T4T_CACHE=0 keeps none."""
    if os.environ.get(SWITCH) == "0":
        return SqlTexts(dialect, Kept(), None)
    file = folder / FOLDER / FILE
    try:
        known = _read(file)
    except FileNotFoundError:
        known = Kept()
    except (OSError, ValueError) as error:
        log.debug("%s is not used: %s", file, error)
        known = Kept()
    return SqlTexts(dialect, known, file)


def _read(file: Path) -> Kept:
    """What is kept.

    Raises:
        ValueError: This code did not write it, or not all of it is there.
    """
    digest, _, body = file.read_bytes().partition(b"\n")
    if digest != _digest(body).encode():
        raise ValueError("another version of t4t wrote it, or it is broken")
    return _adapter().validate_json(body, strict=True)


def _write(file: Path, content: bytes) -> None:
    """Replaces the file at once, so that another process reads the old or the new one whole."""
    if not file.parent.is_dir():
        file.parent.mkdir()
        (file.parent / ".gitignore").write_text("*\n", "utf-8")
    new = file.with_name(f"{file.name}.{uuid4().hex}")
    try:
        new.write_bytes(content)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@cache
def _adapter() -> TypeAdapter[Kept]:
    return TypeAdapter(Kept)


def _key(text: str, dialect: str) -> str:
    return hashlib.sha256(f"{dialect}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _digest(body: bytes) -> str:
    return hashlib.sha256(f"{_maker()}\n".encode() + body).hexdigest()


@cache
def _maker() -> str:
    """What a text's reading depends on besides the text: the code that reads it."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    readers = [*(package / "parsing").glob("*.py"), *(package / "sql").glob("*.py")]
    for file in [package / "names.py", Path(__file__), *sorted(readers)]:
        code.update(file.read_bytes())
    return f"{code.hexdigest()} {sqlglot_release()} {platform.python_version()}"
