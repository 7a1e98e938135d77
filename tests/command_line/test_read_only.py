"""Files and folders that may only be read are named, and a run changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

# Runs the command without root's right to write what nobody may write.
CHILD = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "t4t_core.cli", *sys.argv[1:]])
"""
CASES = {
    "state": ("data/tee_state.db", 2, ["tee_state.db cannot be opened", "may be written to"]),
    "warehouse": ("data/warehouse.duckdb", 2, ["warehouse.duckdb cannot be", "may be written to"]),
    "folder": ("data", 1, ["Failed to commit", "whether the folder may be written to"]),
}
Make = Callable[..., Path]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes a right away from root")
@pytest.mark.parametrize("case", CASES)
def test_what_is_read_only_is_named(
    case: str, project: Make, t4t: Callable[..., Any], query: Callable[..., list[Any]]
) -> None:
    """The words say what cannot be written; it can be read all the same, and nothing is new."""
    if case == "folder" and duckdb.__version__ < "2":
        pytest.skip("DuckDB 1.4 tells of an internal error then")
    folder = project({"m.sql": "SELECT 1 AS id"})
    assert t4t("run", folder).exit_code == 0
    name, status, words = CASES[case]
    mode = (folder / name).stat().st_mode
    command = [sys.executable, "-c", CHILD, "run", str(folder)]

    (folder / name).chmod(mode & ~0o222)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    finally:
        (folder / name).chmod(mode)

    assert done.returncode == status, done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert query(folder, "SELECT max(version) FROM _t4t.commits") == [(1,)]
