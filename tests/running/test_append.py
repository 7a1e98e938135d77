"""Append: each row of the query once, however often it is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

# A scan of one table is read in two parts, any other query once.
QUERIES = {
    "scan": "SELECT id, c, v FROM src",
    "other": "SELECT id, max(c) AS c, v FROM (SELECT rowid AS r, * FROM src) GROUP BY r, id, v",
}
Source = Callable[..., None]


@pytest.fixture(params=QUERIES.values(), ids=QUERIES.keys())
def query(request: pytest.FixtureRequest) -> str:
    """A query of every row of the source."""
    found: str = request.param
    return found


def test_the_first_run_loads_every_row(lab: Lab, source: Source, query: str) -> None:
    """A first run gives the whole query and the greatest time as the watermark."""
    source((1, 1, "a"), (2, 3, "b"))
    lab.model(query, incremental("append"))

    report = lab.run()

    assert (report.mode, report.rows_inserted, report.row_count) == ("full", 2, 2)
    assert str(report.watermark) == "2024-01-03T00:00:00"


def test_a_later_run_adds_what_is_new(lab: Lab, source: Source, query: str) -> None:
    """A later run adds the rows past the watermark and no others."""
    source((1, 1, "a"), (2, 3, "b"))
    lab.model(query, incremental("append"))
    lab.run()
    source((3, 4, "c"))

    report = lab.run()

    assert (report.mode, report.rows_inserted, report.rows_updated) == ("incremental", 1, 0)
    assert lab.rows() == lab.refreshed()


def test_nothing_new_changes_nothing(lab: Lab, source: Source, query: str) -> None:
    """A run with nothing new says 0 rows and leaves the data version as it was."""
    source((1, 1, "a"), (2, 3, "b"))
    lab.model(query, incremental("append"))
    first = lab.run()

    report = lab.run()

    assert not report.has_changed_rows
    assert report.data_version == first.data_version
    assert report.watermark == first.watermark


def test_a_tie_with_the_watermark_is_read(lab: Lab, source: Source, query: str) -> None:
    """A row of the watermark's own time that came later is added, without any lookback."""
    source((1, 3, "a"))
    lab.model(query, incremental("append"))
    lab.run()
    source((2, 3, "b"))

    report = lab.run()

    assert report.rows_inserted == 1
    assert lab.rows() == lab.refreshed()


def test_a_late_row_at_the_edge_of_the_lookback_is_read(
    lab: Lab, source: Source, query: str
) -> None:
    """The lookback's window includes its start; what lies before it is not read."""
    source((1, 10, "a"))
    lab.model(query, incremental("append", lookback="2 days"))
    lab.run()
    source((2, 8, "edge"), (3, "2024-01-07 23:59:59.999999", "too late"))

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,)]


def test_equal_rows_are_counted(lab: Lab, source: Source, query: str) -> None:
    """A row that the query gives three times and the table holds twice is added once."""
    source((1, 3, "a"), (1, 3, "a"))
    lab.model(query, incremental("append", lookback="1 day"))
    lab.run()
    source((1, 3, "a"))

    report = lab.run()

    assert report.rows_inserted == 1
    assert lab.rows() == lab.refreshed()


@pytest.mark.parametrize("time", ["infinity", "-infinity"], ids=["future", "past"])
def test_infinite_times_are_not_doubled(lab: Lab, source: Source, query: str, time: str) -> None:
    """A row at infinity is held like any other, and never becomes the watermark."""
    source((1, 3, "a"), (2, time, "b"))
    lab.model(query, incremental("append", lookback="1 day"))
    first = lab.run()

    report = lab.run()

    assert report.rows_inserted == 0
    assert str(report.watermark) == "2024-01-03T00:00:00"
    assert report.data_version == first.data_version


