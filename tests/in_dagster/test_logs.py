"""What a run's log in Dagster says."""

from __future__ import annotations

import logging

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
