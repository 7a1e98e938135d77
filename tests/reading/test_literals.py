"""A variable's value becomes the SQL literal of that very value."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from long_part import played

from t4t_core.errors import Place, VariableError
from t4t_core.parsing.query import parse_query
from t4t_core.sql.filling import Fill

PLACE = Place(Path("orders.sql"))
QUERY = parse_query("SELECT v, n FROM (SELECT @v AS v, [@v,'@v'] AS n) -- end", PLACE)
NASTY = [
    "'; DROP TABLE t; --",
    "/* */ -- '",
    "*/ SELECT 1 /*",
    "@v",
    "{{ v }}",
    "$v",
    "$$",
    "\\'",
    'a"b',
    "a\r\n  b\n\tc",
    "\u2028 \x85 \x0b",
    "2024-02-30",
    "2024-01-01 lunch",
]


def _filled(value: object) -> str:
    return QUERY.filled(Fill(PLACE, {"v": value})).sql


def _read(connection: duckdb.DuckDBPyConnection, value: object) -> object:
    row = connection.execute(_filled(value)).fetchone()
    assert row is not None
    assert row[1] == [row[0], row[0]]
    return row[0]


def _shape(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    """What DuckDB reads, without values and places."""
    row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    return json.loads(
        row[0],
        object_pairs_hook=lambda pairs: {
            name: value
            for name, value in pairs
            if name not in ("value", "text") and not name.startswith("query_location")
        },
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@pytest.mark.long
@given(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).filter(
        lambda text: not _is_time(text)
    )
)
def test_any_text_comes_back_as_it_is(text: str) -> None:
    """The database gives back exactly the text that a variable holds."""
    played["inputs"] += 1
    with duckdb.connect() as connection:
        assert _read(connection, text) == text


@pytest.mark.parametrize("text", NASTY)
def test_no_text_changes_the_statement(text: str) -> None:
    """A statement has the same shape whatever the value, as DuckDB's own parser sees it."""
    with duckdb.connect() as connection:
        statements = connection.extract_statements(_filled(text))
        value = _read(connection, text)
        shape, plain = _shape(connection, _filled(text)), _shape(connection, _filled("plain"))

    assert len(statements) == 1
    assert statements[0].type == duckdb.StatementType.SELECT
    assert shape == plain
    assert value == text


@pytest.mark.long
@given(
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.datetimes(),
        st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1),
    )
)
def test_other_values_come_back_as_they_are(value: object) -> None:
    """Numbers, booleans, NULL, dates, moments and lists keep their value."""
    played["inputs"] += 1
    with duckdb.connect() as connection:
        row = connection.execute(_filled(value)).fetchone()

    assert row is not None
    assert (float(row[0]) if isinstance(value, float) else row[0]) == value


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [
        ("2024-01-01", "DATE"),
        ("2024-01-01T10:30", "TIMESTAMP"),
        ("2024-01-01 10:30:00.5", "TIMESTAMP"),
        ("2024-01-01T10:30:00Z", "TIMESTAMP WITH TIME ZONE"),
        ("2024-01-01 10:30:00+02:00", "TIMESTAMP WITH TIME ZONE"),
        ("2024-01-01T10:30:00.123456789", "VARCHAR"),
        ("20240101", "VARCHAR"),
        ("yes", "VARCHAR"),
        (date(2024, 1, 1), "DATE"),
        (datetime(2024, 1, 1), "TIMESTAMP"),
        (datetime(2024, 1, 1, tzinfo=UTC), "TIMESTAMP WITH TIME ZONE"),
        (True, "BOOLEAN"),
        (7, "INTEGER"),
        ([1, 2], "INTEGER[]"),
    ],
)
def test_value_has_the_type_that_it_looks_like(value: object, sql_type: str) -> None:
    """A date stays a date, a moment a moment with its zone or without, and text stays text."""
    query = parse_query("SELECT @v AS v", PLACE)

    sql = query.filled(Fill(PLACE, {"v": value})).sql
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT typeof(v) FROM ({sql})").fetchone()

    assert row is not None
    assert row[0].removesuffix("_LITERAL") == sql_type


def test_moment_with_a_zone_is_the_same_moment() -> None:
    """A moment in another zone is that moment, not its wall clock."""
    moment = datetime(2024, 1, 1, 10, tzinfo=timezone(timedelta(hours=2)))

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        row = connection.execute(f"SELECT epoch_us(v) FROM ({_filled(moment)})")
        found = row.fetchone()

    assert found == (int(moment.timestamp()) * 1_000_000,)


@pytest.mark.parametrize(
    "value",
    [{}, {"a": 1}, float("nan"), float("inf"), "a\0b", "half \ud800", b"bytes", object()],
    ids=["empty", "table", "nan", "inf", "nul", "surrogate", "bytes", "object"],
)
def test_value_without_a_literal_is_refused(value: object) -> None:
    """What SQL has no literal for is an error that names the variable."""
    with pytest.raises(VariableError, match="variable 'v'"):
        _filled(value)
