"""Rows without a time: included, excluded or refused, and never doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

QUERY = "SELECT id, c, v FROM src"
STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
Source = Callable[..., None]


@pytest.mark.parametrize("strategy", ["append", "merge"])
def test_included_rows_are_read_again_and_never_doubled(
    lab: Lab, source: Source, strategy: str
) -> None:
    """By default a row without a time enters once, whenever it comes."""
    source((1, None, "a"), (2, 5, "b"))
    lab.model(QUERY, incremental(strategy))
    lab.run()
    source((3, None, "c"))

    second = lab.run()
    third = lab.run()

    assert second.rows_inserted == 1
    assert not third.has_changed_rows
    assert lab.rows() == lab.refreshed()
    assert str(third.watermark) == "2024-01-05T00:00:00"


@STRATEGIES
def test_a_table_of_nothing_else_has_no_watermark(lab: Lab, source: Source, strategy: str) -> None:
    """Rows without a time alone give no watermark, and what comes later is read from the start."""
    source((1, None, "a"))
    lab.model(QUERY, incremental(strategy))
    first = lab.run()
    source((2, 5, "b"))

    second = lab.run()

    assert first.watermark is None
    assert str(second.watermark) == "2024-01-05T00:00:00"
    assert lab.rows() == lab.refreshed()


@STRATEGIES
def test_excluded_rows_never_enter(lab: Lab, source: Source, strategy: str) -> None:
    """`exclude` leaves them out of full loads and of later runs."""
    source((1, None, "a"), (2, 5, "b"))
    lab.model(QUERY, incremental(strategy, null_time="exclude"))
    lab.run()
    source((3, None, "c"), (4, 6, "d"))

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(2,), (4,)]
    assert lab.rows() == lab.refreshed()


@STRATEGIES
@pytest.mark.parametrize("is_later", [False, True], ids=["first-run", "later-run"])
def test_refused_rows_stop_the_run(lab: Lab, source: Source, strategy: str, is_later: bool) -> None:
    """`error` names their number and writes nothing."""
    source((1, 5, "a"))
    lab.model(QUERY, incremental(strategy, null_time="error"))
    if is_later:
        lab.run()
    source((2, None, "b"), (3, None, "c"), (4, 6, "d"))
    before = lab.everything() if is_later else None

    report = lab.failure()

    assert "NULL in the time column 'c': 2" in str(report.error)
    if is_later:
        assert lab.everything() == before


@STRATEGIES
def test_without_such_rows_the_three_are_one(lab: Lab, source: Source, strategy: str) -> None:
    """Where every row has a time, `null_time` makes no difference."""
    source((1, 5, "a"))
    for how in ("include", "exclude", "error"):
        lab.model(QUERY, incremental(strategy, null_time=how), name=how)
    lab.report()
    source((2, 5, "b"), (3, 6, "c"))

    reports = lab.report().models

    assert {(r.rows_inserted, r.row_count) for r in reports} == {(reports[0].rows_inserted, 3)}
    assert len({str(lab.rows(f"SELECT * FROM m.{r.model_name[2:]}")) for r in reports}) == 1


def test_excluding_them_is_another_definition(lab: Lab, source: Source) -> None:
    """A model that begins to leave such rows out is loaded in full; one that refuses is not."""
    source((1, 5, "a"))
    lab.model(QUERY, incremental("append"))
    lab.run()

    lab.model(QUERY, incremental("append", null_time="error"))
    refusing = lab.run()
    lab.model(QUERY, incremental("append", null_time="exclude"))
    excluding = lab.run()

    assert refusing.mode == "incremental"
    assert (excluding.mode, excluding.reason) == ("full", "null_time changed")
