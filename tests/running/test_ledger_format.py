"""A ledger of format 1, which had a column for each field, goes on as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

from t4t_core.commands import change_state
from t4t_core.commands import state as state_commands

Source = Callable[..., None]
LAST = "SELECT * FROM _t4t.commits ORDER BY version DESC LIMIT 1"


@pytest.fixture
def older(lab: Lab, source: Source) -> Lab:
    """An append model of two runs and a view on it, with their ledger as format 1 kept it."""
    source((1, 3, "a"), (2, 5, "b"))
    lab.model("SELECT id, c, v FROM src", incremental("append"))
    lab.model("SELECT * FROM m.t", {"materialization": "view"}, name="v")
    lab.report()
    lab.report()
    lab.sql(
        "CREATE TABLE _t4t.kept AS SELECT * FROM _t4t.commits",
        "DROP VIEW _t4t.commits",
        "DROP TABLE _t4t.ledger",
        "ALTER TABLE _t4t.kept ADD PRIMARY KEY (model_name, version)",
        "ALTER TABLE _t4t.kept RENAME TO commits",
        "UPDATE _t4t.format SET version = 1",
    )
    return lab


def test_a_run_goes_on_from_an_older_ledger(older: Lab, source: Source) -> None:
    """The next run is incremental, and all that was committed is still told of."""
    source((3, 6, "c"))
    before = older.sql("SELECT * FROM _t4t.commits ORDER BY ALL")

    report = older.run()

    assert (report.mode, report.rows_inserted) == ("incremental", 1)
    assert older.rows("SELECT id FROM m.t ORDER BY 1") == [(1,), (2,), (3,)]
    kept = older.sql("SELECT * FROM _t4t.commits ORDER BY ALL")
    assert [row for row in kept if row[1] < 3] == before
    assert [row[:2] for row in kept if row[1] == 3] == [("m.t", 3), ("m.v", 3)]
    assert older.sql("FROM _t4t.format") == [(2,)]
    assert older.run().mode == "incremental"


def test_an_older_ledger_is_read_as_it_is(older: Lab) -> None:
    """What only reads shows the same of it, and leaves it alone."""
    held = older.database.read_bytes()

    shown = state_commands.shown(older.project())

    assert older.database.read_bytes() == held
    assert [row["version"] for row in shown] == [2, 2]
    assert shown[0]["last_processed_value"] == "2024-01-05T00:00:00"
    change_state.set_watermark(older.project(), "m.t", "2024-01-03")
    assert older.run().rows_inserted == 0
