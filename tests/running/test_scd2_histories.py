"""Whatever is done to a history, its intervals are sound and say what the source said."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from histories import GROWING, KINDS, ZONES, arriving, own_settings, world
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test
from long_part import histories, played
from running_lab import scd2
from test_convergence import PROFILE, History

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.project.load import load_project
from t4t_core.report import ModelReport
from t4t_core.running.session import Session
from t4t_core.state.ledger_tables import ensure_ledger

Rows = list[tuple[Any, ...]]


def broken_intervals(warehouse: Warehouse, key: str) -> Rows:
    """Keys of which an interval is empty, overlaps the next one, or is open before the last."""
    return warehouse.rows(
        f'SELECT "{key}" FROM (SELECT *, lead(valid_from) OVER (PARTITION BY "{key}" ORDER BY '
        "valid_from) AS following, count(*) OVER (PARTITION BY "
        f'"{key}", valid_from) AS beginning FROM m.t) '
        "WHERE valid_to <= valid_from OR coalesce(valid_to > following, following IS NOT NULL) "
        "OR beginning > 1"
    )


class Versions(History):
    """The life of a history of a source that keeps its versions."""

    strategy = "timestamp"

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.shape = data.draw(st.sampled_from(sorted(GROWING)), label="shape")
        kind = data.draw(st.sampled_from(sorted(KINDS)), label="kind")
        zone = data.draw(st.sampled_from(ZONES), label="zone")
        settings = own_settings(data, self.strategy, kind, self.shape)
        self.key = GROWING[self.shape].key
        self.own = {**settings, "unique_key": self.key}
        del self.own["time_column"]
        self.own["updated_at"] = settings["time_column"]
        if data.draw(st.booleans(), label="has flag"):
            self.own["is_current"] = "is now"
        with tempfile.TemporaryDirectory() as folder:
            self.now = world(Path(folder), self.strategy, self.shape, kind, zone, self.own)
        self.own["time_column"] = settings["time_column"]

    @property
    def lookback(self) -> int:
        return int(str(self.own["lookback"]).split()[0])

    @rule(data=st.data())
    def rows_arrive(self, data: st.DataObject) -> None:
        rows = arriving(data, self.now, self.processed, self.lookback)
        self.now.add([row for row in rows if row[1] is not None])

    @precondition(lambda self: bool(self.now.rows))
    @rule(data=st.data(), v=st.sampled_from(["a", "b", "c"]))
    def a_row_is_corrected(self, data: st.DataObject, v: str) -> None:
        row = data.draw(st.sampled_from(self.now.rows), label="corrected")
        if self.processed is None or row[1] >= self.processed - self.lookback:
            self.now.correct(row, v)

    @rule(full_refresh=st.sampled_from([False, False, False, True]))
    def a_run_succeeds(self, full_refresh: bool) -> None:
        super().a_run_succeeds(full_refresh)

        assert broken_intervals(self.now.warehouse, self.key) == []
        assert self.gaps() == [(0,)]

    def gaps(self) -> Rows:
        """The number of versions that do not end where the next one begins."""
        return self.now.warehouse.rows(
            "SELECT count(*) FROM (SELECT *, lead(valid_from) OVER (PARTITION BY "
            f'"{self.key}" ORDER BY valid_from) AS following FROM m.t) '
            "WHERE valid_to IS DISTINCT FROM following"
        )


@pytest.mark.long
def test_any_history_of_versions_ends_in_the_full_refresh() -> None:
    """Late versions, ties, corrections and failures: the table is that of all the versions."""
    run_state_machine_as_test(Versions, settings=PROFILE)


STATE = st.dictionaries(
    st.integers(0, 3),
    st.tuples(st.integers(0, 30), st.sampled_from(["a", "b", None])),
    max_size=4,
)


class Present:
    """A source that only knows the present, and the history that is kept of it."""

    def __init__(self, folder: Path, metadata: dict[str, Any], kind: str) -> None:
        (folder / "models" / "m").mkdir(parents=True)
        (folder / "project.toml").write_text('[connection]\npath = "w.duckdb"\n')
        text = f"-- metadata: {json.dumps(metadata)}\nSELECT id, c, v FROM src\n"
        (folder / "models" / "m" / "t.sql").write_text(text)
        self.project = load_project(folder)
        self.warehouse = Warehouse.open_empty(self.project.settings.catalog)
        self.warehouse.execute("SET TimeZone = 'America/New_York'")
        self.warehouse.execute(f"CREATE TABLE src (id INTEGER, c {kind}, v VARCHAR)")
        ensure_ledger(self.warehouse)
        self.session = Session(self.project, self.warehouse)
        played["histories"] += 1
        self.moment = KINDS[kind][0]

    def put(self, state: dict[int, tuple[int, str | None]]) -> None:
        self.warehouse.execute("DELETE FROM src")
        for id_, (c, v) in state.items():
            self.warehouse.row(f"INSERT INTO src SELECT ?, {self.moment}, ?", (id_, c, v))

    def run(self, hour: int) -> ModelReport:
        now = datetime(2024, 3, 10, tzinfo=UTC) + timedelta(hours=hour)
        (model,) = self.project.models
        played["runs"] += 1
        return self.session.run(model, Request(now=now))

    def rows(self, query: str) -> Rows:
        return sorted(self.warehouse.rows(query), key=repr)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
@pytest.mark.parametrize("strategy", ["timestamp", "check", "check by updated_at"])
@pytest.mark.parametrize("deletes", ["invalidate", "new_record"])
@histories(8, 100)
@given(steps=st.lists(st.tuples(STATE, st.integers(-3, 20)), min_size=1, max_size=6))
def test_the_open_versions_are_the_source(
    deletes: str,
    strategy: str,
    kind: str,
    steps: list[tuple[dict[int, tuple[int, str | None]], int]],
) -> None:
    """States in any order, deletes, returns and clocks that go back: nothing untrue is written.

    What is open when a run ends is what the source gave, and by `check` it stays so: whoever asks
    later for that moment gets the same, unless the clock was put back before it.
    """
    settings: dict[str, object] = {"hard_deletes": deletes}
    is_there = "true" if deletes == "invalidate" else "NOT is_deleted"
    if strategy == "check by updated_at":
        settings["updated_at"] = "c"
    with tempfile.TemporaryDirectory() as folder:
        now = Present(Path(folder), scd2(strategy.split()[0], **settings), kind)
    columns = "id, v" if "by" in strategy else "id, c, v"
    seen: dict[int, Rows] = {}
    hour, latest = 40, 0
    with now.warehouse:
        for state, pause in steps:
            hour += pause
            now.put(state)
            before = now.rows("SELECT * FROM m.t") if latest else []

            report = now.run(hour)

            if report.status == "failed":
                assert "goes past this run's moment" in str(report.error)
                assert now.rows("SELECT * FROM m.t") == before
                continue
            source = now.rows(f"SELECT {columns} FROM src")
            assert (
                now.rows(f"SELECT {columns} FROM m.t WHERE {is_there} AND valid_to IS NULL")
                == source
            )
            assert broken_intervals(now.warehouse, "id") == []
            if report.has_changed_rows:
                seen = {at: rows for at, rows in seen.items() if at < hour}
            if hour > latest:
                seen[hour], latest = source, hour
            assert not now.run(hour + 1).has_changed_rows
        if strategy == "check":
            for at, source in seen.items():
                moment = f"TIMESTAMPTZ '2024-03-10 00:00:00+00' + INTERVAL ({at}) HOUR"
                then = f"valid_from <= {moment} AND coalesce(valid_to > {moment}, true)"
                assert now.rows(f"SELECT id, c, v FROM m.t WHERE {is_there} AND {then}") == source
