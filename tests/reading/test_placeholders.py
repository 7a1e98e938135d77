"""Where a query's placeholders stand, and what is none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place, SqlError, T4tError, VariableError
from t4t_core.parsing.query import parse_query, read_condition
from t4t_core.sql.filling import Fill

PLACE = Place(Path("orders.sql"))
VALUES = {
    "text": "it's",
    "start": "2024-01-01",
    "start_date": "2024-02-01",
    "n": 5,
    "neg": -3,
    "other": 7,
    "nothing": None,
    "yes": True,
    "many": [1, 2],
    "span": "7 days",
    "é": "accent",
}


def _sql(text: str, dialect: str = "duckdb") -> str:
    return parse_query(text, PLACE, dialect).filled(Fill(PLACE, VALUES)).sql


def _value(text: str) -> object:
    with duckdb.connect() as connection:
        row = connection.execute(_sql(text)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("text", ["@text", "{{ text }}", "{{text}}", "'@text'", "'{{ text }}'"])
def test_every_spelling_is_the_value(text: str) -> None:
    """`@name` and `{{ name }}`, with quotes around them or without, mean the variable."""
    assert _value(f"SELECT {text}") == "it's"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'%@example.com'", "%@example.com"),
        ("'me@text'", "me@text"),
        ("'@text and more'", "@text and more"),
        ("'@'", "@"),
        ("'it''s @text'", "it's @text"),
        ("E'@text'", "@text"),
        ("E'it\\'s @text'", "it's @text"),
        ("$$@text$$", "@text"),
        ("$tag$ @text $tag$", " @text "),
        ("1 -- @unset\n", 1),
        ("1 /* @unset {{ unset }} */", 1),
    ],
)
def test_other_texts_and_comments_are_left_alone(text: str, expected: object) -> None:
    """An address, a text around a name, an escaped or dollar-quoted text, and comments stay."""
    assert _value(f"SELECT {text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5-@neg", 8),
        ("5 - -@neg", 2),
        ("-@neg", 3),
        ("5*@neg", -15),
        ("5^@n", 3125),
        ("@neg^2", 9),
        ("@@neg", 3),
        ("@(@neg)", 3),
        ("@(-7)", 7),
        ("@ -7", 7),
        ("6<@n", False),
        ("4 <@n", True),
        ("5<=@n", True),
        ("'a'||@text", "ait's"),
        ("@n IN (@n,@neg)", True),
        ("[@n,@n,@n]", [5, 5, 5]),
        ("@many[1]", 1),
        ("[1] <@ [1, 2]", True),
        ("@nothing IS NULL", True),
        ("NOT @yes", False),
        ("{'a': @n}.a", 5),
        ("{'a': {{n}}}.a", 5),
        ("strftime(DATE '@start', '%d/%m')", "01/01"),
        ("strftime(TIMESTAMP '@start', '%H')", "00"),
        ("strftime(CAST('@start' AS DATE) + INTERVAL '@span', '%d')", "08"),
        ("strftime('@start_date'::DATE - INTERVAL (@n) DAY, '%d')", "27"),
        ("'@start' || '@start_date'", "2024-01-012024-02-01"),
        ("@é", "accent"),
        ("'@é'", "accent"),
    ],
)
def test_value_stands_for_itself_in_an_expression(text: str, expected: object) -> None:
    """A value takes part in an expression as if it stood in parentheses."""
    assert _value(f"SELECT {text}") == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT @n AS @text",
        "SELECT id@text FROM orders",
        "SELECT @n @n",
        "SELECT {{ n }}{{ n }}",
        "SELECT * FROM @text",
        "SELECT * FROM '@text'",
        "SELECT * FROM raw.@text",
        "SELECT * FROM orders AS @text",
        "SELECT orders.@text FROM orders",
        "SELECT @n.5",
    ],
)
def test_value_never_becomes_a_name(text: str) -> None:
    """A placeholder where SQL wants a name is an error with its place, whatever its value."""
    with pytest.raises(SqlError, match="wants a name") as caught:
        _sql(text)

    assert caught.value.place is not None
    assert caught.value.place.line == 1
    assert caught.value.hint is not None


@pytest.mark.parametrize("text", ["SELECT ?", "SELECT $1", "SELECT $name", "SELECT ? + 1"])
def test_query_parameter_is_refused(text: str) -> None:
    """A parameter of a prepared statement, which nothing would fill, is an error."""
    with pytest.raises(SqlError, match="nobody to fill it in"):
        parse_query(text, PLACE)


@pytest.mark.parametrize("text", ["SELECT REPLACE(p, '$', '')", "SELECT '?', \"$\", 'a' || '$'"])
def test_a_sign_in_quotes_is_no_query_parameter(text: str) -> None:
    """Text and names may be a dollar sign or a question mark."""
    assert _sql(text) == text


def test_places_are_those_of_the_file() -> None:
    """Each placeholder's line and column are where it begins in the file."""
    query = parse_query("SELECT\n  a, '@one',\n\t{{ two }}, @one\nFROM t", PLACE)

    found = [(p.name, p.line, p.column) for p in query.placeholders]

    assert found == [("one", 2, 6), ("two", 3, 2), ("one", 3, 13)]


def test_unset_variable_says_how_to_set_it() -> None:
    """A placeholder that nothing sets is named with its place, and how to set it."""
    query = parse_query("SELECT 1,\n  @missing", PLACE)

    with pytest.raises(VariableError) as caught:
        query.filled(Fill(PLACE))

    words = str(caught.value)
    assert "orders.sql:2:3" in words
    assert "@missing" in words
    assert "--vars" in words
    assert "[vars]" in words


@pytest.mark.parametrize("text", ["@start_date", "{{ start_date }}", "'@start_date'"])
@pytest.mark.parametrize(
    "dialect",
    ["duckdb", "postgres", "bigquery", "snowflake", "tsql", "mysql", "spark", "redshift", "trino"],
)
def test_placeholders_work_in_every_dialect(dialect: str, text: str) -> None:
    """A model written in another dialect takes variables as one in DuckDB's does."""
    sql = _sql(f"SELECT a FROM t WHERE a >= {text}", dialect)

    assert sql.endswith("a >= CAST('2024-02-01' AS DATE)")


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "$$@n$$"),
        ("snowflake", "$${{ n }}$$"),
        ("bigquery", "r'@n'"),
        ("spark", "r'@n'"),
    ],
)
def test_text_in_other_quotes_is_no_placeholder(dialect: str, text: str) -> None:
    """DuckDB's SQL for it has plain quotes, and is not looked through once more."""
    sql = _sql(f"SELECT {text} AS a, @other AS b", dialect)

    assert duckdb.connect().execute(sql).fetchall() == [(text[2:-2] if "$" in text else "@n", 7)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a >= @start_date", "a >= CAST('2024-02-01' AS DATE)"),
        ("a >= '{{ start_date }}'", "a >= CAST('2024-02-01' AS DATE)"),
        ("a<@n OR a IN (@n,@other)", "a<5 OR a IN (5,7)"),
        ("a < @n OR table", "a < 5 OR table"),
    ],
)
def test_conditions_take_placeholders_too(text: str, expected: str) -> None:
    """`where_condition` takes the same placeholders as a query."""
    condition = read_condition(text, PLACE)

    assert condition.filled(Fill(PLACE, VALUES)) == expected


@pytest.mark.parametrize("text", ["a >=", "a; b", "SELECT 1", "", "a = 'open", "DROP TABLE t"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    """Anything but one expression is no condition."""
    with pytest.raises(T4tError):
        read_condition(text, PLACE)
