"""Files that a query reads, whose relative names are taken from a folder of ours.

DuckDB would take them from the working directory, which is another one for each way to start t4t.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlglot import exp

from t4t_core.sql.tables import is_cte

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

# A scheme (`s3://`), a drive (`C:\`), or a name that starts at the root or the user's folder.
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|[/\\~]")


def with_files(tree: exp.Expr, folder: Path) -> exp.Expr:
    """The tree, changed in place, with relative names of files taken from a folder.

    They are those after FROM and the first arguments of functions that read files, as far as they
    are texts. An expression that gives a name when the query runs is left as it is.
    """
    for node in list(_relative_names(tree.dfs())):
        node.set("this", (folder / node.name).as_posix())
    return tree


def reads_relative_files(tree: exp.Expr) -> bool:
    """Whether the query names a file by a relative name."""
    return names_relative_files(tree.dfs())


def names_relative_files(nodes: Iterable[exp.Expr]) -> bool:
    """The same of the nodes of a tree."""
    return any(True for _ in _relative_names(nodes))


def _relative_names(nodes: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    for table in nodes:
        if not isinstance(table, exp.Table):
            continue
        if isinstance(table.this, exp.Identifier):
            is_relative = _is_file(table.name) and not _ELSEWHERE.match(table.name)
            if not table.db and is_relative and not is_cte(table):
                yield table.this
            continue
        for name in _first_argument(table.this):
            if name.name and not _ELSEWHERE.match(name.name):
                yield name


def _is_file(name: str) -> bool:
    """Whether DuckDB could read a table of this name from a file."""
    lowered = name.lower()
    for packed in _PACKED:
        lowered = lowered.removesuffix(packed)
    return lowered.endswith(_ENDINGS) or any(sign in name for sign in "/\\*")


def _first_argument(call: exp.Expr) -> list[exp.Expr]:
    """The texts in the first argument of a function that reads files."""
    if isinstance(call, exp.ReadCSV):
        argument = call.this
    elif isinstance(call, exp.ReadParquet) or (
        isinstance(call, exp.Anonymous) and call.name.lower() in _READERS
    ):
        argument = call.expressions[0] if call.expressions else None
    else:
        return []
    items = argument.expressions if isinstance(argument, exp.Array) else [argument]
    return [item for item in items if isinstance(item, exp.Literal) and item.is_string]
