"""History of a source that only knows its rows as they are now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running_lab import Lab

from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running.run import run_nodes

Source = Callable[..., None]
QUERY = "SELECT id, c, v FROM src"
BEGAN = datetime(2024, 6, 1, tzinfo=UTC)


def scd2(strategy: str, **settings: object) -> dict[str, Any]:
    own: dict[str, object] = {"strategy": strategy, "unique_key": "id"}
    if strategy == "timestamp":
        own |= {"updated_at": "c", "hard_deletes": "invalidate"}
    return {"materialization": "scd2", "scd2": own | settings}


def run(lab: Lab, day: int, *, full_refresh: bool = False) -> ModelReport:
    """Runs the project at noon of that day of June 2024."""
    project = lab.project()
    now = BEGAN + timedelta(days=day - 1, hours=12)
    request = Request(variables=project.variables, full_refresh=full_refresh, now=now)
    (report,) = run_nodes(project, project.graph.select(), request).models
    return report


def history(lab: Lab) -> list[tuple[Any, ...]]:
    """Key, value, and the days of June from and until which it holds."""
    times = ", ".join(
        f"CAST(date_diff('day', TIMESTAMP '2024-05-31', {name}::TIMESTAMP) AS INTEGER)"
        for name in ("valid_from", "valid_to")
    )
    return lab.sql("SET TimeZone = 'UTC'", f"SELECT id, v, {times} FROM m.t ORDER BY id, 3, 4")


def put(lab: Lab, *rows: tuple[int, str | None, str]) -> None:
    """Makes these the rows of the source: id, v and the time c."""
    lab.sql("CREATE OR REPLACE TABLE src (id INTEGER, c TIMESTAMP, v VARCHAR)")
    for id_, value, time in rows:
        text = "NULL" if value is None else f"'{value}'"
        lab.sql(f"INSERT INTO src VALUES ({id_}, '{time}', {text})")


def test_check_compares_with_the_run_before(lab: Lab) -> None:
    """A changed row ends its version at the run's moment; NULL is a value like any other."""
    lab.model(QUERY, scd2("check", check_columns=["v"], is_current="now"))
    put(lab, (1, "a", "2024-01-01"), (2, None, "2024-01-01"), (3, "x", "2024-01-01"))
    first = run(lab, 1)
    put(lab, (1, "b", "2024-01-02"), (2, "m", "2024-01-02"), (3, "x", "2024-01-02"))
    second = run(lab, 2)
    put(lab, (1, None, "2024-01-03"), (2, "m", "2024-01-03"), (3, "x", "2024-01-03"))
    run(lab, 3)

    again = run(lab, 4)

    assert (first.mode, first.rows_inserted, first.watermark) == ("full", 3, None)
    assert (second.mode, second.rows_inserted, second.rows_updated) == ("incremental", 2, 2)
    assert not again.has_changed_rows
    assert history(lab) == [
        (1, "a", 1, 2),
        (1, "b", 2, 3),
        (1, None, 3, None),
        (2, None, 1, 2),
        (2, "m", 2, None),
        (3, "x", 1, None),
    ]
    assert lab.sql("SELECT count(*) FROM m.t WHERE now = (valid_to IS NULL)") == [(6,)]
    assert lab.sql("SELECT DISTINCT typeof(valid_from) FROM m.t") == [("TIMESTAMP WITH TIME ZONE",)]


@pytest.mark.parametrize("strategy", ["timestamp", "check"])
def test_deleted_rows_end_and_may_return(lab: Lab, strategy: str) -> None:
    """A key that is gone ends at the run that finds it so, and returns with a gap before it."""
    lab.model(QUERY, scd2(strategy, hard_deletes="invalidate"))
    put(lab, (1, "a", "2024-06-01"), (2, "x", "2024-06-01"))
    run(lab, 1)
    put(lab, (2, "x", "2024-06-01"))
    gone = run(lab, 3)
    still_gone = run(lab, 4)
    put(lab, (1, "a", "2024-06-01"), (2, "x", "2024-06-01"))
    back = run(lab, 6)
    as_it_was = run(lab, 7)
    put(lab)
    run(lab, 8)
    put(lab, (1, "b", "2024-06-10"))

    run(lab, 11)

    assert (gone.rows_inserted, gone.rows_updated, gone.rows_deleted) == (0, 1, 0)
    assert (back.rows_inserted, back.rows_updated) == (1, 0)
    assert not still_gone.has_changed_rows
    assert not as_it_was.has_changed_rows
    returned = 10 if strategy == "timestamp" else 11
    assert history(lab) == [
        (1, "a", 1, 3),
        (1, "a", 6, 8),
        (1, "b", returned, None),
        (2, "x", 1, 8),
    ]


