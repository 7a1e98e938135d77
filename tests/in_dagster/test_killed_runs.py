"""A Dagster run that is killed loses nothing and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from dagster_shop import Materialize, read, write
from long_part import IS_LONG, played

# Materializes one model, and dies before or after one function is called.
CHILD = """
import os, signal, sys, warnings
warnings.simplefilter("ignore")
from importlib import import_module
import dagster as dg
from t4t_dagster import build_t4t_definitions

folder, module, name, when = sys.argv[1:]
owner = import_module(module)
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
whole = getattr(owner, last)

def deadly(*arguments, **named):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    whole(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, last, deadly)
definitions = build_t4t_definitions(folder)
job = definitions.resolve_implicit_global_asset_job_def()
job.execute_in_process(asset_selection=[dg.AssetKey(["mart", "orders"])])
"""
POINTS = {
    "before the ledger": ("t4t_core.running.one_model", "write_commit", "before"),
    "after the ledger": ("t4t_core.running.one_model", "write_commit", "after"),
    "before the copy": ("t4t_core.running.session", "Session.mirror", "before"),
    "after the copy": ("t4t_core.running.session", "Session.mirror", "after"),
}


@pytest.mark.long
@pytest.mark.parametrize("point", [*POINTS] if IS_LONG else ["after the ledger", "before the copy"])
def test_the_next_materialization_goes_on(shop: Path, materialize: Materialize, point: str) -> None:
    """The table, the ledger and the state are those of runs that were not disturbed."""
    materialize("mart/orders")
    write(
        shop,
        "INSERT INTO raw.orders VALUES "
        "(3, 'ada', 31, '2024-01-01 12:00'), (4, 'eve', 1, '2024-01-02')",
    )
    command = [sys.executable, "-c", CHILD, str(shop), *POINTS[point]]

    status = subprocess.run(command, check=False, capture_output=True, timeout=120).returncode
    materialize("mart/orders")
    played["processes killed"] += status == -signal.SIGKILL

    assert status == -signal.SIGKILL
    orders = read(shop, "SELECT id, amount FROM mart.orders ORDER BY id")
    assert orders == [(1, 10), (2, 200), (3, 31), (4, 1)]
    versions = read(shop, "SELECT version FROM _t4t.commits WHERE model_name = 'mart.orders'")
    assert [version for (version,) in versions] == list(range(1, len(versions) + 1))


# Materializes all models in one process, and dies when the ledger is to tell of mart.customers.
LATER = """
import os, signal, sys, warnings
warnings.simplefilter("ignore")
import t4t_core.running.one_model as one_model
from t4t_dagster import build_t4t_definitions

write_commit = one_model.write_commit

def deadly(warehouse, commit, inputs):
    if commit.model_name == "mart.customers":
        os.kill(os.getpid(), signal.SIGKILL)
    write_commit(warehouse, commit, inputs)

one_model.write_commit = deadly
build_t4t_definitions(sys.argv[1]).resolve_implicit_global_asset_job_def().execute_in_process()
"""


def test_what_earlier_steps_committed_is_kept(shop: Path, materialize: Materialize) -> None:
    """The database was open since the first step; the next run tells `tee_state.db` of all."""
    command = [sys.executable, "-c", LATER, str(shop)]

    status = subprocess.run(command, check=False, capture_output=True, timeout=120).returncode
    before = read(shop, "SELECT model_name FROM _t4t.commits ORDER BY model_name")
    materialize("mart/rates")

    assert status == -signal.SIGKILL
    assert ("mart.orders",) in before
    assert ("mart.customers",) not in before
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]
    with duckdb.connect(str(shop / "data" / "tee_state.db"), read_only=True) as connection:
        found = connection.execute("SELECT model_name FROM tee_model_state").fetchall()
    assert {*before} <= {*found}


# Materializes all models in one process, and is asked to end in the middle of a statement.
ASKED = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")
from t4t_core.engines.duckdb import Warehouse
from t4t_dagster import build_t4t_definitions

folder, number = sys.argv[1:]
run = Warehouse._run

def asked(warehouse, sql, *arguments):
    if sql.startswith("CREATE") and "range(" in sql:
        threading.Timer(0.5, os.kill, (os.getpid(), int(number))).start()
    return run(warehouse, sql, *arguments)

Warehouse._run = asked
build_t4t_definitions(folder).resolve_implicit_global_asset_job_def().execute_in_process()
"""


@pytest.mark.skipif(os.name != "posix", reason="DuckDB alone listens there")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_terminated_run_ends_its_statement(shop: Path, sent: signal.Signals) -> None:
    """Also one that would never end by itself; what earlier steps committed stays."""
    (shop / "models" / "mart" / "customers.sql").write_text(
        "SELECT sum(i % 7) AS n, (SELECT count(*) FROM orders) AS orders "
        "FROM range(100000000000000) AS r(i)"
    )
    command = [sys.executable, "-c", ASKED, str(shop), str(int(sent))]

    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert ended.returncode != 0
    assert "DagsterExecutionInterruptedError" in ended.stderr or "KeyboardInterrupt" in ended.stderr
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]
    tables = read(shop, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mart'")
    assert ("customers",) not in tables
