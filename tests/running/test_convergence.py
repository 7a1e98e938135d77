"""Convergence: after any history of runs the table is what a full refresh would give.

The quick profile runs in some seconds and is the same every time; `T4T_LONG=1` tries other
histories, and many more.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from histories import GROWING, KINDS, REPLACING, ZONES, World, world
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from t4t_core.errors import DatabaseError

IS_LONG = os.environ.get("T4T_LONG") == "1"


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
