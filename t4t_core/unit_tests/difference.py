"""Where a table differs from the rows that a test expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from t4t_core.config import nearest
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import Place, UsageError
from t4t_core.names import quoted
from t4t_core.planning.facts import Column, column_named
from t4t_core.text_table import text_table
from t4t_core.unit_tests.column_types import column_type
from t4t_core.unit_tests.rows import Shape, column_names, fill, values_of
from t4t_core.written.unit_tests import Rows

SHOWN = 10
_EXPECTED = "t4t_expected"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS = frozenset({*_WHOLE, *(f"U{name}" for name in _WHOLE), "FLOAT", "DOUBLE"})


def difference(
    table: str,
    columns: Sequence[Column],
    expected: Rows,
    warehouse: Warehouse,
    place: Place | None,
    variables: Mapping[str, object],
) -> str | None:
    """The rows that are missing in a table, and those that it should not have; None for none.

    Only the columns that the expected rows name are compared, or all where there are no rows. Rows
    are a bag: their order does not count, how often one comes does. NULL equals NULL. Numbers are
    compared as numbers and times as times, whatever their types; nothing is rounded.

    Args:
        table: Its full name, quoted.
        columns: Its columns.
        expected: The rows.
        warehouse: Without an open transaction.
        place: Where the rows are written, where that is known.
        variables: What placeholders take in rows that a query gives.

    Raises:
        UsageError: The expected rows name other columns, or values that cannot be in them.
        DatabaseError: They cannot be compared.
    """
    if expected == ():
        warehouse.execute(f"CREATE TEMPORARY TABLE {_EXPECTED} AS FROM {table} LIMIT 0")
    else:
        shape = _shape(expected, columns, place, variables)
        fill(_EXPECTED, expected, shape, warehouse, place)
    try:
        named = warehouse.columns(f"SELECT * FROM temp.{_EXPECTED}")
        _refuse_unknown([column.name for column in named], columns, place)
        return _told(table, [column.name for column in named], warehouse)
    finally:
        warehouse.execute(f"DROP TABLE temp.{_EXPECTED}")


def _told(table: str, names: Sequence[str], warehouse: Warehouse) -> str | None:
    listed = ", ".join(quoted(name) for name in names)
    expected, actual = f"SELECT {listed} FROM temp.{_EXPECTED}", f"SELECT {listed} FROM {table}"
    sides = {
        "missing": f"{expected} EXCEPT ALL {actual}",
        "unexpected": f"{actual} EXCEPT ALL {expected}",
    }
    counts = {
        side: warehouse.number(f"SELECT count(*) FROM ({sql})") for side, sql in sides.items()
    }
    if not any(counts.values()):
        return None
    parts = " UNION ALL ".join(
        f"(SELECT '{side}' AS t4t_side, * FROM ({sql}) ORDER BY ALL LIMIT {SHOWN})"
        for side, sql in sides.items()
    )
    texts = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
    rows = warehouse.rows(f"SELECT t4t_side, {texts} FROM ({parts}) ORDER BY {listed}, t4t_side")
    lines = [
        text_table(
            [["NULL" if value is None else value for value in row] for row in rows], ["", *names]
        )
    ]
    lines += [
        f"and {count - SHOWN:,} more {side}" for side, count in counts.items() if count > SHOWN
    ]
    return "\n".join(lines)


class _Kind(Struct, frozen=True):
    """What values of a column are written as."""

    is_text: bool
    is_number: bool

    @classmethod
    def of(cls, type_: str) -> _Kind:
        is_text = type_ in ("VARCHAR", "JSON") or type_.startswith("ENUM")
        return cls(is_text, type_ in _NUMBERS or type_.startswith("DECIMAL"))


def _shape(
    expected: Rows, columns: Sequence[Column], place: Place | None, variables: Mapping[str, object]
) -> Shape:
    """The types of the expected rows: those of their own values, so that none is rounded."""
    if not isinstance(expected, tuple):
        texts = [Column(c.name, "VARCHAR") for c in columns if _Kind.of(c.type).is_text]
        return Shape(tuple(texts) if isinstance(expected, str) else (), variables=variables)
    names = column_names(expected)
    _refuse_unknown(names, columns, place)
    for number, row in enumerate(expected, start=1):
        left_out = {name.lower() for name in names} - {name.lower() for name in row}
        if left_out:
            raise UsageError(
                f"row {number} of 'expect' leaves out {', '.join(sorted(left_out))}, which other "
                "rows name",
                place=place,
                hint="write None for NULL",
            )
    found = []
    for name in names:
        actual = column_named(tuple(columns), name)
        assert actual is not None, "looked at above"
        type_ = _expected_type(actual, values_of(expected, name), place)
        if type_ is not None:
            found.append(Column(name, type_))
    return Shape(tuple(found), variables=variables)


def _expected_type(actual: Column, values: Sequence[object], place: Place | None) -> str | None:
    held = [value for value in values if value is not None]
    kind, own = _Kind.of(actual.type), column_type(held)
    has_text = any(isinstance(value, str) for value in held)
    if not held:
        return actual.type
    if kind.is_text:
        if not all(isinstance(value, str) for value in held):
            raise _misfit(actual, next(v for v in held if not isinstance(v, str)), place)
        return "VARCHAR"
    if kind.is_number and has_text:
        raise _misfit(actual, next(v for v in held if isinstance(v, str)), place)
    if actual.type == "FLOAT" or own == "VARCHAR":
        return actual.type
    return own


def _misfit(column: Column, value: object, place: Place | None) -> UsageError:
    return UsageError(
        f"'expect' has {value!r} in the column {column.name!r}, which is {column.type}",
        place=place,
    )


def _refuse_unknown(names: Sequence[str], columns: Sequence[Column], place: Place | None) -> None:
    known = [column.name for column in columns]
    unknown = next((name for name in names if column_named(tuple(columns), name) is None), None)
    if unknown is not None:
        raise UsageError(
            f"'expect' names the column {unknown!r}, which the table does not have"
            f"{nearest(unknown, known)}",
            place=place,
            hint=f"it has {', '.join(known)}",
        )
