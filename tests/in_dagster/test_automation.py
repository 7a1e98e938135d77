"""When automation conditions fire."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster_shop import Materialize, write

from t4t_dagster import build_t4t_definitions


class Ticks:
    """Evaluates the conditions of a project again and again, each time from the last one's end."""

    def __init__(self, shop: Path, instance: dg.DagsterInstance) -> None:
        self.shop = shop
        self.instance = instance
        self.cursor = None

    def __call__(self, now: datetime | None = None) -> set[str]:
        """The names of the assets that the next tick asks for."""
        result = dg.evaluate_automation_conditions(
            defs=build_t4t_definitions(self.shop),
            instance=self.instance,
            asset_selection=dg.AssetSelection.all(),
            cursor=self.cursor,
            evaluation_time=now,
        )
        self.cursor = result.cursor
        return {r.key.path[-1] for r in result.results if not r.true_subset.is_empty}


@pytest.fixture
def ticks(shop: Path, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(shop, instance)


def automate(shop: Path, model: str, condition: str) -> None:
    (shop / f"models/mart/{model}.sql").write_text(
        f'-- metadata: {{"dagster": {{"automation_condition": {condition}}}}}\n'
        "SELECT customer, sum(amount) AS spent FROM orders GROUP BY customer"
    )


def test_t4t_eager_follows_changes_and_not_runs(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """A run upstream that changed nothing leaves it still, where `eager` would fire."""
    automate(shop, "customers", '"t4t_eager"')
    automate(shop, "others", '"eager"')
    materialize()
    ticks()

    materialize("mart/orders")
    after_nothing = ticks()
    write(shop, "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')")
    materialize("mart/orders")
    after_change = ticks()
    materialize("mart/customers", "mart/others")
    settled = ticks()

    assert after_nothing == {"others"}
    assert after_change == {"customers"}
    assert settled == set()
