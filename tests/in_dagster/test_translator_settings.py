"""What Dagster calls beta or preview, and is off until a translator's settings ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shop import write

from t4t_dagster import T4tTranslator, T4tTranslatorSettings, build_t4t_definitions

BIG, SPENT = dg.AssetKey(["mart", "big"]), dg.AssetKey(["mart", "spent"])

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore::dagster.PreviewWarning"),
]


def definitions(shop: Path, **settings: bool) -> dg.Definitions:
    return build_t4t_definitions(shop, translator=T4tTranslator(T4tTranslatorSettings(**settings)))


def references(defs: dg.Definitions, name: str) -> list[str]:
    spec = defs.resolve_asset_graph().get(dg.AssetKey(["mart", name]))
    value = spec.metadata.get("dagster/code_references")
    return [] if value is None else [one.file_path for one in value.code_references]


def test_an_asset_links_to_its_files_where_that_is_asked_for(shop: Path) -> None:
    """The query first, then the metadata's own file; a seed has its data file."""
    files = {
        name: references(definitions(shop, enable_code_references=True), name)
        for name in ("orders", "customers", "rates")
    }

    assert files == {
        "orders": [f"{shop}/models/mart/orders.sql", f"{shop}/models/mart/orders.py"],
        "customers": [f"{shop}/models/mart/customers.sql"],
        "rates": [f"{shop}/seeds/mart/rates.csv"],
    }
    assert references(definitions(shop), "orders") == []


def test_a_condition_looks_through_virtual_views(shop: Path) -> None:
    """New rows below a view ask for the table above it, though nobody ran the view again."""
    (shop / "models/mart/spent.sql").write_text(
        '-- metadata: {"materialization": "table", "dagster": {"automation_condition": '
        '"t4t_eager"}}\nSELECT sum(amount) AS amount FROM mart.big'
    )
    asked = {}

    for is_virtual in (False, True):
        defs = definitions(shop, enable_views_as_virtual_assets=is_virtual)
        graph = defs.resolve_asset_graph()
        with dg.DagsterInstance.ephemeral() as instance:
            job = defs.resolve_implicit_global_asset_job_def()
            job.execute_in_process(instance=instance)
            before = tick(defs, instance)
            write(shop, f"INSERT INTO raw.orders VALUES ({7 + is_virtual}, 'a', 500, now())")
            orders = [dg.AssetKey(["mart", "orders"])]
            job.execute_in_process(instance=instance, asset_selection=orders)
            after = tick(defs, instance, before.cursor)
        assert graph.get(BIG).is_virtual is is_virtual
        asked[is_virtual] = [r.key for r in after.results if not r.true_subset.is_empty]

    assert asked == {False: [], True: [SPENT]}


def tick(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    cursor: Any = None,
) -> Any:
    return dg.evaluate_automation_conditions(
        defs, instance, asset_selection=dg.AssetSelection.all(), cursor=cursor
    )
