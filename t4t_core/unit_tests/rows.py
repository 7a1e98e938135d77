"""Tables filled with the rows that a test gives."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from t4t_core.config import nearest
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import Place, UsageError
from t4t_core.names import quoted
from t4t_core.planning.facts import Column
from t4t_core.sql.filling import Fill
from t4t_core.unit_tests.column_types import column_type, plain
from t4t_core.written.unit_tests import Rows, SqlRows

# What DuckDB 1.4 makes of a column of NULLs that nothing gives a type; 2.0 has a type for it, which
# no value fits.
_UNTYPED = "INTEGER"

_MOMENTS = ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")


class Shape(Struct, frozen=True):
    """The columns that a table of given rows has.

    Attributes:
        types: The type of columns that have one, whether the rows name them or not.
        is_closed: These are all the columns there are, and all of them are there.
        kept: Columns that are there, with NULL, where the rows leave them out.
        variables: What placeholders take in rows that a query gives.
    """

    types: tuple[Column, ...] = ()
    is_closed: bool = False
    kept: tuple[Column, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)


def column_names(rows: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """The columns that some of the rows name, each once, as the first one spells it."""
    names: dict[str, str] = {}
    for row in rows:
        for name in row:
            names.setdefault(name.lower(), name)
    return tuple(names.values())


def values_of(rows: Sequence[Mapping[str, object]], name: str) -> list[object]:
    """The values of a column, NULL where a row leaves it out."""
    wanted = name.lower()
    return [next((v for n, v in row.items() if n.lower() == wanted), None) for row in rows]


def shape_of(
    many: Sequence[Rows], declared: Sequence[Column], variables: Mapping[str, object]
) -> Shape:
    """The columns of a table that is given several times, so that its types stay the same.

    Args:
        many: What it is given.
        declared: Types that are written down.
        variables: For rows that a query gives.
    """
    written = {column.name.lower(): column for column in declared}
    rows = [row for given in many if isinstance(given, tuple) for row in given]
    for name in column_names(rows):
        found = column_type(values_of(rows, name))
        if found is not None:
            written.setdefault(name.lower(), Column(name, found))
    return Shape(tuple(written.values()), kept=tuple(declared), variables=variables)


def fill(table: str, rows: Rows, shape: Shape, warehouse: Warehouse, place: Place | None) -> None:
    """Makes a table of rows, in place of the one that stands there.

    Args:
        table: Its full name, quoted; a bare name is that of a temporary table.
        rows: The rows.
        shape: Its columns.
        warehouse: Without an open transaction.
        place: Where the rows are written, where that is known.

    Raises:
        UsageError: The rows have no columns, or others than a closed shape has.
        DatabaseError: A value does not fit its type.
    """
    match rows:
        case str():
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "rows.csv"
                file.write_text(textwrap.dedent(rows).strip() + "\n", "utf-8")
                _make(table, *_of_csv(file, shape, warehouse), shape, warehouse, place)
        case SqlRows():
            from t4t_core.parsing.query import parse_query

            query = parse_query(rows.sql, place or Place(Path("sql")))
            text = query.filled(Fill(query.place, shape.variables)).sql
            _make(table, text, (), shape, warehouse, place)
        case _:
            _make(table, *_of_values(rows, shape, place), shape, warehouse, place)


def _make(
    table: str,
    query: str,
    parameters: Sequence[object],
    shape: Shape,
    warehouse: Warehouse,
    place: Place | None,
) -> None:
    """Makes the table from a query, with the types and the columns of its shape."""
    warehouse.rows(f"CREATE OR REPLACE TEMPORARY TABLE t4t_given AS {query}", parameters)
    found = [
        Column(column.name, _UNTYPED if column.type == '"NULL"' else column.type)
        for column in warehouse.columns("SELECT * FROM temp.t4t_given")
    ]
    types = {column.name.lower(): column for column in shape.types}
    given = {column.name.lower() for column in found}
    if shape.is_closed:
        unknown = next((c.name for c in found if c.name.lower() not in types), None)
        if unknown is not None:
            names = [column.name for column in shape.types]
            raise UsageError(
                f"the table has no column {unknown!r}{nearest(unknown, names)}", place=place
            )
    columns = (*(types.get(c.name.lower(), c) for c in found), *shape.kept)
    if shape.is_closed:
        columns = shape.types
    unique = {column.name.lower(): column for column in columns}
    selected = [
        f"CAST({quoted(column.name) if column.name.lower() in given else 'NULL'} "
        f"AS {column.type}) AS {quoted(column.name)}"
        for column in unique.values()
    ]
    kind = "TABLE" if "." in table else "TEMPORARY TABLE"
    warehouse.execute(
        f"CREATE OR REPLACE {kind} {table} AS SELECT {', '.join(selected)} FROM temp.t4t_given"
    )
    warehouse.execute("DROP TABLE temp.t4t_given")


def _of_csv(file: Path, shape: Shape, warehouse: Warehouse) -> tuple[str, tuple[object, ...]]:
    """Reads a file as a seed is read, with the types that are known."""
    options = "header = true, sample_size = -1, delim = ','"
    names = warehouse.rows(
        f"SELECT column_name FROM (DESCRIBE FROM read_csv(?, {options}))", (str(file),)
    )
    in_file = {str(name).lower(): str(name) for (name,) in names}
    types = {
        in_file[column.name.lower()]: column.type
        for column in shape.types
        if column.name.lower() in in_file
    }
    if not types:
        return f"SELECT * FROM read_csv(?, {options})", (str(file),)
    return f"SELECT * FROM read_csv(?, {options}, types = ?)", (str(file), types)


def _of_values(
    rows: Sequence[Mapping[str, object]], shape: Shape, place: Place | None
) -> tuple[str, list[object]]:
    names = column_names(rows) or tuple(column.name for column in shape.types)
    if not names:
        raise UsageError(
            "a table without rows needs to know its columns",
            place=place,
            hint='give their types: "types": {"shop.orders": {"id": "BIGINT"}}, or CSV text with '
            "a header",
        )
    types = {column.name.lower(): column.type for column in shape.types}
    marks = [
        f"CAST(? AS {types[name.lower()]})" if name.lower() in types else "?" for name in names
    ]
    listed = ", ".join(quoted(name) for name in names)
    if not rows:
        nothing = ", ".join(f"CAST(NULL AS {types[name.lower()]})" for name in names)
        return f"SELECT * FROM (VALUES ({nothing})) AS r ({listed}) WHERE false", []
    columns = [values_of(rows, name) for name in names]
    row = f"({', '.join(marks)})"
    return (
        f"SELECT * FROM (VALUES {', '.join([row] * len(rows))}) AS r ({listed})",
        [
            plain(value) if types.get(name.lower()) in _MOMENTS else value
            for values in zip(*columns, strict=True)
            for name, value in zip(names, values, strict=True)
        ],
    )
