"""What a process of `t4t` leaves behind when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Path]
Process = Callable[..., subprocess.CompletedProcess[str]]
Started = Callable[..., subprocess.Popen[str]]
Query = Callable[..., list[tuple[Any, ...]]]

KEEPING = """\
import duckdb

other = duckdb.connect({other!r})
kept = []

@model
def keeps(context):
    other.execute("CREATE TABLE t AS SELECT 1 AS a")
    kept.append(context.connection.sql("SELECT 1 AS a"))
    kept.append(context.connection.cursor())
    return "SELECT 1 AS a"
"""

STOPPED = """\
import atexit, logging
from t4t_core.cli.__main__ import program

class Stopping(logging.Handler):
    def emit(self, record):
        if record.getMessage() == "Executing model: main.b":
            raise KeyboardInterrupt

logging.basicConfig(level=logging.INFO, handlers=[Stopping()])
atexit.register(print, "asked at the end")
program()
"""


def _logs(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.wal")]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        pytest.param("SELECT 1 AS a", 0, "main.m", id="success"),
        pytest.param("SELECT error('broken') AS a", 1, "broken", id="failed model"),
        pytest.param("SELECT 1 AS a;;SELECT", 2, "m.sql", id="wrong project"),
    ],
)
def test_the_database_is_closed(
    query: str, status: int, words: str, project: Make, t4t_process: Process
) -> None:
    """However a command ends, its status and words are its own and no log of DuckDB's is left."""
    folder = project({"m.sql": query, "other.sql": "SELECT 2 AS a"})

    result = t4t_process("run", folder)

    assert result.returncode == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert _logs(folder) == []


def test_ctrl_c_closes_the_database(project: Make, query: Query) -> None:
    """A run that is stopped ends with status 130 and words, and what was committed stays."""
    folder = project({"a.sql": "SELECT 1 AS a", "b.sql": "SELECT a FROM a"})

    result = subprocess.run(
        [sys.executable, "-c", STOPPED, "run", folder], capture_output=True, text=True, check=False
    )

    assert result.returncode == 130
    assert result.stderr.startswith("stopped; what was committed stays")
    assert result.stdout == "asked at the end\n"
    assert _logs(folder) == []
    assert query(folder, "SELECT a FROM a") == [(1,)]


@pytest.mark.skipif(os.name != "posix", reason="DuckDB alone listens there")
def test_ctrl_c_ends_a_statement(project: Make, t4t_started: Started) -> None:
    """Also one that would never end by itself; nothing of its model is there."""
    folder = project({"a.sql": "SELECT sum(i % 7) AS n FROM range(100000000000000) AS r(i)"})

    process = t4t_started("run", folder)
    assert process.stderr is not None
    while "Executing model" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()

    assert process.wait() == 130
    assert "Traceback" not in rest
    assert _logs(folder) == []


def test_a_reader_that_goes_away_is_no_error(project: Make, query: Query) -> None:
    """`t4t run --json | head -0` does its work and shows no traceback."""
    folder = project({"a.sql": "SELECT 1 AS a"})
    command = [sys.executable, "-m", "t4t_core.cli", "run", str(folder), "--json"]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()

    assert process.returncode == 1
    assert errors == ""
    assert _logs(folder) == []
    assert query(folder, "SELECT a FROM a") == [(1,)]


def test_what_python_code_leaves_open_is_closed(
    project: Make, tmp_path: Path, t4t_process: Process, query: Query
) -> None:
    """Databases that a project keeps open in its Python are closed, its own too."""
    other = tmp_path / "other.duckdb"
    folder = project({"keeps.py": KEEPING.format(other=str(other))})

    result = t4t_process("run", folder)

    assert result.returncode == 0, result.stderr
    assert _logs(tmp_path) == []
    assert query(other, "SELECT a FROM t") == [(1,)]
