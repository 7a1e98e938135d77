"""Several runs at once: they wait for each other, and none of them loses or doubles a row."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import Mock, patch

import duckdb
import pytest
from long_part import IS_LONG, played
from running_lab import Lab, incremental

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_file import attached, connect
from t4t_core.engines.other_databases import attach
from t4t_core.errors import LockedError, Place
from t4t_core.other_database import OtherDatabase
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running import one_model
from t4t_core.running.open_session import open_session

QUERY = "SELECT id, c, v FROM src"
T4T = [sys.executable, "-m", "t4t_core.cli"]
HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""
COMMITTER = """
import sys
from pathlib import Path
from t4t_core.engines.duckdb_file import attached, connect
from t4t_core.engines.other_databases import attach
from t4t_core.engines.duckdb_file import attached, connect
from t4t_core.engines.other_databases import attach
from t4t_core.errors import LockedError, Place
from t4t_core.other_database import OtherDatabase
file, process, count = Path(sys.argv[1]), *map(int, sys.argv[2:])
number = 0
while number < count:
    try:
        connection = connect(file, lock_timeout_s=0)
    except LockedError:
        continue
    connection.execute("INSERT INTO t VALUES (?, ?)", (process, number))
    connection.close()
    number += 1
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


@pytest.mark.long
def test_no_process_opens_a_file_as_it_was_before_another_one_committed(tmp_path: Path) -> None:
    """Processes that wait for each other all the time keep every commit of every one."""
    file = tmp_path / "turns.duckdb"
    count = 400 if IS_LONG else 30
    with closing(connect(file)) as connection:
        connection.execute("CREATE TABLE t (process INTEGER, number INTEGER)")

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMMITTER, str(file), str(process), str(count)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(3)
    ]
    ended = [(process.communicate(timeout=300)[1], process.returncode) for process in processes]
    played["commits of processes in turns"] += 3 * count

    assert [status for _, status in ended] == [0] * 3, ended
    with closing(connect(file, read_only=True)) as connection:
        found = connection.execute("SELECT process, count(*) FROM t GROUP BY ALL ORDER BY ALL")
        assert found.fetchall() == [(0, count), (1, count), (2, count)]


def test_a_file_is_locked_before_it_is_read(lab: Lab) -> None:
    """DuckDB 2.0.0 reads a file's head before it locks the file, unless it is told what file it is.

    So it is told wherever t4t opens one, which shows here without two processes that meet.
    """
    asked = Mock()
    asked.connection = asked
    asked.row.return_value = None
    file = lab.folder / "other.duckdb"
    file.touch()
    other = OtherDatabase("other", str(file), "duckdb", True, file, Place(file))

    with patch("t4t_core.engines.duckdb_file.duckdb.connect") as opening:
        connect(lab.database)
    with attached(asked, lab.state, "state"):
        pass
    attach(asked, [other], 0)

    prefix = "" if duckdb.__version__ < "2" else "duckdb:"
    assert opening.call_args.args == (f"{prefix}{lab.database}",)
    attached_by = [call.args[0] for call in asked.execute.call_args_list]
    assert [text.partition(" (")[2] for text in attached_by if text.startswith("ATTACH")] == [
        "TYPE duckdb)",
        "TYPE duckdb, READ_ONLY)",
    ]


def test_who_has_the_file_open_in_this_process_shares_it(lab: Lab, source: Source) -> None:
    """A run works beside a connection that the program around it keeps open."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))

    with closing(duckdb.connect(str(lab.database))) as kept:
        report = lab.run()
        kept.execute("INSERT INTO src VALUES (2, TIMESTAMP '2024-01-04', 'b')")
        again = lab.run()

        assert (report.rows_inserted, again.rows_inserted) == (1, 1)
        assert kept.execute("SELECT count(*) FROM m.t").fetchall() == [(2,)]


@pytest.mark.skipif(duckdb.__version__ < "2", reason="DuckDB opens the bare path here")
def test_code_in_this_process_shares_a_file_that_t4t_has_open(lab: Lab, source: Source) -> None:
    """A Python model reaches the database by the name that says what it is, and not by another."""
    source((1, 3, "a"))
    lab.python(
        "import duckdb\nfrom t4t_core import model\n\n\n@model()\ndef t():\n"
        "    try:\n"
        f"        duckdb.connect({str(lab.database)!r})\n"
        "    except duckdb.OperationalError:\n"
        f"        with duckdb.connect('duckdb:' + {str(lab.database)!r}) as here:\n"
        "            return here.sql('SELECT id FROM src').to_arrow_table()\n"
    )

    lab.run()

    assert lab.rows() == [(1,)]
