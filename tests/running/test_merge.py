"""Merge: one row per key, the latest by the time column."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, incremental

QUERY = "SELECT id, c, v FROM src"
METHODS = pytest.mark.parametrize("method", ["fastest", "merge"])
Source = Callable[..., None]


@METHODS
def test_counts_what_it_did(lab: Lab, source: Source, method: str) -> None:
    """Changed keys are updated, new ones inserted, and each is counted once."""
    source((1, 1, "a"), (2, 2, "b"), (3, 3, "c"))
    lab.model(QUERY, incremental("merge", method=method, lookback="30 days"))
    first = lab.run()
    lab.sql("UPDATE src SET c = '2024-01-04', v = 'z' WHERE id = 2")
    source((4, 4, "d"))

    report = lab.run()

    assert (first.mode, first.rows_inserted) == ("full", 3)
    assert (report.rows_inserted, report.rows_updated, report.row_count) == (1, 1, 4)
    assert lab.rows() == lab.refreshed()


@METHODS
def test_nothing_new_changes_nothing(lab: Lab, source: Source, method: str) -> None:
    """A run with nothing new says 0 rows and leaves the data version as it was."""
    source((1, 1, "a"), (2, 2, None), (3, None, "c"))
    lab.model(QUERY, incremental("merge", method=method, lookback="30 days"))
    first = lab.run()

    report = lab.run()

    assert not report.has_changed_rows
    assert report.data_version == first.data_version


@METHODS
@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([(1, 5, "new"), (1, 4, "old")], "new"),
        ([(1, 4, "old"), (1, 5, "new"), (1, 3, "older")], "new"),
        ([(1, None, "timeless"), (1, 3, "dated")], "dated"),
        ([(1, "infinity", "last"), (1, 5, "finite")], "last"),
    ],
    ids=["two", "three", "without-time", "infinite"],
)
@pytest.mark.parametrize("is_known", [False, True], ids=["new-key", "known-key"])
def test_the_latest_of_a_key_wins(
    lab: Lab, source: Source, method: str, rows: list[Any], kept: str, is_known: bool
) -> None:
    """Of several rows of one key in one batch the latest is kept, whatever their order."""
    source((9, 2, "other"), *([(1, 2, "known")] if is_known else []))
    lab.model(QUERY, incremental("merge", method=method))
    lab.run()
    source(*rows)

    lab.run()

    assert lab.rows("SELECT v FROM m.t WHERE id = 1") == [(kept,)]
    assert lab.rows() == lab.refreshed()


@METHODS
def test_an_older_version_that_comes_late_is_not_taken(
    lab: Lab, source: Source, method: str
) -> None:
    """A row older than the table's is read in the lookback and changes nothing."""
    source((1, 5, "now"))
    lab.model(QUERY, incremental("merge", method=method, lookback="10 days"))
    lab.run()
    lab.sql("DELETE FROM src")
    source((1, 4, "before"))

    report = lab.run()

    assert not report.has_changed_rows
    assert lab.rows("SELECT v FROM m.t") == [("now",)]


