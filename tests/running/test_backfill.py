"""A backfill: windows in committed batches, that go on where they were stopped."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from running_lab import Lab, incremental

from t4t_core.commands.change_state import reset, set_watermark
from t4t_core.commands.state import shown_windows
from t4t_core.errors import DatabaseError, UsageError
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport, Report
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import Backfill, batches, read_batch_size, read_window

Source = Callable[..., None]
QUERY = "SELECT id, c, v FROM src"
STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
TEN = tuple((day, day, f"v{day}") for day in range(1, 11))


def backfilled(
    lab: Lab, start: str, end: str, size: str | None = None, *, restart: bool = False, **more: Any
) -> Report:
    asked = Backfill(
        read_window(start, end), None if size is None else read_batch_size(size), is_restart=restart
    )
    return asked_of(lab, asked, **more)


def asked_of(lab: Lab, asked: Backfill, **variables: Any) -> Report:
    project = lab.project(**variables)
    request = Request(variables=project.variables, backfill=asked)
    return run_nodes(project, project.graph.select(), request)


def of_t(report: Report) -> ModelReport:
    return next(model for model in report.models if model.model_name == "m.t")


def done(report: Report) -> ModelReport:
    found = of_t(report)
    assert found.status == "success", found.error
    return found


def days(lab: Lab) -> list[int]:
    return [row[0] for row in lab.sql("SELECT day(c) FROM m.t ORDER BY ALL")]


def windows(lab: Lab) -> dict[str, Any]:
    (found,) = shown_windows(lab.project(), "m.t")
    return {
        name: [tuple((w[end] or "")[8:10] for end in ("start", "end")) for w in found[name]]
        for name in ("covered", "missing")
    }


def dying(number: int) -> Callable[..., Any]:
    """The ledger's write, which fails the n-th time."""
    from t4t_core.state.ledger import write_commit

    calls = 0

    def write(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            raise DatabaseError("the disk is full", sql="")
        write_commit(*arguments)

    return write


@STRATEGIES
def test_a_first_run_takes_the_windows_rows_alone(lab: Lab, source: Source, strategy: str) -> None:
    """The table is made of the window, half-open, in batches; rows without a time are in none."""
    source(*TEN, (99, None, "n"))
    lab.model(QUERY, incremental(strategy))

    report = done(backfilled(lab, "2024-01-03", "2024-01-07", "1 day"))

    assert days(lab) == [3, 4, 5, 6]
    assert (report.mode, report.batches, report.rows_inserted, report.row_count) == (
        "full",
        4,
        4,
        4,
    )
    assert report.window == ("2024-01-03T00:00:00", "2024-01-07T00:00:00")
    assert str(report.watermark) == "2024-01-06T00:00:00"
    reasons = lab.sql("SELECT reason FROM _t4t.commits ORDER BY version")
    assert [row[0] for row in reasons][:2] == [
        "this is the first run; the window 2024-01-03 .. 2024-01-04 was asked for",
        "the window 2024-01-04 .. 2024-01-05 was asked for",
    ]


def test_a_later_plain_run_goes_on_from_the_watermark(lab: Lab, source: Source) -> None:
    """After a window the next run reads from the greatest time in it on."""
    source(*TEN)
    lab.model(QUERY, incremental("delete_insert"))
    done(backfilled(lab, "2024-01-03", "2024-01-07"))

    report = lab.run()

    assert report.mode == "incremental"
    assert days(lab) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert windows(lab) == {"covered": [("03", "10")], "missing": []}


@STRATEGIES
def test_a_window_is_brought_in_line_and_nothing_else(
    lab: Lab, source: Source, strategy: str
) -> None:
    """Late rows of the window come in, once; rows outside it, and the watermark, stay."""
    source(*TEN)
    lab.model(QUERY, incremental(strategy))
    lab.run()
    source((21, 4, "late"), (21, 4, "late"), (22, 8, "late"))

    first = done(backfilled(lab, "2024-01-03", "2024-01-06"))
    again = done(backfilled(lab, "2024-01-03", "2024-01-06"))

    twice = 1 if strategy == "merge" else 2
    assert lab.sql("SELECT id, count(*) FROM m.t WHERE id > 20 GROUP BY 1") == [(21, twice)]
    assert first.rows_inserted - first.rows_deleted == twice
    assert strategy == "delete_insert" or not again.has_changed_rows
    assert str(again.watermark) == "2024-01-10T00:00:00"


def test_delete_insert_takes_away_what_the_window_no_longer_has(lab: Lab, source: Source) -> None:
    """The window decides what is deleted, even where where_condition says otherwise."""
    source(*TEN)
    own = {"where_condition": "c >= @start_date AND id < 100", "start_date": "2024-01-09"}
    lab.model(QUERY, incremental("delete_insert", **own))
    lab.run()
    lab.sql("DELETE FROM src WHERE day(c) IN (4, 8)")

    report = done(backfilled(lab, "2024-01-03", "2024-01-06"))

    assert days(lab) == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert (report.rows_deleted, report.rows_inserted) == (3, 2)


def test_an_older_version_of_a_key_replaces_none(lab: Lab, source: Source) -> None:
    """Merge of an old window keeps the later row of a key, and takes a key that is new."""
    source((1, 9, "new"), (2, 9, "two"))
    for method in ("fastest", "merge"):
        lab.model(QUERY, incremental("merge", method=method))
        lab.run(full_refresh=method == "merge")
        source((1, 2, "old"), (3, 2, "three"), (3, 1, "before"))

        done(backfilled(lab, "2024-01-01", "2024-01-05", "2 days"))

        assert lab.rows("SELECT id, v FROM m.t") == [(1, "new"), (2, "two"), (3, "three")]


def test_an_old_window_brings_no_deleted_key_back(lab: Lab, source: Source) -> None:
    """delete_when looks past the window's end: a later row that deletes the key decides."""
    source((1, 2, "old"), (1, 8, "gone"), (2, 2, "two"), (3, 2, "gone"), (3, 9, "three"))
    own = {"delete_when": "source.v = 'gone'", "null_time": "error"}
    lab.model(QUERY, incremental("merge", **own))
    done(backfilled(lab, "2024-01-05", "2024-01-12"))
    assert lab.rows("SELECT id FROM m.t") == [(3,)]

    done(backfilled(lab, "2024-01-01", "2024-01-05", "1 day"))

    assert lab.rows("SELECT id, v FROM m.t") == [(2, "two"), (3, "three")]
    assert lab.rows() == lab.refreshed()


def test_history_takes_windows_in_any_order(lab: Lab, source: Source) -> None:
    """scd2 by a time column: versions of old windows take their place among the later ones."""
    source((1, 2, "a"), (1, 5, "b"), (1, 9, "c"), (2, 4, "x"))
    own = {"strategy": "timestamp", "unique_key": ["id"], "updated_at": "c"}
    lab.model(QUERY, {"materialization": "scd2", "scd2": own})

    done(backfilled(lab, "2024-01-08", "2024-01-10"))
    done(backfilled(lab, "2024-01-01", "2024-01-04", "1 day"))
    done(asked_of(lab, Backfill(None)))

    assert len(lab.rows()) == 4
    assert lab.rows() == lab.refreshed()


def test_a_history_of_states_is_run_as_always(lab: Lab, source: Source) -> None:
    """Comparing values reads the whole query, so there is no window to run."""
    source(*TEN)
    own = {"strategy": "check", "unique_key": ["id"]}
    lab.model(QUERY, {"materialization": "scd2", "scd2": own})

    report = done(backfilled(lab, "2024-01-08", "2024-01-10", "1 day"))

    assert (report.rows_inserted, report.batches, report.window) == (10, None, None)


def test_the_windows_bounds_are_placeholders(lab: Lab, source: Source) -> None:
    """@start_date and @end_date are the batch's bounds, over a variable of that name."""
    source(*TEN)
    query = "SELECT id, c, @end_date - '@start_date' AS v FROM src WHERE c < @end_date"
    lab.model(query, incremental("append", start_date="@start_date"))

    report = backfilled(lab, "2024-01-03", "2024-01-07", "2 days", start_date="2024-01-05")

    done(report)
    assert days(lab) == [3, 4, 5, 6]
    assert {str(row[0]) for row in lab.sql("SELECT v FROM m.t")} == {"2 days, 0:00:00"}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_bounds_have_the_time_columns_own_type(lab: Lab, zone: str) -> None:
    """A column with a zone is compared with moments in UTC, whatever the session's zone is."""
    lab.sql(
        "CREATE TABLE src AS SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i) HOUR AS c "
        "FROM range(96) t(i)"
    )
    query = "SELECT c, typeof(@start_date) AS t FROM src WHERE c >= @start_date AND c < @end_date"
    lab.model(query, incremental("append"))
    with patch.dict("os.environ", {"TZ": zone}):
        done(backfilled(lab, "2024-01-02", "2024-01-04", "1 day"))

    found = lab.sql("SELECT count(*), min(epoch(c))::BIGINT, any_value(t) FROM m.t")

    assert found == [(48, 1704153600, "TIMESTAMP WITH TIME ZONE")]


def test_a_start_in_the_metadata_holds_and_a_variable_does_not(lab: Lab, source: Source) -> None:
    """A full refresh would not give rows before a start that is a value, so no window does."""
    source(*TEN)
    lab.model(QUERY, incremental("append", start_date="2024-01-05"))
    done(backfilled(lab, "2024-01-01", "2024-01-07", "1 day"))
    assert days(lab) == [5, 6]

    lab.model(QUERY, incremental("append", start_date="@since"))
    lab.run(since="2024-01-08", full_refresh=True)
    done(backfilled(lab, "2024-01-02", "2024-01-04", since="2024-01-08"))

    assert days(lab) == [2, 3, 8, 9, 10]


def test_what_is_missing_is_known_and_filled(lab: Lab, source: Source) -> None:
    """The gaps between windows are listed, and filled in batches; then nothing is missing."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    done(backfilled(lab, "2024-01-02", "2024-01-03"))
    done(backfilled(lab, "2024-01-05", "2024-01-06"))
    done(backfilled(lab, "2024-01-08", "2024-01-10", "1 day"))
    gaps = {"covered": [("02", "03"), ("05", "06"), ("08", "10")]}
    assert windows(lab) == gaps | {"missing": [("03", "05"), ("06", "08")]}

    report = done(asked_of(lab, Backfill(None, read_batch_size("1 day"))))
    again = done(asked_of(lab, Backfill(None)))

    assert (report.batches, report.rows_inserted) == (4, 4)
    assert (again.mode, again.reason) == ("skipped", "no window is missing")
    assert days(lab) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert windows(lab) == {"covered": [("02", "10")], "missing": []}
    assert len(lab.sql("FROM _t4t.windows")) == 1


def test_plain_runs_and_hands_leave_the_windows_right(lab: Lab, source: Source) -> None:
    """A plain run covers from its watermark on; a watermark set forward leaves a gap."""
    source(*TEN[:4])
    lab.model(QUERY, incremental("append"))
    lab.run()
    assert lab.sql("FROM _t4t.windows") == []
    done(backfilled(lab, "2024-01-06", "2024-01-07"))
    source(*TEN[4:])
    assert windows(lab) == {"covered": [("", "04"), ("06", "07")], "missing": [("04", "06")]}

    set_watermark(lab.project(), "m.t", "2024-01-08")
    lab.run()

    assert windows(lab) == {
        "covered": [("", "04"), ("06", "07"), ("08", "10")],
        "missing": [("04", "06"), ("07", "08")],
    }
    reset(lab.project(), "m.t")
    assert windows(lab) == {"covered": [], "missing": []}
    lab.run()
    assert windows(lab) == {"covered": [("", "10")], "missing": []}
    assert lab.sql("FROM _t4t.windows") == []


def test_a_start_that_jumps_leaves_a_gap(lab: Lab, source: Source) -> None:
    """delete_insert from a start past the watermark leaves days unread, and that is known."""
    source(*TEN[:3])
    lab.model(QUERY, incremental("delete_insert", start_date="@since"))
    lab.run(since="2024-01-01")
    source(*TEN[3:])

    lab.run(since="2024-01-08")

    assert windows(lab)["missing"] == [("03", "08")]
    done(asked_of(lab, Backfill(None), since="2024-01-08"))
    assert lab.rows() == lab.refreshed(since="2024-01-08")


@STRATEGIES
def test_a_failing_batch_leaves_the_ones_before_it(
    lab: Lab, source: Source, strategy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the third batch fails two are committed, and the same command does the rest."""
    caplog.set_level(logging.INFO)
    source(*TEN)
    lab.model(QUERY, incremental(strategy))
    lab.model("SELECT count(*) AS n FROM m.t", {"materialization": "table"}, name="u")
    command = ("2024-01-01", "2024-01-11", "2 days")

    with patch("t4t_core.running.one_model.write_commit", dying(3)):
        report = backfilled(lab, *command)

    assert [model.status for model in report.models] == ["failed", "skipped"]
    assert of_t(report).batches == 2
    assert of_t(report).error is not None
    assert "batch 3 of 5: 2024-01-05 .. 2024-01-07: " in str(of_t(report).error)
    assert "the same command goes on here" in str(of_t(report).error)
    assert days(lab) == [1, 2, 3, 4]
    assert windows(lab)["covered"] == [("01", "05")]

    resumed = done(backfilled(lab, *command))
    anew = done(backfilled(lab, *command))

    assert "m.t resumes at 2024-01-05; 2 of 5 batches were done" in caplog.text
    assert "batch 3 of 5: 2024-01-05 .. 2024-01-07, 2 rows" in caplog.text
    assert (resumed.batches, anew.batches) == (3, 5)
    assert lab.rows() == lab.refreshed()
    assert lab.sql("FROM m.u") == [(10,)]


@pytest.mark.parametrize(
    "other",
    [
        {"size": "1 day"},
        {"end": "2024-01-10"},
        {"restart": True},
        {"query": "SELECT id, c, upper(v) AS v FROM src"},
    ],
    ids=["size", "window", "restart", "definition"],
)
def test_another_command_begins_at_its_first_batch(
    lab: Lab, source: Source, other: dict[str, Any]
) -> None:
    """Only the same window, size and definition goes on where a backfill was stopped."""
    source(*TEN)
    lab.settings(flags={"definition_change_behavior": "continue"})
    lab.model(QUERY, incremental("delete_insert"))
    with patch("t4t_core.running.one_model.write_commit", dying(3)):
        backfilled(lab, "2024-01-01", "2024-01-11", "2 days")
    lab.model(other.get("query", QUERY), incremental("delete_insert"))

    report = done(
        backfilled(
            lab,
            "2024-01-01",
            other.get("end", "2024-01-11"),
            other.get("size", "2 days"),
            restart=other.get("restart", False),
        )
    )

    assert report.window is not None
    assert report.window[0] == "2024-01-01T00:00:00"


def test_models_that_were_done_are_not_done_again(lab: Lab, source: Source) -> None:
    """Where one of two models failed, the same command goes on with that one alone."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    lab.model(QUERY.replace("src", "m.t"), incremental("append"), name="u")
    command = ("2024-01-01", "2024-01-11", "5 days")
    with patch("t4t_core.running.one_model.write_commit", dying(4)):
        assert backfilled(lab, *command).status == "failed"

    resumed = backfilled(lab, *command)
    anew = backfilled(lab, *command)

    assert [(model.mode, model.batches) for model in resumed.models] == [
        ("skipped", 0),
        ("incremental", 1),
    ]
    assert [model.batches for model in anew.models] == [2, 2]
    assert lab.rows("FROM m.u") == lab.rows()


CHILD = """
import os, signal, sys
from t4t_core.project.load import load_project
from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import Backfill, read_batch_size, read_window

def die(batch):
    if batch.done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

project = load_project(sys.argv[1], {})
asked = Backfill(read_window("2024-01-01", "2024-01-11"), read_batch_size("1 day"))
run_nodes(project, project.graph.select(), Request(backfill=asked), None, die)
"""


def test_a_killed_backfill_goes_on(lab: Lab, source: Source) -> None:
    """Killed between two batches, the same command does the rest and nothing twice."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    killed = subprocess.run([sys.executable, "-c", CHILD, str(lab.folder)], check=False)
    assert (killed.returncode, days(lab)) == (-9, [1, 2, 3])

    report = done(backfilled(lab, "2024-01-01", "2024-01-11", "1 day"))

    assert (report.batches, report.rows_inserted) == (7, 7)
    assert lab.rows() == lab.refreshed()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("SELECT id, c, upper(v) AS v FROM src", "needs a full load (the query changed)"),
        (None, "needs a full load (its state was reset)"),
    ],
    ids=["definition", "reset"],
)
def test_a_window_never_replaces_a_table_that_stands(
    lab: Lab, source: Source, change: str | None, words: str
) -> None:
    """Where a full load is due a window is refused, and everything stays as it was."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    lab.run()
    if change is None:
        reset(lab.project(), "m.t")
    else:
        lab.model(change, incremental("append"))
    before = lab.everything()

    report = of_t(backfilled(lab, "2024-01-01", "2024-01-03"))

    assert report.status == "failed"
    assert words in str(report.error)
    assert lab.everything() == before


def test_append_adds_no_row_again_for_a_new_column(lab: Lab, source: Source) -> None:
    """A window adds no column, but completes the rows in it that lack one."""
    source(*TEN)
    added = incremental("append", lookback="1 day")
    added["incremental"]["on_schema_change"] = "append_new_columns"
    lab.model("SELECT * FROM src", added)
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN n INTEGER DEFAULT 1")

    before = of_t(backfilled(lab, "2024-01-02", "2024-01-04"))
    lab.run()
    after = done(backfilled(lab, "2024-01-02", "2024-01-04"))
    within = done(backfilled(lab, "2024-01-09", "2024-01-11"))

    assert "a run of a part cannot complete the rows outside it" in str(before.error)
    assert (after.rows_updated, after.rows_inserted) == (2, 0)
    assert (within.rows_inserted, days(lab)) == (0, list(range(1, 11)))


def test_append_adds_no_row_again_for_another_query(lab: Lab, source: Source) -> None:
    """Where the old rows stay as they were, their new versions would come beside them."""
    source(*TEN)
    lab.settings(flags={"definition_change_behavior": "continue"})
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.model("SELECT id, c, upper(v) AS v FROM src", incremental("append"))

    report = of_t(backfilled(lab, "2024-01-02", "2024-01-04"))

    assert "append would add the rows of the window" in str(report.error)
    assert len(lab.rows()) == 10


def test_append_remembers_rows_of_another_query(lab: Lab, source: Source) -> None:
    """Once runs went on with another query, windows of the older rows are refused all the same."""
    source(*TEN)
    lab.settings(flags={"definition_change_behavior": "continue"})
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.model(
        "SELECT id, c, v || id % 2 AS v FROM src WHERE id > 10 OR v = '-'", incremental("append")
    )
    lab.run()
    source((11, 12, "k"))
    lab.run()
    source((12, 11, "l"))
    before = lab.everything()

    refused = of_t(backfilled(lab, "2024-01-02", "2024-01-04"))
    unchanged = lab.everything() == before
    later = done(backfilled(lab, "2024-01-11", "2024-01-13"))
    lab.run(full_refresh=True)
    whole = done(backfilled(lab, "2024-01-01", "2024-01-13"))

    assert "rows up to 2024-01-10T00:00:00 may be of an earlier definition" in str(refused.error)
    assert unchanged
    assert (later.rows_inserted, whole.rows_inserted) == (1, 0)


def test_a_table_that_is_gone_is_made_of_the_window(lab: Lab, source: Source) -> None:
    """The watermark and the windows begin again with the table."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.sql("DROP TABLE m.t")

    report = done(backfilled(lab, "2024-01-02", "2024-01-04"))

    assert (days(lab), str(report.watermark)) == ([2, 3], "2024-01-03T00:00:00")
    assert windows(lab) == {"covered": [("02", "04")], "missing": []}


