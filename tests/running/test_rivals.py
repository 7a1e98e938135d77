"""Several runs at once: they wait for each other, and none of them loses or doubles a row."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from running_lab import Lab, incremental

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import LockedError
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running import one_model
from t4t_core.running.session import open_session

QUERY = "SELECT id, c, v FROM src"
T4T = [sys.executable, "-m", "t4t_core.cli"]
HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""
Source = Callable[..., None]


@contextmanager
def holder(lab: Lab) -> Iterator[int]:
    """A process that has the database open; gives its id."""
    command = [sys.executable, "-c", HOLDER, str(lab.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_processes_take_turns(lab: Lab, source: Source, strategy: str) -> None:
    """Four runs at once all succeed, and the table is that of one."""
    source((1, 3, "a"), (2, 5, "b"), (2, 5, "b"))
    lab.model(QUERY, incremental(strategy, lookback="1 day"))
    command = [*T4T, "run", str(lab.folder), "--json"]

    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in processes]

    assert [status for _, status in ended] == [0] * 4, ended
    assert lab.rows() == lab.refreshed()
    assert lab.sql("SELECT version FROM _t4t.commits ORDER BY 1") == [(1,), (2,), (3,), (4,)]


def test_a_lock_held_too_long_names_its_holder(lab: Lab, source: Source) -> None:
    """The error names the file, the process and the seconds, and may not come again."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))
    lab.settings(lock_timeout_s=0.2)

    with holder(lab) as pid, pytest.raises(LockedError) as raised:
        lab.report()

    assert f"PID {pid}" in str(raised.value)
    assert str(lab.database) in str(raised.value)
    assert raised.value.waited_s >= 0.2
    assert "waited" in str(raised.value)
    assert raised.value.is_transient
    assert lab.run().status == "success"


def test_a_held_copy_stops_no_run(
    lab: Lab, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    """While somebody reads `tee_state.db` a run succeeds and says that the copy is behind."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.settings(lock_timeout_s=0.1)
    source((2, 4, "b"))
    command = [sys.executable, "-c", HOLDER, str(lab.state)]

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        report = lab.run()
    behind = lab.state_rows()[0][5]
    lab.run()

    assert report.rows_inserted == 1
    assert str(lab.state) in caplog.text
    assert behind == "2024-01-03T00:00:00"
    assert lab.state_rows()[0][5] == "2024-01-04T00:00:00"


def test_of_two_sessions_in_one_process_one_commits(lab: Lab, source: Source) -> None:
    """Of two runs of a model inside each other the later one fails, and may be tried again."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))
    lab.run()
    source((2, 4, "b"))
    project = lab.project()
    (model,) = project.models

    with open_session(project) as first, open_session(project) as second:
        whole = one_model.write_commit

        def overtaken(warehouse: Warehouse, commit: Commit, inputs: Mapping[str, str]) -> None:
            with patch("t4t_core.running.one_model.write_commit", whole):
                winners.append(second.run(model, Request()))
            whole(warehouse, commit, inputs)

        winners: list[ModelReport] = []
        with patch("t4t_core.running.one_model.write_commit", overtaken):
            loser = first.run(model, Request())
        again = first.run(model, Request())

    assert {winner.status for winner in winners} == {"success"}
    assert loser.status == "failed"
    assert loser.is_transient
    assert (again.status, again.rows_inserted) == ("success", 0)
    assert lab.rows() == lab.refreshed()


def test_two_sessions_after_each_other(lab: Lab, source: Source) -> None:
    """A second session in the process sees what the first committed."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))
    project = lab.project()
    (model,) = project.models

    with open_session(project) as one, open_session(project) as two:
        first = one.run(model, Request())
        second = two.run(model, Request())

    assert (first.rows_inserted, second.rows_inserted) == (1, 0)
    assert first.data_version == second.data_version
