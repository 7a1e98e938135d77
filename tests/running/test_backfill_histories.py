"""Any windows in any order, with plain runs between, end as a full refresh once they cover it."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from histories import GROWING, REPLACING, World, own_settings, world
from hypothesis import given
from hypothesis import strategies as st
from long_part import histories, played

from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.windows.window import Backfill, Window, read_batch_size, read_window

# How a window over hours or days of the source is written for each kind, and its batches.
SIZES = {
    "TIMESTAMP": "5 hours",
    "TIMESTAMP_NS": "7 hours",
    "TIMESTAMPTZ": "1 day",
    "DATE": "2 days",
    "BIGINT": "3",
}

ROW = st.tuples(
    st.integers(0, 3), st.integers(0, 19) | st.none(), st.sampled_from(["a", "b", "skip", None])
)


def window_of(kind: str, first: int, last: int) -> Window:
    """The window over the source's times from one number on and before another."""
    if kind == "BIGINT":
        return read_window(str(first), str(last))
    step = timedelta(days=1) if kind == "DATE" else timedelta(hours=1)
    day = [(datetime(2024, 3, 10) + n * step).isoformat() for n in (first, last)]
    return read_window(*day)


def backfilled(now: World, first: int, last: int, *, in_batches: bool) -> ModelReport:
    (model,) = now.project.models
    size = read_batch_size(SIZES[now.kind]) if in_batches else None
    request = Request(backfill=Backfill(window_of(now.kind, first, last), size))
    played["runs"] += 1
    report = now.session.run(model, request)
    assert report.status == "success", report.error
    return report


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@histories(10, 60)
@given(data=st.data())
def test_windows_that_cover_everything_end_in_the_full_refresh(
    strategy: str, data: st.DataObject
) -> None:
    """However late rows came, and whatever was run before, backfilling all of it brings it in."""
    shapes = GROWING if strategy == "append" else GROWING | REPLACING
    shape = data.draw(st.sampled_from(sorted(shapes)), label="shape")
    kind = data.draw(st.sampled_from(sorted(SIZES)), label="kind")
    own = own_settings(data, strategy, kind, shape)
    with tempfile.TemporaryDirectory() as folder:
        now = world(Path(folder), strategy, shape, kind, "America/New_York", own)
    moments = st.integers(0, 19)
    with now.warehouse:
        for _ in range(data.draw(st.integers(1, 4), label="acts")):
            now.add(data.draw(st.lists(ROW, max_size=6), label="rows"))
            match data.draw(st.sampled_from(["plain", "window", "batches"]), label="do"):
                case "plain":
                    assert now.run().status == "success"
                case how:
                    first, length = data.draw(moments), data.draw(st.integers(1, 6))
                    backfilled(now, first, first + length, in_batches=how == "batches")
        cuts = sorted({0, 26, *data.draw(st.lists(moments, max_size=4), label="cuts")})
        pieces = data.draw(st.permutations(list(pairwise(cuts))), label="pieces")
        for first, last in pieces:
            backfilled(now, first, last, in_batches=data.draw(st.booleans(), label="in batches"))
        # Rows without a time are in no window.
        time = f'"{own["time_column"]}"'
        condition = f"{time} IS NOT NULL" if strategy == "delete_insert" else "true"
        if strategy != "delete_insert":
            assert now.run().status == "success"

        with now.refreshed() as other:
            assert now.table(condition) == other.table(condition)
        backfilled(now, 0, 26, in_batches=True)
        with now.refreshed() as other:
            assert now.table(condition) == other.table(condition)
