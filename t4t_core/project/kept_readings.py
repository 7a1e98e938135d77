"""What texts of SQL and metadata say, kept in the project's folder between loads.

The file may be lost, broken or somebody else's at any time: it is believed only where its digest
says that this very code wrote it whole.
"""

from __future__ import annotations

import hashlib
import logging
import marshal
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from uuid import uuid4

import msgspec
from msgspec import DecodeError, EncodeError, Struct, ValidationError, convert, field, json
from msgspec.structs import astuple

from t4t_core.checks.sql_reader import Kind
from t4t_core.config.checks import SqlTestConfig
from t4t_core.config.function import FunctionConfig
from t4t_core.config.model import ModelConfig
from t4t_core.config.seed import SeedConfig
from t4t_core.release import pydantic_release, sqlglot_release
from t4t_core.sql.condition import Condition
from t4t_core.sql.macro import Macro
from t4t_core.sql.reading import Reading
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.table_ref import TableRef

FOLDER, FILE = ".t4t", "kept.jsonl"
SWITCH = "T4T_CACHE"

_AS_THEY_ARE: Final = frozenset({str, int, float, bool, bytes, type(None)})
_OF_TIME: Final = frozenset({date, datetime, time})

Said = TypeVar("Said")
Checked = TypeVar("Checked", bound=Struct)

log = logging.getLogger("t4t_core.cache")


class Kept(Struct, frozen=True):
    """What texts and values say, by what they were read as and by their keys.

    Attributes:
        hooks: Statements that stand around a model's.
        macros: Statements that make a function of SQL.
        bodies: Functions of SQL that are an expression and no statement.
        tables: Names of tables; None for what is no name.
        types: DuckDB's names of types; None for what is no type.
        translated_types: The same of another dialect's types.
        functions: Whether SQL has a function of this name.
        dialects: Whether there is a dialect of this name.
        models: Metadata; so the next ones.
        rules: `params` of data tests.
        plain: Values that say, once they were checked, just what they are.
    """

    queries: dict[str, Reading] = field(default_factory=dict)
    tests: dict[str, Reading] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    hooks: dict[str, SlottedText] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    bodies: dict[str, Macro] = field(default_factory=dict)
    tables: dict[str, TableRef | None] = field(default_factory=dict)
    types: dict[str, str | None] = field(default_factory=dict)
    translated_types: dict[str, str] = field(default_factory=dict)
    functions: dict[str, bool] = field(default_factory=dict)
    dialects: dict[str, bool] = field(default_factory=dict)
    models: dict[str, ModelConfig] = field(default_factory=dict)
    seeds: dict[str, SeedConfig] = field(default_factory=dict)
    sql_tests: dict[str, SqlTestConfig] = field(default_factory=dict)
    function_metadata: dict[str, FunctionConfig] = field(default_factory=dict)
    rules: dict[str, Kind] = field(default_factory=dict)
    plain: dict[str, bool] = field(default_factory=dict)

    def keys(self) -> Iterator[frozenset[str]]:
        """Which texts they are."""
        return (frozenset(texts) for texts in astuple(self))


class KeptReadings:
    """Gives what texts say, which are read only where that is not known."""

    def __init__(self, known: Kept, file: Path | None) -> None:
        self._known = known
        self._used = Kept()
        self._file = file

    def reading(
        self, kind: Callable[[Kept], dict[str, Said]], read: Callable[[], Said], *words: str
    ) -> Said:
        """What a text says.

        Args:
            kind: Among which readings it is.
            read: Reads it. What raises is not kept.
            words: The text, and all else that its reading depends on besides the code.
        """
        # With their lengths, so that other words never make the same text together.
        together = f"{[len(word) for word in words]}{''.join(words)}"
        key = hashlib.sha256(together.encode("utf-8", "surrogatepass")).hexdigest()
        used, known = kind(self._used), kind(self._known)
        if key not in used:
            used[key] = known[key] if key in known else read()
        return used[key]

    def checked(
        self, what: type[Checked], read: Callable[[], Checked], written: Mapping[str, object]
    ) -> Checked:
        """What values say that a user wrote.

        Args:
            what: What they are about.
            read: Checks them. What raises is not kept.
            written: The values, on which alone it depends what they say.
        """
        key = _key_of(what, written)
        if key is None:
            return read()
        kind = _KINDS.get(what, _rules)
        used = cast(dict[str, Checked], kind(self._used))
        found = used.get(key) or cast(dict[str, Checked], kind(self._known)).get(key)
        if found is None:
            found = read()
            if not _can_be_kept(found):
                return found
        used[key] = found
        return found

    def checked_in_secret(
        self, what: type[Checked], read: Callable[[], Checked], written: Mapping[str, object]
    ) -> Checked:
        """The same, of which nothing is kept but whether the values say just what they are.

        For those with passwords in them.
        """
        key = _key_of(what, written)
        if key is not None and key in self._known.plain:
            self._used.plain[key] = True
            return convert(written, what)
        found = read()
        if key is not None and _is_plain(written, found):
            self._used.plain[key] = True
        return found

    def keep(self) -> None:
        """Keeps what the texts read since the start say, and forgets all other.

        Without a file, or where it cannot be written, nothing is kept.
        """
        if self._file is None or list(self._used.keys()) == list(self._known.keys()):
            return
        body = json.encode(self._used)
        try:
            _write(self._file, _digest(body).encode() + b"\n" + body)
        except OSError as error:
            log.debug("what was read is not kept: %s", error)


