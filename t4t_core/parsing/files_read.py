"""Which files a query reads, as far as its text says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sqlglot import exp, parse_one

from t4t_core.parsing.duckdb_as_written import DuckDBAsWritten
from t4t_core.parsing.tables import is_cte
from t4t_core.sql.file_names import READERS, FileName, UnreadableNameError, is_named_file
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql

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


def files_read(query: Sql, is_own: Callable[[str], bool]) -> Iterator[FileName]:
    """The files that a query names, in the order of its tree.

    Args:
        query: With its values filled in.
        is_own: Whether a function of this name is the project's, which stands before DuckDB's.

    Raises:
        UnreadableNameError: A name is not written out, or an option may name other files.
    """
    for node in parse_one(query, dialect=DuckDBAsWritten).dfs():
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
