"""Whatever is done to a model, and in whatever order, its table ends as a full refresh.

A machine draws a project and then acts on it: rows arrive, late ones, ties, repeats and
corrections among them; runs succeed, are repeated, are asked for in full, or fail at any statement;
processes end; the end of the table is deleted by hand. The quick profile is the same every time;
`T4T_LONG=1` draws other histories, and many more.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from histories import (
    GROWING,
    KINDS,
    REPLACING,
    ZONES,
    World,
    arriving,
    check_converged,
    own_settings,
    world,
)
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from long_part import histories, played

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.running.session import Session
from t4t_core.state.ledger import last_commits

PROFILE = histories(12, 60)


class History(RuleBasedStateMachine):
    """One model's life."""

    strategy: str
    now: World
    shape: str
    own: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.processed: int | None = None

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        shapes = GROWING if self.strategy == "append" else GROWING | REPLACING
        self.shape = data.draw(st.sampled_from(sorted(shapes)), label="shape")
        kind = data.draw(st.sampled_from(sorted(KINDS)), label="kind")
        zone = data.draw(st.sampled_from(ZONES), label="zone")
        self.own = own_settings(data, self.strategy, kind, self.shape)
        with tempfile.TemporaryDirectory() as folder:
            self.now = world(Path(folder), self.strategy, self.shape, kind, zone, self.own)

    @property
    def has_run(self) -> bool:
        return bool(self.now.warehouse.rows("SELECT 1 FROM _t4t.commits LIMIT 1"))

    @rule(data=st.data())
    def rows_arrive(self, data: st.DataObject) -> None:
        lookback = int(str(self.own["lookback"]).split()[0])
        self.now.add(arriving(data, self.now, self.processed, lookback))

    @rule(full_refresh=st.sampled_from([False, False, False, True]))
    def a_run_succeeds(self, full_refresh: bool) -> None:
        report = self.now.run(full_refresh=full_refresh)

        assert report.status == "success", report.error
        assert self.now.warehouse.rows("SELECT count(*) FROM m.t") == [(report.row_count,)]
        self.processed = self.now.processed
        check_converged(self.now, self.strategy, self.shape, self.own)

    @precondition(lambda self: self.has_run)
    @rule()
    def a_run_with_nothing_new_changes_nothing(self) -> None:
        self.a_run_succeeds(full_refresh=False)
        before = self.versions()

        report = self.now.run()

        assert report.status == "success"
        if self.strategy != "delete_insert":
            assert not report.has_changed_rows
            assert self.versions() == before

    @rule(number=st.integers(1, 24))
    def a_run_fails(self, number: int) -> None:
        """Any statement of it may, the COMMIT too; then nothing was written."""
        before = self.everything()
        whole, calls = Warehouse._run, 0

        def failing(
            warehouse: Warehouse, sql: str, parameters: Any = ()
        ) -> list[tuple[object, ...]]:
            nonlocal calls
            calls += warehouse is self.now.warehouse
            if calls == number:
                played["statements that failed"] += 1
                raise DatabaseError("the disk is full", sql=sql)
            return whole(warehouse, sql, parameters)

        with patch.object(Warehouse, "_run", failing):
            report = self.now.run()

        if report.status == "success":
            self.processed = self.now.processed
        else:
            assert self.everything() == before

    @rule()
    def the_process_ends(self) -> None:
        commits = last_commits(self.now.warehouse)
        self.now.session = Session(self.now.project, self.now.warehouse, commits)

    @precondition(lambda self: self.has_run and "start_date" not in self.own)
    @rule(data=st.data())
    def the_end_of_the_table_is_deleted(self, data: st.DataObject) -> None:
        """With `auto` the next run reads it again."""
        time = f'"{self.own["time_column"]}"'
        times = [row[1] for row in self.now.rows if row[1] is not None]
        if times:
            first = data.draw(st.sampled_from(times), label="deleted from")
            moment = KINDS[self.now.kind][0].replace("?", str(first))
            self.now.warehouse.execute(f"DELETE FROM m.t WHERE {time} >= {moment}")

    def versions(self) -> list[tuple[object, ...]]:
        """The data version as it is."""
        return self.now.warehouse.rows(
            "SELECT data_version FROM _t4t.commits ORDER BY version DESC LIMIT 1"
        )

    def everything(self) -> tuple[object, ...]:
        """The ledger and the table."""
        commits = self.now.warehouse.rows("SELECT * FROM _t4t.commits ORDER BY version")
        return commits, self.now.table() if commits else Counter()

    def teardown(self) -> None:
        if hasattr(self, "now"):
            try:
                self.a_run_succeeds(full_refresh=False)
            finally:
                self.now.warehouse.connection.close()


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_any_history_ends_in_the_full_refresh(strategy: str) -> None:
    """After every run that succeeds table and watermark are those of a full refresh."""
    machine = type("History", (History,), {"strategy": strategy})

    run_state_machine_as_test(machine, settings=PROFILE)  # type: ignore[no-untyped-call]
