"""An error of the database is led back to the place in the user's file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, Place, SqlError
from t4t_core.parsing.error_place import error_place
from t4t_core.parsing.query import parse_query
from t4t_core.sql.filling import Fill
from t4t_core.sql.statements import rows_of
from t4t_core.sql.text import Sql, subquery

CASES = {
    "column": ("SELECT id,\n\tidd\nFROM raw", (2, 2)),
    "second of the name": ("SELECT raw.id AS x, x.id AS y\nFROM raw", (1, 21)),
    "after a long line": (
        "SELECT " + "id, " * 60 + "\n  idd, " + "id, " * 60 + "1 FROM raw",
        (2, 3),
    ),
    "after accents": ("SELECT 'éé' AS a, idd FROM raw", (1, 19)),
    "after a comment": ("-- idd\nSELECT /* idd */ idd FROM raw", (2, 18)),
    "not the string": ("SELECT 'idd' AS a, idd FROM raw", (1, 20)),
    "table": ("SELECT 1 AS a FROM raw, row_s", (1, 25)),
    "quoted": ('SELECT "no such" FROM raw', (1, 8)),
    "function": ("SELECT\n  nope(id)\nFROM raw", (2, 3)),
    "qualifier": ("SELECT r.id FROM raw", (1, 8)),
    "in a condition": ("SELECT id FROM raw\nWHERE idd > 1", (2, 7)),
}


if not duckdb.__version__.startswith("1."):  # which points elsewhere, or nowhere
    CASES["operator"] = ("SELECT id, name * 2 AS n FROM raw", (1, 12))


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "wrapped"])
@pytest.mark.parametrize("case", CASES)
def test_place_is_that_of_the_users_text(case: str, wrapped: bool) -> None:
    """Line and column are those of the file, though the statement is laid out in another way."""
    text, expected = CASES[case]
    query = parse_query(text, Place(Path("m.sql")))
    filled = query.filled(Fill()).sql
    sql = rows_of(subquery(filled, Sql("q"))) if wrapped else filled

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE raw AS SELECT 1 AS id, 'a' AS name")
        with pytest.raises(DatabaseError) as caught:
            Warehouse.borrowed(connection).execute(sql)

    error = caught.value
    assert error_place(query, error.what, error.sql, error.offset) == expected
    assert len(error.what) < 400


def test_no_place_is_given_where_it_is_not_certain() -> None:
    """A message that points to nothing in the text gives no place."""
    query = parse_query("SELECT id, id FROM raw", Place(Path("m.sql")))

    assert error_place(query, "Out of memory", "SELECT 1", None) == (None, None)
    sql = "CREATE TABLE id AS SELECT id, id"
    assert error_place(query, 'column "id" is odd', sql, 13) == (None, None)


@pytest.mark.parametrize("text", ["SELECT id FROM raw WHERE", "SELECT id FROM raw WHERE id ="])
def test_what_ends_too_early_is_told_in_words(text: str) -> None:
    """The parser's own names for parts of a statement are none of the user's."""
    with pytest.raises(SqlError, match="something is missing here") as caught:
        parse_query(text, Place(Path("m.sql")))

    assert "keyword" not in str(caught.value)
