"""Convergence: after any history of runs the table is what a full refresh would give.

The quick profile runs in some seconds and is the same every time; `T4T_LONG=1` tries other
histories, and many more.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from running_lab import incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.project.load import Project, load_project
from t4t_core.report import ModelReport
from t4t_core.request import Request
from t4t_core.session import Session
from t4t_core.state.ledger import ensure_ledger

IS_LONG = os.environ.get("T4T_LONG") == "1"

# Rows of these stay once the source has given them, so every strategy can follow them.
GROWING = {
    "plain": "SELECT id, c, v FROM src WHERE v IS DISTINCT FROM 'skip'",
    "star": "SELECT * FROM src",
    "aliased": "SELECT v AS w, c AS d, id AS v, s.c FROM src AS s",
    "expression": "SELECT id, coalesce(c, NULL) AS c, v FROM src",
    "or": "SELECT id, c, v FROM src WHERE v = 'a' OR v = 'b' OR v IS NULL",
    "join": "SELECT f.id, f.c, f.v, d.name FROM src AS f JOIN dim AS d USING (id)",
    "left join": "SELECT f.id, f.c, f.v, d.name FROM src AS f LEFT JOIN dim AS d ON d.id = f.id",
    "cte": "WITH a AS (SELECT * FROM src), b AS (SELECT id, c, v FROM a) SELECT * FROM b",
    "union all": "SELECT id, c, v FROM src UNION ALL SELECT id + 10, c, v FROM src WHERE v = 'a'",
    "distinct": "SELECT DISTINCT id, c, v FROM src",
    "subquery": "SELECT * FROM (SELECT c, v, id FROM src) AS q",
    "unnest": "SELECT id, c, unnest([v, 'x']) AS v FROM src",
}
# A row of these is replaced when its key gets a later one, or counts more. Append keeps what it
# has once added, so it cannot follow them; LIMIT and aggregates over everything no strategy can.
REPLACING = {
    "latest": "SELECT * FROM src QUALIFY row_number() OVER "
    "(PARTITION BY id ORDER BY c DESC NULLS LAST, v DESC NULLS LAST) = 1",
    "greatest": "SELECT id, max(c) AS c, count(*) AS n, min(v) AS v FROM src "
    "WHERE c IS NOT NULL GROUP BY id",
    "union distinct": "SELECT id, max(c) AS c, min(v) AS v FROM src WHERE c IS NOT NULL "
    "GROUP BY id UNION SELECT id + 10, c, v FROM src",
}
KINDS = {
    "TIMESTAMP": ("TIMESTAMP '2024-03-10' + INTERVAL (?) HOUR", "{} hours"),
    "TIMESTAMPTZ": ("TIMESTAMPTZ '2024-03-10 00:00:00+00' + INTERVAL (?) HOUR", "{} hours"),
    "DATE": ("DATE '2024-03-10' + CAST(? AS INTEGER)", "{} days"),
    "BIGINT": ("CAST(? AS BIGINT)", "{}"),
}
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


@dataclass
class World:
    """A warehouse in memory with the source, and the project that runs on it."""

    project: Project
    kind: str
    zone: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warehouse = self._empty()
        self.session = Session(self.project, self.warehouse)

    def _empty(self) -> Warehouse:
        warehouse = Warehouse.open_empty(self.project.settings.catalog)
        warehouse.execute(f"SET TimeZone = '{self.zone}'")
        warehouse.execute(f"CREATE TABLE src (id INTEGER, c {self.kind}, v VARCHAR)")
        warehouse.execute("CREATE TABLE dim AS SELECT r AS id, 'n' || r AS name FROM range(2) t(r)")
        ensure_ledger(warehouse)
        return warehouse

    def _add(self, warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
        moment = KINDS[self.kind][0]
        for row in rows:
            warehouse.row(f"INSERT INTO src SELECT ?, {moment}, ?", row)

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self._add(self.warehouse, rows)
        self.rows += rows

    def run(self) -> ModelReport:
        (model,) = self.project.models
        return self.session.run(model, Request())

    def table(self, condition: str = "true") -> Counter[tuple[object, ...]]:
        return Counter(self.warehouse.rows(f"SELECT * FROM m.t WHERE {condition}"))

    @contextmanager
    def refreshed(self) -> Iterator[World]:
        """The same source in a second database, loaded in full."""
        other = World(self.project, self.kind, self.zone)
        with other.warehouse:
            other.add(self.rows)
            report = other.run()
            assert (report.status, report.mode) == ("success", "full"), report.error
            yield other


def world(
    folder: Path, strategy: str, query: str, kind: str, zone: str, own: dict[str, Any]
) -> World:
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "project.toml").write_text('[connection]\npath = "w.duckdb"\n')
    metadata = json.dumps(incremental(strategy, **own))
    (folder / "models" / "m" / "t.sql").write_text(f"-- metadata: {metadata}\n{query}\n")
    return World(load_project(folder), kind, zone)


def play(data: st.DataObject, now: World, lookback: int) -> None:
    """Plays a random history; no row comes more than `lookback` behind what was processed."""
    processed: int | None = None
    for _ in range(data.draw(st.integers(1, 6), label="batches")):
        earliest = 0 if processed is None else processed - lookback
        latest = (0 if processed is None else processed) + 4
        time = st.one_of(st.integers(earliest, latest), st.none())
        new = st.tuples(st.integers(0, 3), time, st.sampled_from(["a", "b", "skip", None]))
        again = [row for row in now.rows if row[1] is None or row[1] >= earliest]
        row = st.one_of(new, new, st.sampled_from(again)) if again else new
        rows = data.draw(st.lists(row, max_size=5), label="rows")
        now.add(rows)
        match data.draw(
            st.sampled_from(["run", "run", "run", "twice", "wait", "fail"]), label="do"
        ):
            case "wait":
                continue
            case "fail":
                failing = DatabaseError("the disk is full", sql="")
                with patch("t4t_core.one_model.write_commit", side_effect=failing):
                    assert now.run().status == "failed"
                continue
            case "twice":
                assert now.run().status == "success"
        assert now.run().status == "success"
        dated = [row[1] for row in now.rows if row[1] is not None]
        processed = max(dated, default=None)


def own_settings(data: st.DataObject, strategy: str, kind: str, query: str) -> dict[str, Any]:
    lookback = data.draw(st.integers(0, 6), label="lookback")
    own: dict[str, Any] = {
        "lookback": KINDS[kind][1].format(lookback) if lookback else 0,
        "time_column": "d" if "c AS d" in query else "c",
    }
    if strategy == "merge":
        own["unique_key"] = ["v" if "id AS v" in query else "id"]
        own["method"] = data.draw(st.sampled_from(["fastest", "merge"]), label="method")
    # A row without a time can be replaced by one before the start, which no run sees.
    can_start = strategy != "delete_insert" and query != REPLACING["latest"]
    if can_start and data.draw(st.booleans(), label="has start"):
        own["start_date"] = 2 if kind == "BIGINT" else "2024-03-11"
    return own


def check(now: World, strategy: str, own: dict[str, Any], *, is_growing: bool) -> None:
    time = own["time_column"]
    with now.refreshed() as other:
        marks = [
            w.warehouse.rows("SELECT watermark FROM _t4t.commits ORDER BY version DESC LIMIT 1")
            for w in (now, other)
        ]
        condition = "true"
        if strategy == "delete_insert":
            # Rows without a time are left to full loads.
            condition = f"{time} IS NOT NULL"
            if not is_growing:
                # What fell out of the window is left as it was.
                span = own["lookback"] if now.kind == "BIGINT" else f"INTERVAL '{own['lookback']}'"
                span = span if own["lookback"] else "INTERVAL 0 DAY" if now.kind != "BIGINT" else 0
                condition = f"{time} >= (SELECT max({time}) - {span} FROM m.t)"
        assert now.table(condition) == other.table(condition)
        assert marks[0] == marks[1]
    if strategy == "merge":
        key = own["unique_key"][0]
        (repeated,) = now.warehouse.rows(f"SELECT count(*) - count(DISTINCT {key}) FROM m.t")
        assert repeated == (0,)


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@settings(
    max_examples=1500 if IS_LONG else 20,
    deadline=None,
    database=None,
    derandomize=not IS_LONG,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_history_ends_in_the_full_refresh(strategy: str, data: st.DataObject) -> None:
    """Late rows, ties, equal rows, versions of a key, NULL times, repeats and failures converge."""
    shapes = GROWING if strategy == "append" else GROWING | REPLACING
    shape = data.draw(st.sampled_from(sorted(shapes)), label="shape")
    kind = data.draw(st.sampled_from(sorted(KINDS)), label="kind")
    zone = data.draw(st.sampled_from(ZONES), label="zone")
    own = own_settings(data, strategy, kind, shapes[shape])
    with tempfile.TemporaryDirectory() as folder:
        now = world(Path(folder), strategy, shapes[shape], kind, zone, own)
    with now.warehouse:
        play(data, now, int(str(own["lookback"]).split()[0]))

        assert now.run().status == "success"
        once_more = now.run()

        check(now, strategy, own, is_growing=shape in GROWING)
        if strategy != "delete_insert":
            before = now.warehouse.rows(
                "SELECT data_version FROM _t4t.commits ORDER BY version DESC LIMIT 2"
            )
            assert not once_more.has_changed_rows
            assert len(set(before)) == 1
