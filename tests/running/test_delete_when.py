"""Merge with `delete_when`: keys whose latest row says so are not in the table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

QUERY = "SELECT id, c, v FROM src"
METHODS = pytest.mark.parametrize("method", ["fastest", "merge"])
Source = Callable[..., None]


def deleting(**settings: object) -> dict[str, object]:
    return incremental("merge", **{"delete_when": "v = 'gone'", "lookback": "5 days", **settings})


@METHODS
def test_deletes_are_counted_apart_and_move_the_watermark(
    lab: Lab, source: Source, method: str
) -> None:
    """A deleting row takes its key out, is no row of the table, and counts as read."""
    source((1, 1, "a"), (2, 2, "b"), (3, 3, None))
    lab.model(QUERY, deleting(method=method))
    lab.run()
    source((1, 9, "gone"), (2, 4, "z"), (8, 8, "gone"), (4, 4, "d"))

    report = lab.run()
    again = lab.run()

    counts = (report.rows_inserted, report.rows_updated, report.rows_deleted, report.row_count)
    assert counts == (1, 1, 1, 3)
    assert str(report.watermark) == "2024-01-09T00:00:00"
    assert not again.has_changed_rows
    assert again.data_version == report.data_version
    assert lab.rows() == lab.refreshed()


@METHODS
def test_the_latest_row_of_a_key_decides(lab: Lab, source: Source, method: str) -> None:
    """An earlier delete does not touch a later row, nor does a late row bring a key back."""
    source((1, 9, "stays"), (2, 9, "gone"), (3, 7, "a"))
    lab.model(QUERY, deleting(method=method))
    first = lab.run()
    source((1, 8, "gone"), (2, 8, "late"), (3, 8, "gone"))

    report = lab.run()
    source((3, 8, "zombie"), (2, 10, "back"))
    returned = lab.run()

    assert (first.row_count, str(first.watermark)) == (2, "2024-01-09T00:00:00")
    assert (report.rows_inserted, report.rows_updated, report.rows_deleted) == (0, 0, 1)
    assert (returned.rows_inserted, returned.rows_deleted) == (2, 0)
    assert lab.rows("SELECT id, v FROM m.t") == [(1, "stays"), (2, "back"), (3, "zombie")]
    assert lab.rows() == lab.refreshed()


@METHODS
def test_a_table_can_become_empty(lab: Lab, source: Source, method: str) -> None:
    """A full load of nothing but deletes, and a run that deletes all, leave an empty table."""
    source((1, 1, "gone"))
    lab.model(QUERY, deleting(method=method))
    first = lab.run()
    source((2, 2, "a"))
    lab.run()
    source((2, 3, "gone"))

    report = lab.run()

    assert (first.row_count, str(first.watermark)) == (0, "2024-01-01T00:00:00")
    assert (report.rows_deleted, report.row_count) == (1, 0)
    assert str(report.watermark) == "2024-01-03T00:00:00"


@METHODS
def test_a_condition_that_is_null_deletes_nothing(lab: Lab, source: Source, method: str) -> None:
    """Only where the condition is true a key goes, in full loads and in later runs."""
    source((1, 1, None), (2, 1, "gone"))
    lab.model(QUERY, deleting(method=method))
    lab.run()
    source((3, 2, None))

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(1,), (3,)]


def test_names_are_those_of_the_query(lab: Lab) -> None:
    """Quoted, nested and clashing names, and `source.`, mean the columns that the query gives."""
    lab.sql(
        'CREATE TABLE src (id INTEGER, c TIMESTAMP, "Is it" BOOLEAN, g STRUCT(t BOOLEAN))',
        "INSERT INTO src VALUES (1, '2024-01-01', false, {'t': false}), "
        "(2, '2024-01-01', false, {'t': false})",
    )
    when = 'source."is it" OR g.t OR len(list_filter([g.t], lambda s: s)) > 0'
    lab.model("SELECT * FROM src", deleting(delete_when=when))
    lab.run()
    lab.sql(
        "INSERT INTO src VALUES (1, '2024-01-02', true, NULL), "
        "(2, '2024-01-02', false, {'t': true})"
    )

    report = lab.run()

    assert report.rows_deleted == 2


def test_a_variable_may_stand_in_it(lab: Lab, source: Source) -> None:
    """A run without the variable stops before it starts; another value is no other definition."""
    source((1, 1, "a"), (2, 1, "b"))
    lab.model(QUERY, deleting(delete_when="v = @word"))
    lab.run(word="x")
    source((1, 2, "gone"))

    report = lab.run(word="gone")

    assert (report.mode, report.rows_deleted) == ("incremental", 1)
    with pytest.raises(Exception, match="@word"):
        lab.run()


def test_another_condition_is_another_definition(lab: Lab, source: Source) -> None:
    """A changed `delete_when` loads in full and says why; another layout does not."""
    source((1, 1, "a"), (2, 2, "gone"))
    lab.model(QUERY, deleting())
    lab.run()

    lab.model(QUERY, deleting(delete_when="v  =  'gone' /* so */"))
    same = lab.run()
    lab.model(QUERY, deleting(delete_when="v = 'a'"))
    other = lab.run()

    assert same.mode == "incremental"
    assert (other.mode, other.reason) == ("full", "delete_when changed")
    assert lab.rows("SELECT id FROM m.t") == [(2,)]


@pytest.mark.parametrize("is_later", [False, True], ids=["first-run", "later-run"])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((5, None, "x"), "NULL in the time column 'c': 1"),
        ((None, 3, "gone"), "NULL in the unique key (id): 1"),
        ((9, 3, "gone"), "keys (id) that come more than once: 1"),
    ],
    ids=["no-time", "no-key", "twice"],
)
def test_the_gates_stand(
    lab: Lab, source: Source, row: tuple[object, ...], words: str, is_later: bool
) -> None:
    """Rows without a time or key, or twice, are refused with their count; nothing is written."""
    source((1, 1, "a"))
    lab.model(QUERY, deleting(on_duplicate_key="error"))
    lab.run()
    before = lab.everything()
    source((9, 2, "b"), row)

    report = lab.failure(full_refresh=not is_later)

    assert words in str(report.error)
    assert lab.everything() == before
