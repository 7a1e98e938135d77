"""A failure publishes nothing: table, watermark and state stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from running_lab import Lab, incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError

QUERY = "SELECT id, c, v FROM src"
STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
Source = Callable[..., None]


@STRATEGIES
@pytest.mark.parametrize("is_full", [False, True], ids=["later-run", "full-refresh"])
def test_failing_sql(lab: Lab, source: Source, strategy: str, is_full: bool) -> None:
    """Rows that break the query while they are read leave everything as it was."""
    source((1, 3, "1"))
    lab.model("SELECT id, c, v::INTEGER AS v FROM src", incremental(strategy))
    lab.run()
    source((2, 4, "2"), (3, 5, "no number"))
    before = lab.everything()

    report = lab.failure(full_refresh=is_full)

    assert "no number" in str(report.error)
    assert lab.everything() == before


@STRATEGIES
def test_a_failure_at_the_last_moment(lab: Lab, source: Source, strategy: str) -> None:
    """A ledger that cannot be written takes the rows back with it, and the next run goes on."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental(strategy))
    lab.run()
    source((2, 4, "b"))
    before = lab.everything()
    full = DatabaseError("the disk is full", sql="INSERT")

    with patch("t4t_core.running.one_model.write_commit", side_effect=full):
        report = lab.failure()
    after = lab.everything()
    lab.run()

    assert "the disk is full" in str(report.error)
    assert after == before
    assert lab.rows() == lab.refreshed()


@STRATEGIES
def test_a_first_run_that_fails_leaves_nothing(lab: Lab, source: Source, strategy: str) -> None:
    """No table and no state are left of a first run that failed, and the next is the first."""
    source((1, 3, "no number"))
    lab.model("SELECT id, c, v::INTEGER AS v FROM src", incremental(strategy))

    lab.failure()

    assert lab.rows("SELECT 1 FROM information_schema.tables WHERE table_schema = 'm'") == []
    assert lab.state_rows() == []
    lab.sql("UPDATE src SET v = '1'")
    assert lab.run().reason == "this is the first run"


def test_what_reads_a_failed_model_is_left_out(lab: Lab, source: Source) -> None:
    """Its readers are skipped, at any distance and through ephemerals; the rest runs."""
    source((1, 3, "a"))
    lab.model("SELECT error('broken') AS id FROM src", name="a")
    lab.model("SELECT * FROM a", {"materialization": "ephemeral"}, name="b")
    lab.model("SELECT * FROM b", name="c")
    lab.model("SELECT * FROM c", {"materialization": "view"}, name="d")
    lab.model(QUERY, name="e")

    report = lab.report()

    assert {m.model_name: m.status for m in report.models} == {
        "m.a": "failed",
        "m.c": "skipped",
        "m.d": "skipped",
        "m.e": "success",
    }


def test_a_stop_as_a_transaction_begins(tmp_path: Path) -> None:
    """Ctrl-C at that moment leaves no transaction open, so that what is done can be noted."""
    run = Warehouse._run

    def begin_and_stop(warehouse: Warehouse, sql: str) -> None:
        run(warehouse, sql)
        raise KeyboardInterrupt

    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        with (
            patch.object(Warehouse, "_run", begin_and_stop),
            pytest.raises(KeyboardInterrupt),
            warehouse.transaction(),
        ):
            pytest.fail("it was stopped before")
        with warehouse.transaction():
            warehouse.execute("CREATE TABLE t AS SELECT 1 AS a")

        assert warehouse.rows("FROM t") == [(1,)]