def test_rows_older_than_the_watermark_do_not_move_it_back(
    lab: Lab, source: Source, query: str
) -> None:
    """The watermark stays when a batch holds only older rows."""
    source((1, 10, "a"))
    lab.model(query, incremental("append", lookback="5 days"))
    lab.run()
    source((2, 7, "b"))

    report = lab.run()

    assert report.rows_inserted == 1
    assert str(report.watermark) == "2024-01-10T00:00:00"


def test_the_watermark_survives_a_source_that_shrinks(lab: Lab, source: Source, query: str) -> None:
    """Rows that the source forgot stay, and the watermark with them."""
    source((1, 3, "a"), (2, 9, "b"))
    lab.model(query, incremental("append", start_date="2024-01-01"))
    lab.run()
    lab.sql("DELETE FROM src WHERE id = 2")

    report = lab.run()

    assert report.row_count == 2
    assert str(report.watermark) == "2024-01-09T00:00:00"


def test_an_empty_first_load_loses_nothing(lab: Lab, source: Source, query: str) -> None:
    """Rows that come after an empty first load are all read."""
    source()
    lab.model(query, incremental("append"))
    first = lab.run()
    source((1, 3, "a"), (2, 1, "b"))

    report = lab.run()

    assert first.watermark is None
    assert (report.mode, report.rows_inserted) == ("incremental", 2)
    assert str(report.watermark) == "2024-01-03T00:00:00"


def test_rows_deleted_from_the_end_are_read_again_under_auto(
    lab: Lab, source: Source, query: str
) -> None:
    """`auto` starts at the greatest time in the table."""
    source((1, 3, "a"), (2, 9, "b"))
    lab.model(query, incremental("append", start_date="auto"))
    lab.run()
    lab.sql("DELETE FROM m.t WHERE id = 2")

    report = lab.run()

    assert report.rows_inserted == 1
    assert lab.rows() == lab.refreshed()


def test_a_row_put_in_by_hand_does_not_hide_others(lab: Lab, source: Source, query: str) -> None:
    """A row in the table past the watermark is not this model's: what lies before it is read."""
    source((1, 3, "a"))
    lab.model(query, incremental("append"))
    lab.run()
    lab.sql("INSERT INTO m.t VALUES (9, '2024-01-20', 'by hand')")
    source((2, 5, "b"))

    report = lab.run()

    assert report.rows_inserted == 1
    assert str(report.watermark) == "2024-01-05T00:00:00"


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("VARCHAR COLLATE NOCASE", ("bob", "BOB", "Bob")),
        ("INTERVAL", ("30 days", "1 month", "720 hours")),
    ],
    ids=["collation", "interval"],
)
def test_values_that_duckdb_takes_for_equal_are_other_rows(
    lab: Lab, query: str, type_: str, values: tuple[str, ...]
) -> None:
    """Rows are compared by what their values are, so none of them is lost for its like."""
    lab.sql(f"CREATE TABLE src (id INTEGER, c TIMESTAMP, v {type_})")
    lab.model(query, incremental("append", lookback="1 day"))
    for value in values:
        lab.sql(f"INSERT INTO src VALUES (1, '2024-01-05', '{value}')")

        report = lab.run()

        assert report.rows_inserted == 1
    assert lab.run().rows_inserted == 0
    assert lab.rows("SELECT v::VARCHAR FROM m.t") == lab.rows("SELECT v::VARCHAR FROM src")
    assert lab.sql("SELECT typeof(v) FROM m.t LIMIT 1") == [(type_.split()[0],)]


@pytest.mark.parametrize("lookback", [None, "2 days"])
@pytest.mark.parametrize("null_time", ["include", "exclude"])
def test_every_time_that_a_row_can_have_is_read_once(
    lab: Lab, source: Source, query: str, lookback: str | None, null_time: str
) -> None:
    """Ties with the watermark, infinite times and none: each row is added as often as it comes."""
    times = ("-infinity", 3, "2024-01-04 23:59:59.999999", 5, 5, "infinity", None)
    source(*((1, time, "a") for time in times))
    settings = {"null_time": null_time} | ({"lookback": lookback} if lookback else {})
    lab.model(query, incremental("append", **settings))
    lab.run()
    for day in (5, 6):
        source(*((1, time, "a") for time in (day, "infinity", None, day + 1)), (2, day, None))

        lab.run()

        assert lab.rows() == lab.refreshed()
        assert lab.run().rows_inserted == 0


