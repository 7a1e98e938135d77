"""Partitions that Dagster cannot map onto each other: each depends on all of the model above."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shop import without_models

from t4t_dagster import build_t4t_definitions

DAYS = {"type": "daily", "start_date": "2024-01-01", "end_date": "2024-01-03"}
IN_BERLIN = {**DAYS, "timezone": "Europe/Berlin"}
TENANTS = {"type": "static", "column": "tenant", "values": ["a", "b"]}
BUYERS = {**TENANTS, "column": "buyer"}
UPPER, LOWER = dg.AssetKey(["mart", "upper"]), dg.AssetKey(["mart", "lower"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return without_models(
        tmp_path,
        "CREATE SCHEMA raw; CREATE TABLE raw.seen AS SELECT i AS id, 'a' AS tenant, 'b' AS buyer, "
        "TIMESTAMP '2024-01-01 12:00' + INTERVAL (i) DAY AS c FROM range(2) t(i)",
    )


def model(folder: Path, name: str, source: str, partitions: Mapping[str, Any]) -> None:
    written = {
        "materialization": "incremental",
        "incremental": {"strategy": "delete_insert", "delete_insert": {"time_column": "c"}},
        "dagster": {"automation_condition": "t4t_eager", "partitions": dict(partitions)},
    }
    (folder / "models" / "mart" / f"{name}.sql").write_text(
        f"-- metadata: {json.dumps(written)}\nSELECT id, tenant, buyer, c FROM {source}\n"
    )


PAIRS = [
    pytest.param(DAYS, IN_BERLIN, {"2024-01-02"}, id="zones"),
    pytest.param(DAYS, TENANTS, {"a", "b"}, id="values-of-windows"),
    pytest.param(TENANTS, DAYS, {"2024-01-02"}, id="windows-of-values"),
    pytest.param(TENANTS, BUYERS, {"a", "b"}, id="columns"),
]


@pytest.mark.parametrize(("above", "below", "asked"), PAIRS)
def test_conditions_see_what_changed_above(
    folder: Path, above: dict[str, Any], below: dict[str, Any], asked: set[str]
) -> None:
    """A condition fires once all partitions above are there, and again when one of them changed."""
    model(folder, "upper", "raw.seen", above)
    model(folder, "lower", "mart.upper", below)
    defs = build_t4t_definitions(folder)
    defs.resolve_asset_graph().validate_partitions()
    job = defs.resolve_implicit_global_asset_job_def()
    keys = {key: defs.resolve_asset_graph().get(key).partitions_def for key in (UPPER, LOWER)}
    found: list[set[str]] = []

    with dg.DagsterInstance.ephemeral() as instance:

        def tick(cursor: Any = None) -> Any:
            result = dg.evaluate_automation_conditions(
                defs, instance, asset_selection=dg.AssetSelection.assets(LOWER), cursor=cursor
            )
            (lower,) = result.results
            found.append(set(lower.true_subset.expensively_compute_partition_keys()))
            return result.cursor

        def run(key: dg.AssetKey, partition: str) -> None:
            job.execute_in_process(
                instance=instance, asset_selection=[key], partition_key=partition
            )

        first, last = (part for part in keys[UPPER].get_partition_keys())
        run(UPPER, first)
        cursor = tick()
        run(UPPER, last)
        cursor = tick(cursor)
        for partition in keys[LOWER].get_partition_keys():
            run(LOWER, partition)
        cursor = tick(cursor)
        run(UPPER, first)
        tick(cursor)

    assert found == [set(), asked, set(), asked]


def test_partitions_that_fit_are_mapped_by_dagster(folder: Path) -> None:
    """Equal windows and equal values of one column depend on the partition of the same name."""
    model(folder, "upper", "raw.seen", DAYS)
    model(folder, "lower", "mart.upper", {**DAYS, "start_date": "2024-01-02"})

    (lower,) = [
        asset for asset in build_t4t_definitions(folder).assets or () if LOWER in asset.keys
    ]

    assert lower.get_partition_mapping(UPPER) is None


def test_a_model_above_may_be_made_elsewhere(folder: Path) -> None:
    """A part of a project, beside the other part in one code location, depends on it alike."""
    model(folder, "upper", "raw.seen", DAYS)
    model(folder, "lower", "mart.upper", TENANTS)

    defs = dg.Definitions.merge(
        build_t4t_definitions(folder, select=["upper"]),
        build_t4t_definitions(folder, select=["lower"], io_manager_key="second"),
    )

    defs.resolve_asset_graph().validate_partitions()
