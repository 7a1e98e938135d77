"""The state: truth in the database, a copy for everybody in `tee_state.db`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.commands import change_state
from t4t_core.commands import state as state_commands
from t4t_core.errors import StateError, UsageError
from t4t_core.state import ledger

QUERY = "SELECT id, c, v FROM src"
SEED = (
    "model_name, materialization, last_execution_timestamp, sql_hash, config_hash, "
    "last_processed_value, strategy"
)
Source = Callable[..., None]


@pytest.fixture
def ran(lab: Lab, source: Source) -> Lab:
    """An append model that was run once."""
    source((1, 3, "a"), (2, 5, "b"))
    lab.model(QUERY, incremental("append"))
    lab.run()
    return lab


def seen(lab: Lab) -> list[tuple[object, ...]]:
    with duckdb.connect(str(lab.state), read_only=True) as connection:
        return connection.execute(f"SELECT {SEED} FROM tee_model_state ORDER BY 1").fetchall()


def test_any_client_reads_one_row_a_model(ran: Lab) -> None:
    """The seed's seven columns are there between runs, one row for each model."""
    ran.model("SELECT 1 AS one", {"materialization": "view"}, name="a")
    ran.run()

    view, model = seen(ran)

    assert view[:2] == ("m.a", "view")
    assert view[5:] == (None, None)
    assert model[:2] == ("m.t", "incremental")
    assert model[5:] == ("2024-01-05T00:00:00", "append")
    assert all(len(str(value)) == 64 for value in model[3:5])


def test_a_lost_copy_is_made_again(ran: Lab, source: Source) -> None:
    """Without `tee_state.db` the next run goes on, and writes it."""
    ran.state.unlink()
    source((3, 6, "c"))

    report = ran.run()

    assert (report.mode, report.rows_inserted) == ("incremental", 1)
    assert seen(ran)[0][5] == "2024-01-06T00:00:00"


def test_a_lost_database_is_loaded_in_full(ran: Lab, source: Source) -> None:
    """What the copy says of a table that is gone is not believed."""
    ran.database.unlink()
    source((7, 2, "old"))

    report = ran.run()

    assert (report.mode, report.reason) == ("full", "this is the first run")
    assert ran.rows("SELECT id FROM m.t") == [(7,)]
    assert seen(ran)[0][5] == "2024-01-02T00:00:00"


def test_an_older_database_goes_on_from_where_it_was(ran: Lab, source: Source) -> None:
    """A database restored from a copy is followed, and `tee_state.db` with it."""
    copy = ran.folder / "copy.duckdb"
    shutil.copy(ran.database, copy)
    source((3, 8, "c"))
    ran.run()
    shutil.copy(copy, ran.database)
    source((3, 8, "c"), (4, 6, "d"))

    report = ran.run()

    assert report.rows_inserted == 2
    assert ran.rows() == ran.refreshed()


def test_a_model_spelled_otherwise_has_one_row(ran: Lab, source: Source) -> None:
    """Names are the same in any case: it goes on, and its row says the new spelling."""
    for file in (ran.folder / "models" / "m").glob("t.*"):
        file.rename(file.with_name(f"T{file.suffix}"))
    source((3, 8, "c"))

    report = ran.run("T")

    assert (report.mode, report.rows_inserted) == ("incremental", 1)
    assert [row[0] for row in seen(ran)] == ["m.T"]


def test_the_state_of_another_t4t_is_kept_aside(lab: Lab, source: Source) -> None:
    """A table of the public t4t's nine columns is renamed, and its rows stay."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))
    with duckdb.connect(str(lab.state)) as connection:
        connection.execute(
            "CREATE TABLE tee_model_state (model_name VARCHAR PRIMARY KEY, materialization "
            "VARCHAR NOT NULL, last_execution_timestamp VARCHAR, sql_hash VARCHAR, config_hash "
            "VARCHAR, created_at VARCHAR, updated_at VARCHAR, last_processed_value VARCHAR, "
            "strategy VARCHAR)"
        )
        connection.execute(
            "INSERT INTO tee_model_state VALUES ('m.t', 'incremental', '', '', '', '', '', "
            "'2030-01-01', 'append')"
        )

    report = lab.run()

    assert report.mode == "full"
    assert seen(lab)[0][5] == "2024-01-03T00:00:00"
    with duckdb.connect(str(lab.state)) as connection:
        kept = connection.execute("SELECT last_processed_value FROM tee_model_state_before")
        assert kept.fetchall() == [("2030-01-01",)]


def test_show_tells_what_a_run_left(ran: Lab) -> None:
    """`t4t state show` gives the ledger's last row of each model, or of one."""
    rows = state_commands.shown(ran.project(), "t")

    assert [(row["model_name"], row["last_processed_value"]) for row in rows] == [
        ("m.t", "2024-01-05T00:00:00")
    ]


