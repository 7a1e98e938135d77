"""Which types hold every value of another, as DuckDB itself sees them."""

from __future__ import annotations

from itertools import product

import duckdb
import pytest

from t4t_core.schema.widening import widens

# The values of each type that are hardest to hold.
EXTREMES = {
    "TINYINT": ["-128", "127"],
    "SMALLINT": ["-32768", "32767"],
    "INTEGER": ["-2147483648", "2147483647"],
    "BIGINT": ["-9223372036854775808", "9223372036854775807"],
    "HUGEINT": ["170141183460469231731687303715884105727"],
    "UTINYINT": ["255"],
    "USMALLINT": ["65535"],
    "UINTEGER": ["4294967295"],
    "UBIGINT": ["18446744073709551615"],
    "UHUGEINT": ["340282366920938463463374607431768211455"],
    "FLOAT": ["3.4028234e38", "0.1"],
    "DOUBLE": ["1.7976931348623157e308", "0.1"],
    "DECIMAL(5,2)": ["-999.49", "0.01"],
    "DECIMAL(12,2)": ["9999999999.49"],
    "DECIMAL(20,10)": ["9999999998.0000000001"],
    "DECIMAL(38,0)": ["99999999999999999999999999999999999999"],
    "DATE": ["1000-01-01", "9999-12-31"],
    "TIMESTAMP_S": ["9999-12-31 23:59:59"],
    "TIMESTAMP_MS": ["9999-12-31 23:59:59.999"],
    "TIMESTAMP": ["9999-12-31 23:59:59.999999"],
    "TIMESTAMP WITH TIME ZONE": ["9999-12-31 23:59:59.999999+00"],
    "VARCHAR": ["007", ""],
    "BOOLEAN": ["true"],
    "INTEGER[]": ["[2147483647]"],
    "BIGINT[]": ["[9223372036854775807]"],
    "ENUM('x', 'y')": ["y"],
}
WIDENING = [(a, b) for a, b in product(EXTREMES, EXTREMES) if a != b and widens(a, b)]


def test_a_wider_type_holds_every_value() -> None:
    """Each value comes back from the wider type as it was."""
    connection = duckdb.connect()

    lost = []
    for narrow, wide in WIDENING:
        # DuckDB 1.4 casts no TIMESTAMP_MS to TIMESTAMP_S.
        back = "TIMESTAMP" if narrow.startswith("TIMESTAMP_") else narrow
        sql = f"SELECT v::{wide}::{back} IS DISTINCT FROM v::{back} FROM (SELECT ?::{narrow} AS v)"
        lost += [
            (narrow, wide, value)
            for value in EXTREMES[narrow]
            if connection.execute(sql, [value]).fetchall() != [(False,)]
        ]

    assert lost == []


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        ("INTEGER", "BIGINT", True),
        ("BIGINT", "INTEGER", False),
        ("UINTEGER", "INTEGER", False),
        ("UINTEGER", "BIGINT", True),
        ("INTEGER", "UBIGINT", False),
        ("BIGINT", "DOUBLE", False),
        ("INTEGER", "DECIMAL(12,2)", True),
        ("INTEGER", "DECIMAL(11,2)", False),
        ("DECIMAL(5,2)", "DECIMAL(12,2)", True),
        ("DECIMAL(12,2)", "DECIMAL(12,4)", False),
        ("DECIMAL(5,2)", "DOUBLE", False),
        ("FLOAT", "DOUBLE", True),
        ("DATE", "TIMESTAMP", True),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", False),
        ("INTEGER", "VARCHAR", False),
        ("ENUM('x', 'y')", "VARCHAR", True),
        ("INTEGER[]", "BIGINT[]", True),
        ("INTEGER[]", "INTEGER", False),
        ('"NULL"', "DATE", True),
        ("STRUCT(a INTEGER)", "STRUCT(a INTEGER, b INTEGER)", False),
    ],
)
def test_only_what_keeps_every_value_widens(narrow: str, wide: str, expected: bool) -> None:
    """A type that could lose or change a value is no wider one."""
    assert widens(narrow, wide) is expected
