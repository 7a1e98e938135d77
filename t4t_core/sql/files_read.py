"""Which files a query reads, as far as its text says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from t4t_core.sql.tables import TableRef, is_cte

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
# Options (DuckDB 1.4 to 2.0) that name no other file, key or table.
_OPTIONS: Final = frozenset(
    """
    all_varchar allow_empty allow_quoted_nulls array auto_detect auto_type_candidates
    binary_as_string buffer_size column_names column_types columns comment compression
    convert_strings_to_integers date_format dateformat decimal_separator delim delimiter dtypes
    encoding escape explicit_cardinality field_appearance_threshold file_row_number filename
    files_to_sniff force_not_null format header hive_partitioning hive_types hive_types_autocast
    ignore_errors map_inference_threshold max_line_size maximum_depth maximum_line_size
    maximum_object_size maximum_sample_files names new_line normalize_names null null_padding
    nullstr parallel quote records sample_size schema sep separator skip strict_mode thousands
    timestamp_format timestampformat types union_by_name
    """.split()  # noqa: SIM905  a list of strings would fill a screen
)


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


def files_read(nodes: Iterable[exp.Expr], is_own: Callable[[str], bool]) -> Iterator[FileName]:
    """The files that the nodes of a query name, in its order.

    Args:
        nodes: Of a query with its values filled in.
        is_own: Whether a function of this name is the project's, which stands before DuckDB's.

    Raises:
        UnreadableNameError: A name is not written out, or an option may name other files.
    """
    for node in nodes:
        name = _function(node)
        if name in READERS and not is_own(name):
            if not isinstance(node.parent, exp.Table) or node.parent.db:
                raise UnreadableNameError(f"{name}() is called on no plain text")
            yield from _arguments(node, name)
        elif (
            isinstance(node, exp.Table)
            and isinstance(node.this, exp.Identifier)
            and is_named_file(TableRef(node.catalog, node.db, node.name))
            and not is_cte(node)
        ):
            yield FileName(node.name, is_table=True)


def _function(node: exp.Expr) -> str:
    if isinstance(node, exp.ReadCSV):
        return "read_csv"
    if isinstance(node, exp.ReadParquet):
        return "read_parquet"
    return node.name.lower() if isinstance(node, exp.Anonymous) else ""


def _arguments(call: exp.Expr, name: str) -> Iterator[FileName]:
    arguments = list(call.expressions)
    if isinstance(call, exp.ReadCSV):
        arguments.insert(0, call.this)
    first, *options = arguments or [exp.Null()]
    named = first.expressions if isinstance(first, exp.Array) else [first]
    if not named:
        raise UnreadableNameError(f"{name}() is called on no plain text")
    for text in named:
        if not (isinstance(text, exp.Literal) and text.is_string):
            raise UnreadableNameError(f"{name}() is called on no plain text")
        yield FileName(text.name)
    for option in options:
        is_named = isinstance(option, exp.EQ | exp.PropertyEQ | exp.Kwarg)
        written = option.this.name.lower() if is_named else option.sql("duckdb")
        if written not in _OPTIONS:
            raise UnreadableNameError(f"{name}() takes {written}")