@pytest.mark.parametrize("hook", [None, "DELETE FROM m.t WHERE id = 1"], ids=["alone", "hook"])
def test_the_rows_are_counted_whoever_wrote_them(
    lab: Lab, source: Source, query: str, hook: str | None
) -> None:
    """The number of rows is that of the table, whatever somebody puts in or deletes by hand."""
    source((1, 1, "a"), (2, 3, "b"))
    lab.model(query, incremental("append") | ({"post_hook": hook} if hook else {}))
    lab.run()
    lab.sql("INSERT INTO m.t SELECT 7, '2024-01-02', 'by hand' FROM range(5)")
    lab.sql("DELETE FROM m.t WHERE id = 2")
    source((3, 4, "c"), (1, 4, "d"))

    report = lab.run()

    assert report.row_count == (7 if hook else 9)


@pytest.mark.parametrize(
    ("statements", "is_read_in_parts"),
    [
        (["CREATE TABLE src AS SELECT * FROM own"], True),
        (["CREATE VIEW src AS SELECT * FROM own"], False),
        (["CREATE VIEW src AS SELECT id, max(c) AS c, v FROM own GROUP BY ALL"], False),
    ],
    ids=["table", "view", "view that groups"],
)
def test_only_a_table_is_read_in_parts(
    lab: Lab, statements: list[str], is_read_in_parts: bool
) -> None:
    """What stands behind a view may take long, so it is read once."""
    lab.sql("CREATE TABLE own AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c, 'a' AS v")
    lab.sql(*statements)
    lab.model(QUERIES["scan"], incremental("append"))
    lab.run()

    report = lab.run()

    (statement,) = (s for s in report.statements if s.startswith("INSERT"))
    assert ("MATERIALIZED" not in statement) == is_read_in_parts


def test_values_of_every_type_are_compared(lab: Lab) -> None:
    """A row that is there once and comes twice is added once, whatever its columns hold."""
    values = {
        "id": "1",
        "c": "TIMESTAMP '2024-01-05'",
        "v": "'a'",
        "number": "'nan'::DOUBLE",
        "zero": "-0.0::FLOAT",
        "huge": "170141183460469231731687303715884105727::HUGEINT",
        "money": "1.10::DECIMAL(38, 2)",
        "bytes": "'\\x00a'::BLOB",
        "bits": "'0101'::BITSTRING",
        "document": """'{"a": [1, null]}'::JSON""",
        "choice": "'x'::ENUM('x', 'y')",
        "code": "'00000000-0000-0000-0000-000000000001'::UUID",
        "zoned": "TIMESTAMPTZ '2024-01-05 00:00:00+02'",
        "hour": "'01:02:03+02'::TIMETZ",
        "list": "[NULL, 'b', 'B']",
        "pair": "{'a': NULL, 'b': [1]}",
        "fixed": "array_value(1.5, NULL)",
        "map": "MAP {'k': NULL, 'l': 1}",
        "either": "union_value(k := 'v')",
        "nothing": "NULL::INTEGER",
    }
    row = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
    lab.sql(f"CREATE TABLE src AS SELECT {row}")
    lab.model("SELECT * FROM src", incremental("append", lookback="1 day"))
    lab.run()
    again = lab.run()
    lab.sql(f"INSERT INTO src SELECT {row}")

    report = lab.run()

    assert (again.rows_inserted, report.rows_inserted) == (0, 1)
    text = "SELECT (COLUMNS(*))::VARCHAR FROM "
    assert lab.rows(f"{text} m.t") == lab.rows(f"{text} src")