def test_set_moves_the_watermark_back(ran: Lab, source: Source) -> None:
    """Rows past the new watermark are read, those that the table holds are not doubled."""
    source((3, 4, "late"), (4, 2, "before"))

    change_state.set_watermark(ran.project(), "m.t", "2024-01-03")
    told = seen(ran)[0][5]
    report = ran.run()

    assert told == "2024-01-03T00:00:00"
    assert report.rows_inserted == 1
    assert ran.rows("SELECT id FROM m.t") == [(1,), (2,), (3,)]
    assert str(report.watermark) == "2024-01-05T00:00:00"


def test_set_moves_the_watermark_on(ran: Lab, source: Source) -> None:
    """Rows before the new watermark are left out by this run and all later ones."""
    source((3, 6, "left out"))
    change_state.set_watermark(ran.project(), "m.t", "2024-01-08")

    before = ran.run()
    source((4, 9, "read"))
    after = ran.run()

    assert (before.rows_inserted, after.rows_inserted) == (0, 1)
    assert ran.rows("SELECT id FROM m.t") == [(1,), (2,), (4,)]


def test_reset_asks_for_a_full_load(ran: Lab) -> None:
    """After a reset nothing is shown as processed, and the next run is a full load."""
    ran.sql("DELETE FROM src WHERE id = 1")

    change_state.reset(ran.project(), "m.t")
    told = seen(ran)[0][5]
    report = ran.run()

    assert told is None
    assert (report.mode, report.reason) == ("full", "its state was reset")
    assert ran.rows("SELECT id FROM m.t") == [(2,)]
    assert ran.run().mode == "incremental"


def test_what_cannot_be_changed_is_refused(ran: Lab) -> None:
    """A value of another kind, or a model that never ran, is an error that changes nothing."""
    ran.model("SELECT 1 AS one", name="new")
    before = ran.everything()

    with pytest.raises(UsageError, match="noon"):
        change_state.set_watermark(ran.project(), "m.t", "noon")
    with pytest.raises(StateError, match="never run"):
        change_state.reset(ran.project(), "m.new")

    assert ran.everything() == before


def test_the_ledger_keeps_a_bounded_history(ran: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old commits are forgotten; the last ones stay."""
    monkeypatch.setattr(ledger, "VERSIONS_KEPT", 3)

    for _ in range(5):
        ran.run()

    assert ran.sql("SELECT version FROM _t4t.commits ORDER BY 1") == [(4,), (5,), (6,)]


def test_a_copy_that_cannot_be_written_only_warns(
    ran: Lab, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    """The run succeeds, since its data is committed, and the next one makes the copy good."""
    source((3, 6, "c"))
    broken = StateError("the disk is full")

    with patch("t4t_core.running.session.Session.mirror"):
        ran.run()
    late = seen(ran)[0][5]
    with patch("t4t_core.running.session.bring_up_to_date", side_effect=broken):
        source((4, 7, "d"))
        report = ran.run()
    ran.run()

    assert late == "2024-01-05T00:00:00"
    assert report.status == "success"
    assert "the disk is full" in caplog.text
    assert seen(ran)[0][5] == "2024-01-07T00:00:00"


def test_a_state_of_the_future_is_refused(ran: Lab) -> None:
    """A ledger that a newer t4t wrote is not touched."""
    ran.sql("UPDATE _t4t.format SET version = 3")

    with pytest.raises(StateError, match="format 3"):
        ran.report()


@pytest.mark.parametrize("size", [0, 4_000, 9_000])
def test_a_damaged_copy_is_set_aside_and_made_again(
    ran: Lab, source: Source, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """A state file that was cut off is no reason not to run: the truth is in the database."""
    whole = ran.state.read_bytes()
    ran.state.write_bytes(whole[:size])
    source((3, 6, "c"))

    report = ran.run()

    assert (report.mode, report.rows_inserted) == ("incremental", 1)
    assert seen(ran)[0][5] == "2024-01-06T00:00:00"
    assert ran.state.with_name("tee_state.db.broken").read_bytes() == whole[:size]
    assert "tee_state.db.broken" in caplog.text


@pytest.mark.parametrize("at", range(9))
def test_a_copy_with_a_wrong_byte_never_stops_a_run(ran: Lab, source: Source, at: int) -> None:
    """Wherever it is, the run goes on; the copy is right after the next at the latest."""
    damaged = bytearray(ran.state.read_bytes())
    damaged[64 + at * (len(damaged) // 9)] ^= 0xFF
    ran.state.write_bytes(damaged)
    source((3, 6, "c"))

    report = ran.run()
    ran.run()

    assert (report.mode, report.rows_inserted) == ("incremental", 1)
    assert seen(ran)[0][5] == "2024-01-06T00:00:00"


def test_the_copy_of_another_project_is_corrected(ran: Lab, tmp_path: Path) -> None:
    """Rows of models that this database does not know are taken out."""
    other = Lab(tmp_path / "other")
    other.model("SELECT 1 AS one", {"materialization": "view"}, name="elsewhere")
    other.report()
    shutil.copy(other.state, ran.state)

    ran.run()

    assert [row[0] for row in seen(ran)] == ["m.t"]
