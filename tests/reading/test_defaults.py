"""A placeholder in a model's SQL may have a default."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.model_query import parse_model
from t4t_core.sql.filling import Fill
from t4t_core.sql.literals import number_literal
from t4t_core.sql.query import Query
from t4t_core.sql.text import sql

PLACE = Place(Path("t.sql"))


def value(text: str, **variables: object) -> object:
    query = parse_model(text, PLACE).filled(Fill(PLACE, variables))
    return duckdb.connect().execute(query.sql).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "default", "other"),
    [
        ("SELECT @n:10 AS x", 10, 3),
        ("SELECT -@n:10 AS x", -10, -3),
        ("SELECT @n:-1.5 + 0 AS x", -1.5, 3),
        ("SELECT {{ n | default(7) }} AS x", 7, 3),
        ("SELECT {{n|default('a''b')}} AS x", "a'b", 3),
        ("SELECT @n:'it' AS x", "it", 3),
        ("SELECT coalesce(@n:null, 5) AS x", 5, 3),
        ("SELECT [1, 2, 3][@n:3][1] AS x", None, 3),
        ("SELECT @n:1::INTEGER AS x", 1, 3),
    ],
)
def test_the_default_stands_where_nothing_is_set(text: str, default: object, other: object) -> None:
    """As a value, never as SQL; a variable is above it, and a slice stays a slice."""
    found = value(text, n=3)

    assert found == other
    if default is not None:
        assert value(text) == default


@pytest.mark.parametrize(
    "text",
    [
        "SELECT c FROM t WHERE c < @n:10",
        "SELECT c FROM t WHERE c < @n:10 ORDER BY c",
        "SELECT t.c FROM t JOIN t AS u ON t.c = u.c AND u.c < @n:10",
        "SELECT t.c FROM t JOIN t AS u ON t.c = u.c AND u.c < @n:10 WHERE t.c > 0",
        "SELECT c FROM t WHERE c < {{ n | default(10) }}",
    ],
)
def test_a_default_ends_a_clause(text: str) -> None:
    """The filter of a window comes after all of it, and leaves the value in its place."""
    database = duckdb.connect()
    # What would be read if the placeholder stayed: `@n` is the absolute value of a column.
    database.execute("CREATE TABLE t AS SELECT range AS c, 100 AS n FROM range(20)")
    query = parse_model(text, PLACE)

    def rows(**variables: object) -> list[tuple[object, ...]]:
        filtered = query.filled(Fill(PLACE, variables)).where(
            "c", lambda c: sql("{c} >= {n}", c=c, n=number_literal(2))
        )
        return sorted(database.execute(filtered.sql).fetchall())

    assert rows() == [(n,) for n in range(2, 10)]
    assert rows(n=4) == [(2,), (3,)]


@pytest.mark.parametrize("default", ["1e", "1e+", "-1e"])
def test_half_a_number_is_no_default(default: str) -> None:
    """It is an error with a place, and not one of Python's."""
    with pytest.raises(SqlError):
        parse_model(f"SELECT @n:{default} AS x", PLACE)


def test_two_defaults_are_refused() -> None:
    """One would win without a word."""
    with pytest.raises(SqlError, match="two defaults"):
        parse_model("SELECT @n:1 AS x, @n:2 AS y", PLACE)


def test_another_default_is_another_query() -> None:
    """So that an incremental model is loaded anew; a text without defaults stays as it was."""

    def read(text: str) -> Query:
        return parse_model(text, PLACE)

    assert read("SELECT @n:1").fingerprint != read("SELECT @n:2").fingerprint
    assert read("SELECT @n:1").fingerprint == read("select @n:1 -- x").fingerprint
    assert read("SELECT @n:1").fingerprint != read("SELECT @n").fingerprint
