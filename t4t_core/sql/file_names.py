"""Files as a query names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, slots=True)
class FileName:
    """Files as a query names them.

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
