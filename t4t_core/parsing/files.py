"""Where a query names the files that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from t4t_core.parsing.tables import is_cte
from t4t_core.sql.paths import is_relative

# Table functions whose first argument names files.
_READERS = frozenset(
    """
    read_csv read_csv_auto sniff_csv read_parquet parquet_scan parquet_metadata parquet_schema
    parquet_file_metadata parquet_kv_metadata read_json read_json_auto read_json_objects
    read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_text read_blob
    read_xlsx read_avro read_duckdb glob st_read sqlite_scan iceberg_scan delta_scan
    """.split()  # noqa: SIM905  a list of strings would fill a screen
)

_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx", ".avro")
_PACKED = (".gz", ".zst")


def relative_names(nodes: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """The relative names of files among the nodes of a query.

    They are those after FROM and the first arguments of functions that read files, as far as they
    are texts. An expression that gives a name when the query runs is left as it is.
    """
    for table in nodes:
        if not isinstance(table, exp.Table):
            continue
        if isinstance(table.this, exp.Identifier):
            is_file = _is_file(table.name) and is_relative(table.name)
            if not table.db and is_file and not is_cte(table):
                yield table.this
            continue
        for name in _first_argument(table.this):
            if isinstance(name, exp.Literal) and name.is_string and is_relative(name.name):
                yield name


def variable_names(nodes: Iterable[exp.Expr]) -> Iterator[tuple[exp.Expr, set[str]]]:
    """The calls that read files which variables name, each with the names of these variables."""
    for table in nodes:
        if isinstance(table, exp.Table) and not isinstance(table.this, exp.Identifier):
            named = _first_argument(table.this)
            variables = {name.name for name in named if isinstance(name, exp.Placeholder)}
            if variables:
                yield table.this, variables


def _is_file(name: str) -> bool:
    """Whether DuckDB could read a table of this name from a file."""
    lowered = name.lower()
    for packed in _PACKED:
        lowered = lowered.removesuffix(packed)
    return lowered.endswith(_ENDINGS) or any(sign in name for sign in "/\\*")


def _first_argument(call: exp.Expr) -> list[exp.Expr]:
    """What the first argument of a function that reads files consists of."""
    if isinstance(call, exp.ReadCSV):
        argument = call.this
    elif isinstance(call, exp.ReadParquet) or (
        isinstance(call, exp.Anonymous) and call.name.lower() in _READERS
    ):
        argument = call.expressions[0] if call.expressions else None
    else:
        return []
    items = argument.expressions if isinstance(argument, exp.Array) else [argument]
    return [item for item in items if item is not None]
