"""Many runs in a row leave nothing behind that grows.

The quick part is some runs of one strategy; `T4T_LONG=1` makes two thousand of each, and looks at
memory and the size of the files too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from long_part import IS_LONG, played
from running_lab import Lab, incremental

from t4t_core.state import ledger

RUNS = 2000 if IS_LONG else 25
KEPT = ledger.VERSIONS_KEPT if IS_LONG else 20
NEW_ROWS = (
    "INSERT INTO src SELECT {n} + i, TIMESTAMP '2024-01-01' + INTERVAL ({n} + i) MINUTE, 'v' || i "
    "FROM range(10) AS t(i)"
)
Source = Callable[..., None]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
@pytest.mark.long
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"] if IS_LONG else ["merge"])
def test_nothing_grows(
    lab: Lab, source: Source, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """Open files stay as many, the ledger keeps its last versions, no row is lost or doubled."""
    monkeypatch.setattr(ledger, "VERSIONS_KEPT", KEPT)
    source()
    lab.model("SELECT id, c, v FROM src", incremental(strategy, lookback="5 minutes"))
    project = lab.project()
    files: list[int] = []
    memory: list[int] = []

    for number in range(RUNS):
        lab.sql(NEW_ROWS.format(n=number * 10))
        report = lab.run_once(project)
        played["runs"] += 1
        assert report.status == "success", report.error
        files.append(open_files())
        memory.append(resident_kb())

    assert max(files[5:]) <= files[5]
    (kept,) = lab.sql("SELECT count(*) FROM _t4t.commits")
    assert kept == (KEPT,)
    assert len(lab.state_rows()) == 1
    assert lab.sql("SELECT count(*), count(DISTINCT id) FROM m.t") == [(RUNS * 10, RUNS * 10)]
    if IS_LONG:
        assert memory[-1] < 1.2 * memory[RUNS // 4]
        assert lab.state.stat().st_size < 4 * 2**20
