"""Which schemas and tables a database has, and how many rows they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from t4t_core.engines.duckdb import Warehouse
from t4t_core.names import TableName, quoted, quoted_text
from t4t_core.sql.names import table

# Up to so many names are looked up one by one, which is faster than to list all tables.
_FEW = 8
# Planning a longer statement takes longer than that of its parts.
_AT_ONCE = 50


def row_counts(
    warehouse: Warehouse, names: Iterable[TableName], catalog: str
) -> Mapping[tuple[str, str], int | Literal["view"]]:
    """The rows of each table by its key. What is not there is left out."""
    wanted = {name.key: name for name in names}
    if len(wanted) > _FEW:
        kinds = _listed(warehouse)
    else:
        targets = {key: warehouse.target(name) for key, name in wanted.items()}
        kinds = {key: target.kind for key, target in targets.items() if target is not None}
    found: dict[tuple[str, str], int | Literal["view"]] = {
        key: "view" for key in wanted if kinds.get(key) == "view"
    }
    tables = [(key, name) for key, name in wanted.items() if kinds.get(key) == "table"]
    for part in _parts(tables):
        counts = (
            f"SELECT {at} AS place, count(*) FROM {table(name, catalog)}"
            for at, (_, name) in enumerate(part)
        )
        rows = sorted(warehouse.rows(" UNION ALL ".join(counts)))
        found |= {key: int(str(row[1])) for (key, _), row in zip(part, rows, strict=True)}
    return found


def schemas(warehouse: Warehouse) -> set[str]:
    """The schemas of the database, in lower case."""
    rows = warehouse.rows(
        "SELECT lower(schema_name) FROM duckdb_schemas() WHERE database_name = current_database()"
    )
    return {str(schema) for (schema,) in rows}


def has_triggers(warehouse: Warehouse) -> bool:
    """Whether a table has one, by which a statement on it may write other tables (DuckDB 2.0)."""
    return bool(warehouse.rows("SELECT 1 FROM duckdb_triggers() LIMIT 1"))


def is_steady(warehouse: Warehouse, name: TableName) -> bool:
    """Whether a name is a table of the database's own that holds what was written, all of it.

    A generated column may be `random()`, and is computed when it is read (DuckDB 1.4 to 2.0).
    """
    target = warehouse.target(name)
    if target is None or target.kind != "table":
        return False
    written = quoted_text(f"{quoted(name.schema)}.{quoted(name.name)}")
    # It shows what generates a column as its default. To list tables takes ten times as long.
    if not warehouse.rows(f"SELECT 1 FROM pragma_table_info({written}) WHERE dflt_value NOT NULL"):
        return True
    return bool(
        warehouse.rows(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() "
            "AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) "
            "AND NOT contains(sql, 'GENERATED ALWAYS AS')",
            name.parts,
        )
    )


def _parts(
    tables: list[tuple[tuple[str, str], TableName]],
) -> Iterator[list[tuple[tuple[str, str], TableName]]]:
    for start in range(0, len(tables), _AT_ONCE):
        yield tables[start : start + _AT_ONCE]


def _listed(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    rows = warehouse.rows(
        "SELECT schema_name, table_name, 'table' FROM duckdb_tables() "
        "WHERE database_name = current_database() UNION ALL "
        "SELECT schema_name, view_name, 'view' FROM duckdb_views() "
        "WHERE database_name = current_database() AND NOT internal"
    )
    return {TableName(str(schema), str(name)).key: str(kind) for schema, name, kind in rows}