@pytest.mark.parametrize("strategy", ["timestamp", "check"])
def test_deletes_can_be_versions(lab: Lab, strategy: str) -> None:
    """A key that is gone gets a version that says so, until it returns; no time is without one."""
    own = {"hard_deletes": "new_record", "is_current": "now", "is_deleted": "Gone"}
    lab.model(QUERY, scd2(strategy, **own))
    put(lab, (1, "a", "2024-06-01"), (2, "x", "2024-06-01"))
    run(lab, 1)
    put(lab, (2, "x", "2024-06-01"))
    gone = run(lab, 3)
    still_gone = run(lab, 4)
    put(lab, (1, "a", "2024-06-01"), (2, "x", "2024-06-01"))
    back = run(lab, 6)
    as_it_was = run(lab, 7)
    put(lab, (2, "x", "2024-06-01"))
    run(lab, 8)
    put(lab, (1, "b", "2024-06-10"))

    run(lab, 11)

    assert (gone.rows_inserted, gone.rows_updated, gone.rows_deleted) == (1, 1, 0)
    assert (back.rows_inserted, back.rows_updated) == (1, 1)
    assert not still_gone.has_changed_rows
    assert not as_it_was.has_changed_rows
    returned = 10 if strategy == "timestamp" else 11
    found = lab.rows('SELECT id, v, "Gone", day(valid_from), day(valid_to), now FROM m.t')
    assert found == [
        (1, "a", False, 1, 3, False),
        (1, "a", False, 6, 8, False),
        (1, "a", True, 3, 6, False),
        (1, "a", True, 8, returned, False),
        (1, "b", False, returned, None, True),
        (2, "x", False, 1, 11, False),
        (2, "x", True, 11, None, True),
    ]


def test_versions_of_deletes_come_and_go_by_a_full_refresh_alone(lab: Lab) -> None:
    """Without them a run would take one for the row itself, and the other way about."""
    put(lab, (1, "a", "2024-06-01"))
    lab.model(QUERY, scd2("check", hard_deletes="invalidate"))
    run(lab, 1)
    before = lab.everything()
    lab.model(QUERY, scd2("check", hard_deletes="new_record"))

    failed = lab.failure()

    assert "the strategy changed from check to check with new_record" in str(failed.error)
    assert lab.everything() == before


@pytest.mark.parametrize("strategy", ["timestamp", "check"])
def test_deletes_are_ignored_by_default(lab: Lab, strategy: str) -> None:
    """A key that is gone stays as it was."""
    lab.model(QUERY, scd2(strategy, hard_deletes="ignore"))
    put(lab, (1, "a", "2024-06-01"), (2, "x", "2024-06-01"))
    run(lab, 1)
    put(lab, (2, "x", "2024-06-01"))

    assert not run(lab, 3).has_changed_rows


def test_the_current_rows_are_the_query(lab: Lab) -> None:
    """Times that go back, corrections and returns: the open versions are what the query gives."""
    lab.model(QUERY, scd2("timestamp"))
    states = [
        [(1, "a", "2024-05-01"), (2, "x", "2024-05-01")],
        [(1, "b", "2024-05-20"), (2, "y", "2024-05-01")],
        [(1, "c", "2024-05-10")],
        [(1, "c", "2024-05-10"), (2, "z", "2024-05-02")],
        [(1, "d", "2024-06-04"), (2, "z", "2024-05-03")],
    ]
    for day, state in enumerate(states, start=1):
        put(lab, *state)

        report = run(lab, day)

        assert report.status == "success", report.error
        assert lab.rows("SELECT id, c, v FROM m.t WHERE valid_to IS NULL") == lab.rows(QUERY)
    assert history(lab) == [
        (1, "a", -30, -11),
        (1, "b", -11, 3),
        (1, "c", 3, 4),
        (1, "d", 4, None),
        (2, "y", -30, 3),
        (2, "z", 4, 5),
        (2, "z", 5, None),
    ]