def test_an_empty_window_makes_an_empty_table(lab: Lab, source: Source) -> None:
    """A window without rows is read all the same, and the next ones go on from it."""
    source(*TEN[5:])
    lab.model(QUERY, incremental("delete_insert"))

    report = done(backfilled(lab, "2024-01-01", "2024-01-11", "1 day"))

    assert (report.batches, days(lab)) == (10, [6, 7, 8, 9, 10])
    assert lab.rows() == lab.refreshed()


def test_other_models_run_once_as_always(lab: Lab, source: Source) -> None:
    """Views and tables know of no window: they run once, in their place, after all batches."""
    source(*TEN)
    lab.model("SELECT * FROM src WHERE c < '@end_date'", {"materialization": "view"}, name="a")
    lab.model("SELECT id, c, v FROM m.a", incremental("append"))
    lab.model("SELECT count(*) AS n FROM m.t", {"materialization": "table"}, name="z")

    report = backfilled(lab, "2024-01-01", "2024-01-05", "1 day", end_date="2024-01-04")

    assert [model.batches for model in report.models] == [None, 4, None]
    assert lab.sql("FROM m.z") == [(3,)]


def test_a_ledger_of_the_first_version_takes_windows(lab: Lab, source: Source) -> None:
    """Tables that came later are added to a ledger that has none, and its format stays."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.sql(*(f"DROP TABLE _t4t.{name}" for name in ("windows", "backfills")))
    assert windows(lab)["covered"] == [("", "10")]

    done(backfilled(lab, "2024-01-12", "2024-01-14", "1 day"))

    assert windows(lab)["missing"] == [("10", "12")]
    assert lab.sql("FROM _t4t.format") == [(2,)]


@pytest.mark.parametrize(
    ("kind", "start", "end", "size", "expected"),
    [
        ("TIMESTAMP", "2024-01-31", "2024-04-15", "1 month", 3),
        ("TIMESTAMP", "2024-01-31", "2024-04-30", "1 month", 3),
        ("DATE", "2024-01-01", "2024-01-08", "7d", 1),
        ("DATE", "2024-01-01", "2024-01-03", "12 hours", 4),
        ("BIGINT", "-5", "20", "10", 3),
    ],
)
def test_batches_are_cut_by_the_calendar(
    lab: Lab, kind: str, start: str, end: str, size: str, expected: int
) -> None:
    """The batches join without gap or overlap, whatever the column counts in."""
    day = "range(120) t(i)"
    value = "i - 60" if kind == "BIGINT" else f"(DATE '2024-01-01' + CAST(i AS INTEGER))::{kind}"
    lab.sql(f"CREATE TABLE src AS SELECT {value} AS c FROM {day}")
    lab.model("SELECT c FROM src", incremental("append"))

    report = done(backfilled(lab, start, end, size))

    bound = "" if kind == "BIGINT" else "DATE "
    low, high = (f"{bound}{b}" if kind == "BIGINT" else f"{bound}'{b}'" for b in (start, end))
    assert report.batches == (expected if expected > 1 else None)
    assert lab.rows() == lab.rows(f"SELECT c FROM src WHERE c >= {low} AND c < {high}")


def test_months_are_counted_from_the_start() -> None:
    """From 31 January they lie at the last day of February and on 31 March."""
    cut = batches(read_window("2024-01-31", "2024-05-01"), read_batch_size("1 month"))

    assert [str(window) for window in cut] == [
        "2024-01-31 .. 2024-02-29",
        "2024-02-29 .. 2024-03-31",
        "2024-03-31 .. 2024-04-30",
        "2024-04-30 .. 2024-05-01",
    ]


@pytest.mark.parametrize(
    ("start", "end", "size", "words"),
    [
        ("2024-02-01", "2024-01-01", None, "is not before"),
        ("2024-01-01", "2024-01-01", None, "is not before"),
        ("2024-01-01", "7", None, "a number and a date"),
        ("yesterday", "2024-01-01", None, "'yesterday' is not a date"),
        ("2024-01-01", "2024-02-01", "10", "does not suit"),
        ("1", "9", "1 day", "does not suit"),
        ("2024-01-01", "2024-02-01", "0 days", "longer than nothing"),
        ("2024-01-01", "2024-02-01", "a while", "is not a batch size"),
        ("2024-01-01", "2025-01-01", "1 second", "more than 100,000 batches"),
    ],
)
def test_a_wrong_window_is_refused_in_words(
    start: str, end: str, size: str | None, words: str
) -> None:
    """Nothing is run where the window or the size says nothing sensible."""
    with pytest.raises(UsageError) as caught:
        batches(read_window(start, end), None if size is None else read_batch_size(size))

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "start", "end", "words"),
    [
        ("INTEGER", "2024-01-01", "2024-01-02", "is an integer, so its window is bounded by numb"),
        ("TIMESTAMP", "1", "20240101", "is a TIMESTAMP, so its window is bounded by dates"),
    ],
)
def test_a_window_that_does_not_suit_the_column_is_refused(
    lab: Lab, kind: str, start: str, end: str, words: str
) -> None:
    """Dates for an integer column, and numbers for a time, are an error of the model's."""
    lab.sql(f"CREATE TABLE src (c {kind})")
    lab.model("SELECT c FROM src", incremental("append"))

    report = of_t(backfilled(lab, start, end))

    assert report.status == "failed"
    assert words in str(report.error)


