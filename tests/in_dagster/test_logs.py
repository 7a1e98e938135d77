"""What a run's log in Dagster says."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster_shop import Materialize


def test_the_lines_of_t4t_run_stand_in_the_log_of_the_run(
    materialize: Materialize, capfd: pytest.CaptureFixture[str]
) -> None:
    """Someone who reads the run sees what was executed, and loggers are left as they were."""
    before = logging.getLogger("DuckDBAdapter").level

    materialize("mart/orders")

    assert "Created table: mart.orders" in capfd.readouterr().err
    assert logging.getLogger("DuckDBAdapter").level == before
    assert not logging.getLogger("DuckDBAdapter").handlers


def test_a_failed_load_of_lineage_never_fails_a_run(
    materialize: Materialize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query whose lineage cannot be followed is run all the same."""
    from sqlglot.errors import OptimizeError

    from t4t_core.parsing import lineage

    def raises(*_args: object, **_options: object) -> None:
        raise OptimizeError("cannot be followed")

    monkeypatch.setattr(lineage, "qualify", raises)

    result = materialize("mart/orders")

    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == dg.AssetKey(["mart", "orders"])
    assert "dagster/column_lineage" not in event.materialization.metadata


DRAWN = """
import sys
from t4t_core.project import load_project
from t4t_dagster.warehouse import open_warehouse

with open_warehouse(load_project(sys.argv[1]), None) as warehouse:
    print(warehouse.rows("SELECT current_setting('enable_progress_bar')"))
"""


def test_no_progress_is_drawn_into_the_output_of_a_step(shop: Path) -> None:
    """DuckDB takes a process that runs no file, as one of multiprocessing, for one of a person."""
    command = [sys.executable, "-c", DRAWN, str(shop)]

    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert told == "[(False,)]\n"
