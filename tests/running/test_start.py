"""The start S: where a full load begins, and what later runs never reach behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from running_lab import Lab, incremental

from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes

QUERY = "SELECT id, c, v FROM src"
STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge"])
Source = Callable[..., None]


@STRATEGIES
@pytest.mark.parametrize(
    ("start", "variables"),
    [
        ("2024-01-05", {}),
        ("@since", {"since": "2024-01-05"}),
        ("{{ since }}", {"since": "2024-01-05"}),
    ],
    ids=["literal", "variable", "braces"],
)
def test_rows_before_the_start_never_enter(
    lab: Lab, source: Source, strategy: str, start: str, variables: dict[str, str]
) -> None:
    """A lookback that reaches behind the start brings no row from there."""
    source((1, 4, "before"), (2, 5, "at the start"), (3, 6, "after"))
    lab.model(QUERY, incremental(strategy, start_date=start, lookback="30 days"))
    lab.run(**variables)
    source((4, 3, "late and before"), (5, 5, "late"))

    lab.run(**variables)

    assert lab.rows("SELECT id FROM m.t") == [(2,), (3,), (5,)]
    assert lab.rows() == lab.refreshed(**variables)


@STRATEGIES
def test_a_start_past_every_row_is_kept(lab: Lab, source: Source, strategy: str) -> None:
    """A first load that found nothing past the start leaves the start in force."""
    source((1, 4, "before"))
    lab.model(QUERY, incremental(strategy, start_date="2024-01-05"))
    first = lab.run()
    source((2, 3, "before"), (3, 5, "at the start"))

    lab.run()

    assert (first.rows_inserted, first.watermark) == (0, None)
    assert lab.rows("SELECT id FROM m.t") == [(3,)]


@STRATEGIES
def test_current_date_is_the_day_of_the_full_load(lab: Lab, source: Source, strategy: str) -> None:
    """`CURRENT_DATE` is read when the table is built; later runs keep that start."""
    source((1, 4, "before"), (2, 5, "today"))
    lab.model(QUERY, incremental(strategy, start_date="CURRENT_DATE", lookback="30 days"))
    project = lab.project()

    def run(day: int) -> None:
        now = datetime(2024, 1, day, 23, 30, tzinfo=UTC)
        report = run_nodes(project, project.graph.select(), Request(now=now))
        assert report.status == "success"

    run(5)
    source((3, 6, "tomorrow"), (4, 5, "late"), (5, 4, "before"))
    run(6)

    assert lab.rows("SELECT id FROM m.t") == [(2,), (3,), (4,)]


@STRATEGIES
def test_auto_bounds_no_full_load(lab: Lab, source: Source, strategy: str) -> None:
    """`auto` reads everything when the table is built."""
    source((1, "1999-01-01", "old"), (2, 5, "new"))
    lab.model(QUERY, incremental(strategy, start_date="auto"))

    report = lab.run()

    assert report.rows_inserted == 2


@STRATEGIES
def test_a_changed_start_is_a_full_load(lab: Lab, source: Source, strategy: str) -> None:
    """Another start in the metadata gives another table; another value of its variable does not."""
    source((1, 4, "a"), (2, 5, "b"), (3, 6, "c"))
    lab.model(QUERY, incremental(strategy, start_date="@since"))
    lab.run(since="2024-01-05")

    same = lab.run(since="2024-01-06")
    lab.model(QUERY, incremental(strategy, start_date="2024-01-06"))
    other = lab.run()

    assert (same.mode, same.row_count) == ("incremental", 2)
    assert (other.mode, other.row_count) == ("full", 1)
    assert "the start changed" in other.reason


def test_the_start_of_an_integer_column(lab: Lab) -> None:
    """An integer time column has a number as its start and its lookback."""
    lab.sql("CREATE TABLE src (id INTEGER, c BIGINT)", "INSERT INTO src VALUES (1, 9), (2, 10)")
    lab.model("SELECT * FROM src", incremental("append", start_date=10, lookback=5))
    lab.run()
    lab.sql("INSERT INTO src VALUES (3, 9), (4, 10), (5, 12)")

    report = lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(2,), (4,), (5,)]
    assert str(report.watermark) == "12"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"start_date": 7}, "start_date"),
        ({"start_date": "someday"}, "someday"),
        ({"lookback": 3}, "no unit"),
    ],
    ids=["number-as-start", "no-date", "number-as-lookback"],
)
def test_what_does_not_fit_the_column_is_an_error(
    lab: Lab, source: Source, settings: dict[str, object], word: str
) -> None:
    """A start or a lookback of another kind than the column fails and publishes nothing."""
    source((1, 5, "a"))
    lab.model(QUERY, incremental("append"))
    lab.run()
    before = lab.everything()
    lab.model(QUERY, incremental("append", **settings))

    report = lab.failure()

    assert word in str(report.error)
    assert lab.everything() == before


def test_a_time_outside_of_the_calendar_is_an_error(lab: Lab, source: Source) -> None:
    """A greatest time that no watermark can hold fails the model and leaves the table."""
    source((1, 5, "a"))
    lab.model(QUERY, incremental("append"))
    lab.run()
    before = lab.everything()
    source((2, "99999-01-01", "b"))

    report = lab.failure()

    assert "outside the years 1 to 9999" in str(report.error)
    assert lab.everything() == before
