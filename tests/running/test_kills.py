"""A process killed at any instruction loses nothing and doubles nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from deadly_run import killed
from long_part import IS_LONG, played
from running_lab import Lab, incremental

QUERY = "SELECT id, c, v FROM src"
Source = Callable[..., None]

ENGINE = "t4t_core.engines.duckdb"
POINTS = {
    "before the rows are written": ("t4t_core.running.one_model", "apply", "before", 1),
    "after the rows are written": ("t4t_core.running.one_model", "apply", "after", 1),
    "before the ledger": ("t4t_core.running.one_model", "write_commit", "before", 1),
    "after the ledger": ("t4t_core.running.one_model", "write_commit", "after", 1),
    "before the copy": ("t4t_core.running.session", "Session.mirror", "before", 1),
    "in the copy": ("t4t_core.state.mirror", "_write", "after", 2),
    "after the copy": ("t4t_core.running.session", "Session.mirror", "after", 1),
    **{f"statement {n}": (ENGINE, "Warehouse._run", "after", n) for n in range(1, 46)},
}
QUICK = ("after the rows are written", "after the ledger", "before the copy", "in the copy")


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@pytest.mark.parametrize("is_later", [False, True], ids=["first-run", "later-run"])
@pytest.mark.parametrize("point", [*POINTS] if IS_LONG else QUICK)
def test_the_next_run_goes_on(
    lab: Lab, source: Source, strategy: str, is_later: bool, point: str
) -> None:
    """Killed anywhere, the next run gives what a full refresh would, and a good copy."""
    source((1, 3, "a"), (2, 5, "b"), (2, 5, "b"))
    lab.model(QUERY, incremental(strategy, lookback="1 day"))
    if is_later:
        lab.run()
        source((1, 5, "z"), (3, 6, "c"), (3, 6, "c"))

    status = killed(str(lab.folder), POINTS[point])
    lab.run()

    # A number past the last statement of a run kills nothing.
    is_past_the_end = point.startswith(("statement 2", "statement 3", "statement 4"))
    assert status == -signal.SIGKILL or is_past_the_end
    assert lab.rows() == lab.refreshed()
    told = lab.sql("SELECT version, watermark FROM _t4t.commits ORDER BY version DESC LIMIT 1")
    assert [(row[8], row[5]) for row in lab.state_rows()] == told


def test_what_was_committed_is_not_run_again(lab: Lab, source: Source) -> None:
    """A run killed after its commit is done: the next one has nothing to add."""
    source((1, 3, "a"))
    lab.model(QUERY, incremental("append"))

    killed(str(lab.folder), POINTS["before the copy"])
    report = lab.run()

    assert (report.mode, report.rows_inserted, report.row_count) == ("incremental", 0, 1)


PYTHON = """
import pyarrow as pa
from t4t_core import model

@model(materialization="incremental", incremental={
    "strategy": "append", "append": {"time_column": "c"}})
def t(src: pa.Table) -> pa.Table:
    return src
"""
OTHERS = {
    "view": lambda lab: lab.model(QUERY, {"materialization": "view"}),
    "table": lambda lab: lab.model(QUERY, {"materialization": "table"}),
    "function": lambda lab: lab.python(PYTHON),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("point", [*POINTS] if IS_LONG else ["after the ledger"])
def test_every_kind_of_model_goes_on(lab: Lab, source: Source, kind: str, point: str) -> None:
    """Views, tables and Python models too are as before or whole, and the next run mends them."""
    source((1, 3, "a"))
    OTHERS[kind](lab)
    lab.run()
    before = lab.rows()
    source((2, 5, "b"))

    killed(str(lab.folder), POINTS[point])
    is_as_before_or_whole = lab.rows() in (before, lab.rows("SELECT * FROM src"))
    lab.run()

    assert is_as_before_or_whole
    assert lab.rows() == lab.rows("SELECT * FROM src")
    assert len(lab.state_rows()) == 1


def several(lab: Lab) -> dict[str, str]:
    """A project that runs four models of one source at a time; gives what each should hold."""
    lab.settings(flags={"threads": 4})
    for strategy in ("append", "merge", "delete_insert"):
        lab.model(QUERY, incremental(strategy, lookback="1 hour"), name=strategy)
    lab.model("SELECT * FROM append", {"materialization": "table"}, name="reader")
    return {
        **dict.fromkeys(("append", "delete_insert", "reader"), "SELECT * FROM src"),
        "merge": "SELECT id, max(c), max_by(v, c) FROM src GROUP BY id",
    }


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_several_at_a_time_go_on(lab: Lab, source: Source, number: int) -> None:
    """Killed where some models have committed and others have not, all are whole in the end."""
    source((1, 3, "a"), (2, 5, "b"))
    wanted = several(lab)
    if number > 1:
        lab.report()
    source((1, 6, "z"), (3, 6, "c"))

    status = killed(str(lab.folder), (*POINTS["after the ledger"][:3], number))
    report = lab.report()

    assert status == -signal.SIGKILL
    assert report.status == "success"
    for name, query in wanted.items():
        assert lab.rows(f"FROM m.{name}") == lab.rows(query)
    assert len(lab.state_rows()) == len(wanted)


def kill_at_any_time(lab: Lab, source: Source, count: int, within_s: tuple[float, float]) -> None:
    """Starts so many runs one after the other, with a new row before each, and kills them."""
    command = [sys.executable, "-m", "t4t_core.cli", "run", str(lab.folder)]
    chance = random.Random()  # noqa: S311  no secret
    for number in range(count):
        source((number % 7, f"2024-01-02 {number // 3:02d}:{number % 3 * 20}:00", f"v{number}"))
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(*within_s))
            process.kill()
        played["processes killed"] += process.returncode == -signal.SIGKILL


@pytest.mark.long
@pytest.mark.skipif(not IS_LONG, reason="kills at random times, for minutes: T4T_LONG=1")
@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_kills_at_any_time(lab: Lab, source: Source, strategy: str) -> None:
    """Forty processes killed at random times, with rows coming in between, change nothing."""
    source((0, 1, "start"))
    lab.model(QUERY, incremental(strategy, lookback="1 hour"))

    kill_at_any_time(lab, source, 40, (0.0, 1.5))

    lab.run()
    assert lab.rows() == lab.refreshed()


@pytest.mark.long
@pytest.mark.skipif(not IS_LONG, reason="kills at random times, for minutes: T4T_LONG=1")
def test_kills_at_any_time_of_several(lab: Lab, source: Source) -> None:
    """Sixty processes that run four models at a time, killed at random times, change nothing."""
    source((0, 1, "start"))
    wanted = several(lab)

    kill_at_any_time(lab, source, 60, (0.4, 1.2))

    assert lab.report().status == "success"
    for name, query in wanted.items():
        assert lab.rows(f"FROM m.{name}") == lab.rows(query)
