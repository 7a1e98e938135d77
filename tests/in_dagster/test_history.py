"""A history in Dagster."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster_shop import Materialize, metadata, read, write

from t4t_dagster import build_t4t_definitions

MODEL = """-- metadata: {"materialization": "scd2", "scd2": {"strategy": "check",
-- "unique_key": "customer", "check_columns": ["spent"], "hard_deletes": "invalidate"}}
SELECT customer, sum(amount) AS spent FROM raw.orders GROUP BY customer
"""


def test_a_history_is_an_asset_like_any_other(shop: Path, materialize: Materialize) -> None:
    """Tags, counts, columns and lineage show it; a run that changed nothing keeps its version."""
    (shop / "models" / "mart" / "spending.sql").write_text(MODEL, "utf-8")
    first = metadata(materialize("mart/spending"), "spending")
    write(shop, "DELETE FROM raw.orders WHERE customer = 'bob'")
    write(shop, "UPDATE raw.orders SET amount = 11 WHERE id = 1")

    second = metadata(materialize("mart/spending"), "spending")
    third = materialize("mart/spending")

    spec = next(
        s
        for s in build_t4t_definitions(shop).resolve_all_asset_specs()
        if s.key == dg.AssetKey(["mart", "spending"])
    )
    assert (spec.tags["t4t/materialization"], spec.tags["t4t/strategy"]) == ("scd2", "check")
    assert (first["t4t/mode"], first["t4t/rows_inserted"]) == ("full", 2)
    assert (second["t4t/mode"], second["t4t/rows_inserted"], second["t4t/rows_updated"]) == (
        "incremental",
        1,
        2,
    )
    shown = [column.name for column in second["dagster/column_schema"].columns]
    assert shown == ["customer", "spent", "valid_from", "valid_to"]
    assert metadata(third, "spending")["t4t/rows_inserted"] == 0
    assert read(shop, "SELECT customer, spent FROM mart.spending WHERE valid_to IS NULL") == [
        ("ada", 41)
    ]