@METHODS
def test_older_rows_do_not_move_the_watermark_back(lab: Lab, source: Source, method: str) -> None:
    """The watermark stays when a batch holds only older rows of other keys."""
    source((1, 10, "a"))
    lab.model(QUERY, incremental("merge", method=method, lookback="5 days"))
    lab.run()
    lab.sql("DELETE FROM src")
    source((2, 7, "b"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (1, 0)
    assert str(report.watermark) == "2024-01-10T00:00:00"


@METHODS
def test_equal_times_settle_as_in_a_full_load(lab: Lab, source: Source, method: str) -> None:
    """Of two rows of one key and time the same one is kept, together or one after the other."""
    source((1, 5, "m"))
    lab.model(QUERY, incremental("merge", method=method))
    lab.run()

    for value in ("a", "z", "k"):
        source((1, 5, value))
        lab.run()

    assert lab.rows() == lab.refreshed() == lab.rows("SELECT 1, c, 'z' FROM m.t")


@METHODS
def test_a_value_changed_in_place_is_updated(lab: Lab, source: Source, method: str) -> None:
    """A row whose value changed under the same time is updated when it is read again."""
    source((1, 5, "a"), (2, 5, None))
    lab.model(QUERY, incremental("merge", method=method))
    lab.run()
    lab.sql("UPDATE src SET v = CASE id WHEN 1 THEN NULL ELSE 'b' END")

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (0, 2)
    assert lab.rows() == lab.refreshed()


@METHODS
@pytest.mark.parametrize("is_later", [False, True], ids=["first-run", "later-run"])
def test_repeated_keys_can_be_refused(
    lab: Lab, source: Source, method: str, is_later: bool
) -> None:
    """`on_duplicate_key: error` names the number of keys and writes nothing."""
    source((9, 1, "x"))
    lab.model(QUERY, incremental("merge", method=method, on_duplicate_key="error"))
    if is_later:
        lab.run()
    source((1, 5, "a"), (1, 4, "b"), (2, 4, "c"), (2, 4, "c"), (3, 4, "d"))

    report = lab.failure()

    assert re.search(r"\(id\) that come more than once: 2\b", str(report.error))
    assert lab.rows("SELECT count(*) FROM _t4t.commits") == [(1 if is_later else 0,)]


@METHODS
@pytest.mark.parametrize("is_later", [False, True], ids=["first-run", "later-run"])
def test_null_keys_are_refused(lab: Lab, source: Source, method: str, is_later: bool) -> None:
    """A NULL in any part of the key is an error with the count, and nothing is written."""
    source((9, 1, "x"))
    lab.model(QUERY, incremental("merge", method=method, unique_key=["id", "v"]))
    if is_later:
        lab.run()
    source((None, 5, "a"), (1, 4, None), (2, 4, "c"))

    report = lab.failure()

    assert "NULL in the unique key (id, v): 2" in str(report.error)
    assert lab.rows("SELECT count(*) FROM _t4t.commits") == [(1 if is_later else 0,)]


@METHODS
def test_composite_keys(lab: Lab, source: Source, method: str) -> None:
    """Rows are the same where every part of the key is."""
    source((1, 1, "a"), (1, 1, "b"), (2, 1, "a"))
    lab.model(
        "SELECT id, c, v, v || id AS w FROM src",
        incremental("merge", method=method, unique_key=["V", "id"]),
    )
    lab.run()
    source((1, 2, "b"), (2, 2, "b"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated, report.row_count) == (1, 1, 4)
    assert lab.rows() == lab.refreshed()


@METHODS
@pytest.mark.parametrize("delete_when", [None, "v = 'gone'"], ids=["kept", "deletes"])
def test_counts_the_rows_of_a_table_that_somebody_wrote_into(
    lab: Lab, source: Source, method: str, delete_when: str | None
) -> None:
    """What was added or deleted by hand, a known key twice even, is in the number of rows."""
    more = {} if delete_when is None else {"delete_when": delete_when}
    source((1, 1, "a"), (2, 1, "b"), (3, 1, "c"), (4, 1, "d"))
    lab.model(QUERY, incremental("merge", method=method, **more))
    lab.run()
    lab.sql("INSERT INTO m.t SELECT * FROM m.t WHERE id < 3", "DELETE FROM m.t WHERE id = 4")
    source((1, 2, "new"), (2, 2, "gone"), (5, 2, "e"))

    report = lab.run()

    assert lab.sql("SELECT count(*) FROM m.t") == [(report.row_count,)]


@METHODS
@pytest.mark.parametrize("key", [["id", "c"], ["id", "c", "v"]], ids=["time-in-key", "key-only"])
def test_the_time_may_be_part_of_the_key(
    lab: Lab, source: Source, method: str, key: list[str]
) -> None:
    """A table whose key holds the time, or every column, takes new keys and repeats none."""
    source((1, 1, "a"), (1, 1, "a"), (2, 1, "b"))
    lab.model(QUERY, incremental("merge", method=method, unique_key=key))
    lab.run()
    source((1, 2, "a"), (2, 1, "b"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated, report.row_count) == (1, 0, 3)


@METHODS
def test_a_column_called_rowid_is_a_column(lab: Lab, method: str) -> None:
    """A user's column that hides DuckDB's row numbers loses and doubles nothing."""
    lab.sql(
        "CREATE TABLE src (rowid INTEGER, id INTEGER, c TIMESTAMP)",
        "INSERT INTO src VALUES (7, 1, '2024-01-01'), (7, 2, '2024-01-01')",
    )
    lab.model("SELECT * FROM src", incremental("merge", method=method))
    lab.run()
    lab.sql("UPDATE src SET c = '2024-01-02' WHERE id = 1")

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated, report.row_count) == (0, 1, 2)
    assert lab.rows() == lab.refreshed()


def test_both_methods_give_one_table(lab: Lab, source: Source) -> None:
    """`method: merge` and the default give the same rows and counts."""
    source((1, 3, "a"), (2, 3, "b"), (3, None, "c"), (4, 2, "d"))
    for name in ("fastest", "merge"):
        lab.model(QUERY, incremental("merge", method=name, lookback="1 day"), name=name)
    lab.report()
    source((1, 3, "y"), (2, 1, "old"), (3, 4, "z"), (4, None, "n"), (5, 5, "e"), (5, 6, "f"))

    reports = lab.report().models

    counted = [(r.rows_inserted, r.rows_updated, r.rows_deleted, r.watermark) for r in reports]
    assert counted[0] == counted[1]
    assert lab.rows("SELECT * FROM m.fastest") == lab.rows("SELECT * FROM m.merge")


def test_many_rows_older_than_the_tables_change_nothing(lab: Lab) -> None:
    """Even when no staged row equals the table's, and more come than DuckDB stores in a group."""
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT i AS id, TIMESTAMP '2024-02-01' AS c, 'new' AS v "
        "FROM range(200000) AS r(i)"
    )
    lab.model(QUERY, incremental("merge", lookback="60 days"))
    lab.run()
    lab.sql("UPDATE src SET c = TIMESTAMP '2024-01-15', v = 'old'")

    report = lab.run()

    assert not report.has_changed_rows
    assert lab.sql("SELECT DISTINCT v FROM m.t") == [("new",)]
