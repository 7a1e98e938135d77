"""A placeholder in a model's SQL may have a default."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.model_query import parse_model
from t4t_core.sql.filling import Fill
from t4t_core.sql.query import Query

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
