"""When automation conditions fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def test_t4t_eager_makes_what_is_missing_once(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """A new model runs as soon as what it reads is there; sources are taken to be there."""
    automate(shop, "customers", '"t4t_eager"')
    before = ticks()

    materialize("mart/orders")
    after = ticks()
    again = ticks()

    assert before == set()
    assert after == {"customers"}
    assert again == set()


def test_t4t_eager_sees_a_change_that_came_with_a_run_of_both(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """What ran together with its upstream is up to date."""
    automate(shop, "customers", '"t4t_eager"')
    materialize()
    ticks()
    write(shop, "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')")

    materialize("mart/orders", "mart/customers")

    assert ticks() == set()


def test_t4t_on_cron_waits_for_models_and_not_for_sources(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """`on_cron` of a model that reads a source would wait for ever."""
    now = datetime.now(tz=UTC)
    cron = f'{{"name": "t4t_on_cron", "cron": "{(now.minute - 5) % 60} * * * *"}}'
    automate(shop, "customers", cron)
    source = '-- metadata: {"dagster": {"automation_condition": %s}}\nSELECT id FROM raw.orders'
    (shop / "models/mart/from_source.sql").write_text(source % cron)
    (shop / "models/mart/plain.sql").write_text(source % cron.replace("t4t_", ""))
    ticks(now - timedelta(hours=1))

    at_tick = ticks(now)
    materialize("mart/orders")
    after_upstream = ticks(now + timedelta(seconds=30))

    assert at_tick == {"from_source"}
    assert after_upstream == {"customers"}


def test_t4t_on_code_change_follows_the_meaning_of_the_query(
    materialize: Materialize, shop: Path, ticks: Ticks
) -> None:
    """Comments and layout leave it still."""
    automate(shop, "customers", '"t4t_on_code_change"')
    file = shop / "models/mart/customers.sql"
    materialize()
    ticks()

    file.write_text(file.read_text().replace(" FROM ", "\n  FROM  -- all of them\n "))
    after_layout = ticks()
    file.write_text(file.read_text().replace("sum(", "max("))
    after_query = ticks()

    assert after_layout == set()
    assert after_query == {"customers"}
