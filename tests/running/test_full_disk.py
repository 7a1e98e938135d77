"""A disk without room fails a run, and costs nothing."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest
from running_lab import Lab, incremental

# No file of the child's may grow past a size, which its system calls tell as a full disk.
CHILD = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from t4t_core.cli import main
main(["run", sys.argv[1]])
"""
ROWS = (
    "SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS c, md5(i::VARCHAR) AS v "
    "FROM range({}, {}) AS t(i)"
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of this kind")
@pytest.mark.skipif(
    duckdb.__version__ < "2", reason="DuckDB 1.4 aborts or spins when a file cannot be written"
)
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@pytest.mark.parametrize("limit", [300_000, 1_000_000])
def test_a_full_disk_publishes_nothing(lab: Lab, strategy: str, limit: int) -> None:
    """The error says that a file could not be written; with room again the run goes on."""
    lab.sql(f"CREATE TABLE src AS {ROWS.format(0, 5_000)}")
    lab.model("SELECT id, c, v FROM src", incremental(strategy, lookback="1 day"))
    lab.run()
    lab.sql(f"INSERT INTO src {ROWS.format(5_000, 60_000)}")
    before = lab.everything()

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(lab.folder), str(limit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1, done.stderr
    assert "Could not write file" in done.stderr
    assert "make room" in done.stderr
    assert lab.everything() == before
    assert lab.run().mode == "incremental"
    assert lab.rows() == lab.refreshed()
