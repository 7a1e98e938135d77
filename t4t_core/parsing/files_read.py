"""Which files a query reads, as far as its text says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from t4t_core.parsing.tables import ReadTable
from t4t_core.sql.file_names import READERS, FileRead, is_named_file

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


def files_read(nodes: Iterable[exp.Expr], tables: Iterable[ReadTable]) -> Iterator[FileRead]:
    """The files that a query names: those that functions read first, in the order of its tree.

    Args:
        nodes: Those of the query in DuckDB's SQL that `nodes_of` gives.
        tables: Those among them that `tables_in` gives.
    """
    for node in nodes:
        if isinstance(node, exp.ReadCSV):
            yield from _arguments(node, "read_csv")
        elif isinstance(node, exp.ReadParquet):
            yield from _arguments(node, "read_parquet")
        elif isinstance(node, exp.Anonymous) and node.name.lower() in READERS:
            yield from _arguments(node, node.name.lower())
    for _, ref in tables:
        if is_named_file(ref):
            yield FileRead("", pattern=ref.name)


def _arguments(call: exp.Expr, reader: str) -> Iterator[FileRead]:
    if not isinstance(call.parent, exp.Table) or call.parent.db:
        yield FileRead(reader, why_unknown=f"{reader}() is called on no plain text")
        return
    arguments = list(call.expressions)
    if isinstance(call, exp.ReadCSV):
        arguments.insert(0, call.this)
    first, *options = arguments or [exp.Null()]
    is_list = isinstance(first, exp.Array) and first.expressions
    for name in first.expressions if is_list else [first]:
        yield _named(name, reader)
    for option in options:
        is_named = isinstance(option, exp.EQ | exp.PropertyEQ | exp.Kwarg)
        written = option.this.name.lower() if is_named else option.sql("duckdb")
        if written not in _OPTIONS:
            yield FileRead(reader, why_unknown=f"{reader}() takes {written}")


def _named(name: exp.Expr, reader: str) -> FileRead:
    if isinstance(name, exp.Placeholder):
        return FileRead(reader, variable=name.name)
    if isinstance(name, exp.Literal) and name.is_string:
        return FileRead(reader, pattern=name.name)
    return FileRead(reader, why_unknown=f"{reader}() is called on no plain text")