def nothing_kept() -> KeptReadings:
    """Readings that are known to no load before or after."""
    return KeptReadings(Kept(), None)


def kept_readings(folder: Path) -> KeptReadings:
    """The readings of the project in a folder; the environment variable T4T_CACHE=0 keeps none."""
    if os.environ.get(SWITCH) == "0":
        return nothing_kept()
    file = folder / FOLDER / FILE
    try:
        known = _read(file)
    except FileNotFoundError:
        known = Kept()
    except (OSError, ValueError, DecodeError) as error:
        log.debug("%s is not used: %s", file, error)
        known = Kept()
    return KeptReadings(known, file)


_KINDS: Mapping[type[Struct], Callable[[Kept], dict[str, Any]]] = {
    ModelConfig: lambda kept: kept.models,
    SeedConfig: lambda kept: kept.seeds,
    SqlTestConfig: lambda kept: kept.sql_tests,
    FunctionConfig: lambda kept: kept.function_metadata,
}


def _rules(kept: Kept) -> dict[str, Kind]:
    return kept.rules


def _key_of(what: type[Struct], written: object) -> str | None:
    """Of values: other ones have another. None where some are of kinds that are not kept."""
    try:
        content = marshal.dumps((what.__name__, _to_marshal(written)), 2)
    except (ValueError, RecursionError):
        return None
    return hashlib.sha256(content).hexdigest()


def _to_marshal(value: Any) -> Any:
    """The value, of which `marshal` in version 2 tells each other one apart.

    Raises:
        ValueError: A subclass, or whatever else looks like another value in there.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return {_to_marshal(key): _to_marshal(item) for key, item in value.items()}
    if kind is list:
        return [_to_marshal(item) for item in value]
    if kind is tuple:
        return tuple(_to_marshal(item) for item in value)
    if kind in _OF_TIME:
        return (..., kind.__name__, value.isoformat(), getattr(value, "fold", 0))
    raise ValueError(f"values of {kind} are not kept")


def _can_be_kept(found: Struct) -> bool:
    """Whether it is the same after it was kept. A date is not, nor what no file could hold."""
    try:
        return bool(json.decode(json.encode(found), type=type(found)) == found)
    except (TypeError, ValueError, DecodeError, EncodeError, OverflowError, RecursionError):
        return False


def _is_plain(written: object, found: Struct) -> bool:
    """Whether values need no more than names for what was found in them."""
    try:
        return bool(convert(written, type(found)) == found)
    except ValidationError:
        return False


def _read(file: Path) -> Kept:
    """What is kept.

    Raises:
        ValueError: This code did not write it, or not all of it is there.
        DecodeError: It says nothing that is kept; before msgspec 0.22 that is no ValueError.
    """
    digest, _, body = file.read_bytes().partition(b"\n")
    if digest != _digest(body).encode():
        raise ValueError("another version of t4t wrote it, or it is broken")
    return json.decode(body, type=Kept)


def _write(file: Path, content: bytes) -> None:
    """Replaces the file at once, so that another process reads the old or the new one whole."""
    if not file.parent.is_dir():
        file.parent.mkdir()
        (file.parent / ".gitignore").write_text("*\n", "utf-8")
    new = file.with_name(f"{file.name}.{uuid4().hex}")
    try:
        # Python files may bring passwords into hooks and metadata.
        new.touch(0o600, exist_ok=False)
        new.write_bytes(content)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _digest(body: bytes) -> str:
    return hashlib.sha256(f"{_maker()}\n".encode() + body).hexdigest()


@cache
def _maker() -> str:
    """What a reading depends on besides the text or values: the code that reads them."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    own = [package / "names.py", package / "values.py"]
    own += [Path(__file__), Path(__file__).with_name("sql_texts.py")]
    folders = ("parsing", "sql", "config", "written", "checks")
    readers = [file for folder in folders for file in (package / folder).glob("*.py")]
    for file in [*own, *sorted(readers)]:
        code.update(file.read_bytes())
    libraries = f"{sqlglot_release()} {pydantic_release()} {msgspec.__version__}"
    return f"{code.hexdigest()} {libraries} {platform.python_version()}"