def test_python_models_are_told_the_window(lab: Lab, source: Source) -> None:
    """The context gives the bounds; rows outside them are left out all the same."""
    source(*TEN)
    lab.python(
        "from t4t_core import model, RunContext\n"
        f"@model(table_name='m.t', metadata={incremental('append')!r})\n"
        "def t(src, context: RunContext):\n"
        "    v = context.variables\n"
        "    low = f\"'{v['start_date']} {context.lower}'\"\n"
        "    return src.query('s', f'SELECT id, c, {low} AS v FROM s')\n"
    )

    done(backfilled(lab, "2024-01-03", "2024-01-05", "1 day"))

    assert lab.rows() == [
        (3, *lab.sql("SELECT c FROM src WHERE id = 3")[0], "2024-01-03 00:00:00 None"),
        (
            4,
            *lab.sql("SELECT c FROM src WHERE id = 4")[0],
            "2024-01-04 00:00:00 2024-01-04T00:00:00",
        ),
    ]


def test_json_says_what_was_done(lab: Lab, source: Source, t4t: Any) -> None:
    """The command line takes the window, and `plan` shows the next batch of a stopped one."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    options = ["--start", "2024-01-01", "--end", "2024-01-11", "--batch-size", "2 days"]
    with patch("t4t_core.running.one_model.write_commit", dying(3)):
        failed = t4t("run", lab.folder, *options, "--json")
    planned = t4t("plan", lab.folder, *options, "--json")
    done_ = t4t("build", lab.folder, *options, "--json")

    assert (failed.exit_code, planned.exit_code, done_.exit_code) == (1, 0, 0)
    (plan,) = json.loads(planned.stdout)["models"]
    assert (plan["batches"], plan["batches_done"]) == (5, 2)
    assert (plan["lower"], plan["upper"]) == ("2024-01-05T00:00:00", "2024-01-07T00:00:00")
    (report,) = json.loads(done_.stdout)["models"]
    assert (report["batches"], report["rows_inserted"]) == (3, 6)
    assert report["window"] == ["2024-01-05T00:00:00", "2024-01-11T00:00:00"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--start", "2024-01-01"], "--end is missing"),
        (["--end", "2024-01-01"], "--start is missing"),
        (["--batch-size", "1 day"], "none is asked for"),
        (["--missing", "--start", "2024-01-01"], "finds its windows itself"),
        (["--missing", "--full-refresh"], "leave one of them out"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    lab: Lab, source: Source, t4t: Any, options: list[str], words: str
) -> None:
    """The exit status is 2, and nothing is run."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))

    found = t4t("run", lab.folder, *options)

    assert found.exit_code == 2
    assert words in found.output
    assert lab.sql("SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_t4t'") == [(0,)]


def test_a_window_of_one_run_is_no_batch(lab: Lab, source: Source) -> None:
    """`Request.window` runs one window in one transaction, and refuses a full refresh."""
    source(*TEN)
    lab.model(QUERY, incremental("append"))
    project = lab.project()
    request = Request(window=read_window("2024-01-02", "2024-01-04"))

    done(run_nodes(project, project.graph.select(), request))
    refused = run_nodes(project, project.graph.select(), replace(request, full_refresh=True))

    assert days(lab) == [2, 3]
    assert "were asked for together" in str(of_t(refused).error)