def test_check_can_take_its_times_from_a_column(lab: Lab) -> None:
    """With updated_at a changed version begins at its own time, where that is later."""
    lab.model(QUERY, scd2("check", updated_at="c"))
    put(lab, (1, "a", "2024-05-01"), (2, "x", "2024-05-02"), (3, "p", "2024-05-03"))
    run(lab, 1)
    put(lab, (1, "b", "2024-05-11"), (2, "x", "2024-05-12"), (3, "q", "2024-05-03"))

    run(lab, 2)

    assert history(lab) == [
        (1, "a", -30, -20),
        (1, "b", -20, None),
        (2, "x", -29, None),
        (3, "p", -28, 2),
        (3, "q", 2, None),
    ]


def test_the_first_versions_can_be_said_to_hold_since(lab: Lab) -> None:
    """start_date is from when the rows of the first run hold; later ones hold from their run."""
    lab.model(QUERY, scd2("check", start_date="2024-05-31"))
    put(lab, (1, "a", "2024-05-01"))
    run(lab, 1)
    put(lab, (1, "b", "2024-05-01"), (2, "x", "2024-05-01"))

    run(lab, 2)

    assert history(lab) == [(1, "a", 0, 2), (1, "b", 2, None), (2, "x", 2, None)]


@pytest.mark.parametrize("strategy", ["timestamp", "check"])
def test_a_clock_that_goes_back_is_refused(lab: Lab, strategy: str) -> None:
    """No interval ends before it begins: such a run is an error and writes nothing."""
    lab.model(QUERY, scd2(strategy, hard_deletes="invalidate"))
    put(lab, (1, "a", "2024-06-05"), (2, "x", "2024-06-05"))
    run(lab, 5)
    put(lab, (2, "x", "2024-06-05"))
    before = lab.everything()

    failed = run(lab, 4)

    assert failed.status == "failed"
    assert "already goes past this run's moment, 2024-06-04T12:00:00" in str(failed.error)
    assert lab.everything() == before
    assert run(lab, 6).rows_updated == 1
    put(lab, (1, "a", "2024-06-05"), (2, "x", "2024-06-05"))
    assert run(lab, 5).status == "failed"
    assert run(lab, 7).status == "success"


@pytest.mark.parametrize("strategy", ["timestamp", "check"])
def test_a_key_comes_once(lab: Lab, strategy: str) -> None:
    """Two rows of a key, or none that is known, are errors with their counts."""
    lab.model(QUERY, scd2(strategy))
    put(lab, (1, "a", "2024-06-01"))
    run(lab, 1)
    before = lab.everything()
    put(lab, (1, "b", "2024-06-02"), (1, "c", "2024-06-03"), (2, "x", "2024-06-01"))

    assert "keys (id) that come more than once: 1" in str(run(lab, 2).error)
    lab.sql("UPDATE src SET id = NULL")
    assert "NULL in the unique key (id): 3" in str(run(lab, 2).error)
    assert lab.everything() == before


def test_the_clock_needs_a_type_that_holds_it(lab: Lab) -> None:
    """A DATE cannot say when a row was found gone, so it is refused with the cast to write."""
    lab.model("SELECT id, c::DATE AS c FROM src", scd2("timestamp"))
    put(lab, (1, "a", "2024-06-01"))

    failed = run(lab, 1)

    assert "cannot hold the moment" in str(failed.error)
    assert "CAST(c AS TIMESTAMP) AS c" in str(failed.error)


def test_what_the_plan_shows_is_what_runs(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """A full refresh of a history is planned and logged as what it is."""
    lab.model(QUERY, scd2("check"))
    put(lab, (1, "a", "2024-06-01"))
    run(lab, 1)

    with caplog.at_level(logging.WARNING):
        report = run(lab, 2, full_refresh=True)

    assert (report.mode, report.reason) == ("full", "a full refresh was asked for")
    assert "history in the table is replaced" in caplog.text
    assert history(lab) == [(1, "a", 2, None)]
