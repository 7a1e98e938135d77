"""When a model is loaded in full, and what it says about that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

QUERY = "SELECT id, c, v FROM src"
Source = Callable[..., None]


@pytest.fixture
def ran(lab: Lab, source: Source) -> Lab:
    """A merge model that was run once."""
    source((1, 3, "a"), (2, 5, "b"))
    lab.model(QUERY, incremental("merge"))
    lab.run()
    return lab


@pytest.mark.parametrize(
    ("query", "metadata", "reason"),
    [
        ("SELECT id, c, v || '!' AS v FROM src", incremental("merge"), "the query changed"),
        (QUERY, incremental("append"), "the strategy changed from merge to append"),
        (QUERY, incremental("delete_insert"), "the strategy changed from merge to delete_insert"),
        (QUERY, incremental("merge", unique_key=["id", "v"]), "the unique key changed"),
        ("SELECT id, c, v FROM src", incremental("merge", start_date="2024-01-04"), "the start"),
    ],
    ids=["query", "to-append", "to-delete-insert", "key", "start"],
)
@pytest.mark.parametrize("behavior", ["full_refresh", "error", "continue"])
def test_a_changed_definition(
    ran: Lab, query: str, metadata: dict[str, object], reason: str, behavior: str
) -> None:
    """It is a full load that says why, an error that leaves everything, or goes on with a word."""
    ran.settings({"definition_change_behavior": behavior})
    before = ran.everything()
    ran.model(query, metadata)

    report = ran.result()

    if behavior == "error":
        assert report.status == "failed"
        assert reason in str(report.error)
        assert ran.everything() == before
    else:
        assert report.status == "success"
        assert report.mode == ("full" if behavior == "full_refresh" else "incremental")
        assert reason in report.reason
        assert ran.run().mode == "incremental"
        if behavior == "full_refresh":
            assert ran.rows() == ran.refreshed()


@pytest.mark.parametrize(
    ("query", "metadata"),
    [
        ("select ID, -- the key\n  c, v\nFROM src /* all */", incremental("merge")),
        (QUERY, incremental("merge", lookback="3 days")),
        (QUERY, incremental("merge", unique_key="ID", method="merge")),
        (QUERY, incremental("merge", on_duplicate_key="error")),
        (
            QUERY,
            incremental("merge") | {"description": "x", "tags": ["y"], "tests": ["row_count_gt_0"]},
        ),
    ],
    ids=["layout", "lookback", "same-key", "duplicates", "words"],
)
def test_the_same_definition(ran: Lab, query: str, metadata: dict[str, object]) -> None:
    """What gives no other table is no full load, even where a change is an error."""
    ran.settings({"definition_change_behavior": "error"})
    ran.model(query, metadata)

    report = ran.run()

    assert (report.mode, report.reason) == ("incremental", "rows past the watermark")


def test_another_time_column_has_no_watermark(ran: Lab) -> None:
    """A watermark of one column is never used for another, even where a change may go on."""
    ran.settings({"definition_change_behavior": "continue"})
    ran.model(QUERY, incremental("merge", time_column="id", unique_key="v"))
    before = ran.everything()

    report = ran.failure()

    assert "the time column changed from c to id" in str(report.error)
    assert ran.everything() == before


def test_a_full_refresh_says_that_it_was_asked_for(ran: Lab) -> None:
    """`--full-refresh` reads everything, and may move the watermark back."""
    ran.sql("DELETE FROM src WHERE id = 2")

    report = ran.run(full_refresh=True)

    assert (report.mode, report.reason) == ("full", "a full refresh was asked for")
    assert str(report.watermark) == "2024-01-03T00:00:00"
    assert report.row_count == 1


def test_a_table_that_is_gone_is_loaded_in_full(ran: Lab) -> None:
    """A dropped table is no error."""
    ran.sql("DROP TABLE m.t")

    report = ran.run()

    assert (report.mode, report.reason, report.row_count) == ("full", "its table is gone", 2)


@pytest.mark.parametrize(
    "change",
    ["DROP TABLE m.t", "UPDATE src SET v = v", "query"],
    ids=["dropped", "nothing", "definition"],
)
@pytest.mark.parametrize("is_asked", [False, True], ids=["plain", "full-refresh"])
def test_a_model_may_refuse_full_loads(
    lab: Lab, source: Source, change: str, is_asked: bool
) -> None:
    """`"full_refresh": false` refuses all full loads but the first."""
    source((1, 3, "a"))
    metadata = incremental("append") | {"full_refresh": False}
    lab.model(QUERY, metadata)
    first = lab.run()
    if change == "query":
        lab.model(QUERY + " WHERE id > 0", metadata)
    else:
        lab.sql(change)

    report = lab.result(full_refresh=is_asked)

    needs_full = is_asked or "src" not in change
    assert first.mode == "full"
    assert report.status == ("failed" if needs_full else "success")
    if needs_full:
        assert '"full_refresh": false' in str(report.error)


def test_an_unmanaged_table_is_refused(lab: Lab, source: Source) -> None:
    """A table that t4t did not make stays, until a full refresh is asked for."""
    source((1, 3, "a"))
    lab.sql("CREATE SCHEMA m", "CREATE TABLE m.t AS SELECT 42 AS mine")
    lab.model(QUERY, incremental("append"))

    refused = lab.failure()
    kept = lab.rows()
    lab.run(full_refresh=True)

    assert "t4t did not make it" in str(refused.error)
    assert kept == [(42,)]
    assert len(lab.rows("SELECT id, c, v FROM m.t")) == 1


MATERIALIZATIONS = {
    "view": {"materialization": "view"},
    "table": {"materialization": "table"},
    "incremental": incremental("append"),
}


@pytest.mark.parametrize("behavior", ["warn", "error", "ignore"])
@pytest.mark.parametrize(
    ("before", "after"),
    [(a, b) for a in MATERIALIZATIONS for b in MATERIALIZATIONS if a != b],
    ids=lambda name: name,
)
def test_a_changed_materialization(
    lab: Lab, source: Source, before: str, after: str, behavior: str
) -> None:
    """One takes the place of the other, with a warning, without, or not at all."""
    lab.settings({"materialization_change_behavior": behavior})
    source((1, 3, "a"))
    lab.model(QUERY, MATERIALIZATIONS[before])
    lab.run()
    lab.model(QUERY, MATERIALIZATIONS[after])

    report = lab.result()

    kind = lab.rows("SELECT table_type FROM information_schema.tables WHERE table_schema = 'm'")
    changed = f"the materialization changed from {before} to {after}"
    if behavior == "error":
        assert changed in str(report.error)
        after = before
    else:
        assert report.status == "success", report.error
        assert report.warning == (changed if behavior == "warn" else None)
    assert kind == [("VIEW" if after == "view" else "BASE TABLE",)]
    assert len(lab.rows()) == 1


def test_an_ephemeral_model_is_part_of_its_readers(lab: Lab, source: Source) -> None:
    """It makes no table; a change of it changes the definition of what reads it."""
    source((1, 3, "a"), (2, 4, "b"))
    lab.model(QUERY, {"materialization": "ephemeral"}, name="inside")
    lab.model("SELECT * FROM inside", incremental("append"))
    lab.run()
    same = lab.run()
    lab.model(QUERY + " WHERE id = 1", {"materialization": "ephemeral"}, name="inside")

    changed = lab.run()

    assert (same.mode, changed.mode, changed.reason) == ("incremental", "full", "the query changed")
    assert lab.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'm'"
    ) == [("t",)]
    assert changed.row_count == 1


def test_a_protected_table_does_not_become_a_view(lab: Lab, source: Source) -> None:
    """`"full_refresh": false` keeps the history, whatever the model is turned into."""
    source((1, 3, "a"))
    lab.model("SELECT id, c, v FROM src", incremental("append") | {"full_refresh": False})
    lab.run()
    lab.sql("DELETE FROM src")
    lab.model("SELECT id, c, v FROM src", {"materialization": "view", "full_refresh": False})

    report = lab.failure()

    assert "full_refresh" in str(report.error)
    assert lab.rows("SELECT id FROM m.t") == [(1,)]
