"""A small project and a Dagster instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shop import Materialize, write

from t4t_dagster import build_t4t_definitions

TOML = """
project_folder = "shop"

[connection]
type = "duckdb"
path = "data/shop.duckdb"
schema = "mart"
lock_timeout_s = 20

[vars]
smallest = 0
"""

FILES = {
    "models/mart/orders.sql": "SELECT id, customer, amount, updated_at FROM raw.orders "
    "WHERE amount > @smallest",
    "models/mart/orders.py": """
from tee.typing import ModelMetadata

metadata: ModelMetadata = {
    "description": "The current state of each order",
    "materialization": "incremental",
    "tags": ["daily"],
    "owners": ["team:shop"],
    "schema": [{"name": "id", "datatype": "integer", "description": "The order's number"}],
    "incremental": {
        "strategy": "merge",
        "merge": {"unique_key": ["id"], "time_column": "updated_at", "lookback": "1 hour"},
    },
}
""",
    "models/mart/customers.sql": '-- metadata: {"materialization": "table"}\n'
    "SELECT customer, sum(amount) AS spent FROM orders GROUP BY customer",
    "models/mart/big.sql": '-- metadata: {"materialization": "view"}\n'
    "SELECT * FROM mart.orders WHERE amount > 100",
    "seeds/mart/rates.csv": "currency,rate\nEUR,1.0\nUSD,1.1\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project `shop` whose source `raw.orders` has three rows."""
    folder = tmp_path / "shop"
    for name, text in {"project.toml": TOML, **FILES}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    write(
        folder,
        "CREATE SCHEMA raw; CREATE TABLE raw.orders AS SELECT * FROM (VALUES "
        "(1, 'ada', 10, TIMESTAMP '2024-01-01 10:00'), "
        "(2, 'bob', 200, TIMESTAMP '2024-01-01 11:00'), "
        "(3, 'ada', 30, TIMESTAMP '2024-01-01 12:00')) AS t(id, customer, amount, updated_at)",
    )
    return folder


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of its own."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def materialize(shop: Path, instance: dg.DagsterInstance) -> Materialize:
    """Materializes the project's assets in process, with config of the IO manager."""

    def run(
        *keys: str,
        config: Mapping[str, Any] | None = None,
        also: tuple[Any, ...] = (),
        fails: bool = False,
        **options: Any,
    ) -> dg.ExecuteInProcessResult:
        definitions = dg.Definitions.merge(
            build_t4t_definitions(shop, **options), dg.Definitions(assets=list(also))
        )
        selection = dg.AssetSelection.assets(*(key.split("/") for key in keys)) if keys else None
        job = dg.define_asset_job("all", selection=selection or dg.AssetSelection.all())
        merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
        resources = {"resources": {"t4t_io_manager": {"config": dict(config or {})}}}
        return merged.resolve_job_def("all").execute_in_process(
            instance=instance, run_config=resources, raise_on_error=not fails
        )

    return run
