"""Files as a query names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from t4t_core.sql.paths import taken_from
from t4t_core.sql.table_ref import TableRef

# Table functions that read the files of their first argument and nothing else, by what they read.
_READERS: Final = {
    "csv": "read_csv read_csv_auto",
    "parquet": "read_parquet parquet_scan",
    "json": "read_json read_json_auto read_json_objects read_json_objects_auto read_ndjson "
    "read_ndjson_auto read_ndjson_objects",
    "text": "read_text read_blob",
}
READERS: Final = frozenset(name for names in _READERS.values() for name in names.split())
# What DuckDB reads a file by that stands in a table's place.
_ENDINGS: Final = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
_PACKED: Final = (".gz", ".zst")


class FileRead(Struct, frozen=True):
    """Files that a text names: by a name or a variable, or in a way that says nothing of them.

    Attributes:
        reader: The function that reads them; empty where they stand in a table's place.
        pattern: A name, maybe with wildcards.
        variable: Of which the value is a name, or a list of them.
        why_unknown: Why the text does not say which files are read, as a clause.
    """

    reader: str
    pattern: str = ""
    variable: str = ""
    why_unknown: str = ""


class FileName(Struct, frozen=True):
    """Files as a query names them when it runs.

    Attributes:
        pattern: A name, maybe with wildcards.
        is_table: It stands where a table's name could.
    """

    pattern: str
    is_table: bool = False


class UnreadableNameError(Exception):
    """What a query reads is not said by its text; the error's text says where, as a clause."""


def is_named_file(ref: TableRef) -> bool:
    """Whether DuckDB reads a file for a name in a table's place, where there is no such table."""
    name = ref.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return not ref.schema and name.endswith(_ENDINGS)


def file_names(
    read: Iterable[FileRead],
    values: Mapping[str, object],
    folder: Path,
    is_own: Callable[[str], bool],
) -> Iterator[FileName]:
    """The files that are read, in the order of what the text says of them.

    Args:
        read: What the text says.
        values: Of its variables.
        folder: That relative names are taken from.
        is_own: Whether a function of this name is the project's, which stands before DuckDB's.

    Raises:
        UnreadableNameError: The text does not say which.
    """
    for one in read:
        if one.reader and is_own(one.reader):
            continue
        if one.why_unknown:
            raise UnreadableNameError(one.why_unknown)
        value = values[one.variable] if one.variable else one.pattern
        names = value if isinstance(value, list | tuple) else [value]
        if not names or not all(isinstance(name, str) for name in names):
            raise UnreadableNameError(f"@{one.variable} is no file's name")
        for name in names:
            yield FileName(taken_from(folder, str(name)), is_table=not one.reader)
