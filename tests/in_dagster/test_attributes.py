"""What a model's metadata says about it in Dagster."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from t4t_core.errors import ProjectError
from t4t_dagster import build_t4t_definitions, t4t_eager, t4t_on_cron


def model(shop: Path, dagster: dict[str, Any] | None = None, **metadata: Any) -> None:
    """Writes the model `mart.made`."""
    written = json.dumps({**metadata, "dagster": dagster or {}})
    (shop / "models/mart/made.sql").write_text(
        f"-- metadata: {written}\nSELECT id FROM mart.orders"
    )


def made(shop: Path) -> dg.AssetSpec:
    definitions = build_t4t_definitions(shop)
    return next(s for s in definitions.resolve_all_asset_specs() if s.key.path[-1] == "made")


def test_attributes_of_an_asset_stand_in_the_models_metadata(shop: Path) -> None:
    """They stand above what the model has without them; tags and metadata are added."""
    model(
        shop,
        {
            "asset_key": "shop/made",
            "group_name": "shop",
            "description": "for Dagster",
            "owners": ["ada@example.com", "team:shop"],
            "kinds": ["duckdb", "gold"],
            "tags": {"tier": "1"},
            "metadata": {"link": "https://example.com"},
        },
        description="for everyone",
        owners=["team:other"],
        tags=["daily"],
        object_tags={"domain": "sales", "tier": "0"},
    )

    spec = made(shop)

    assert spec.key == dg.AssetKey(["shop", "made"])
    assert (spec.group_name, spec.description) == ("shop", "for Dagster")
    assert list(spec.owners) == ["ada@example.com", "team:shop"]
    assert spec.kinds == {"duckdb", "gold"}
    assert (spec.tags["tier"], spec.tags["domain"], spec.tags["daily"]) == ("1", "sales", "")
    assert spec.metadata["link"] == "https://example.com"
    assert spec.metadata["dagster/table_name"] == "shop.mart.made"


def test_a_key_of_the_metadata_is_known_to_readers(shop: Path) -> None:
    """What reads the model depends on the asset under its own key."""
    model(shop, {"asset_key": ["gold", "made"]})
    (shop / "models/mart/reader.sql").write_text("SELECT id FROM made")

    graph = build_t4t_definitions(shop).resolve_asset_graph()

    assert graph.get(dg.AssetKey(["mart", "reader"])).parent_keys == {dg.AssetKey(["gold", "made"])}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("eager", dg.AutomationCondition.eager()),
        ("on_missing", dg.AutomationCondition.on_missing()),
        (
            {"name": "on_cron", "cron": "@daily", "timezone": "Europe/Berlin"},
            dg.AutomationCondition.on_cron("@daily", "Europe/Berlin"),
        ),
        ({"name": "t4t_on_cron", "cron": "0 6 * * *"}, t4t_on_cron("0 6 * * *")),
        (["t4t_eager", "on_missing"], t4t_eager() | dg.AutomationCondition.on_missing()),
    ],
    ids=["eager", "on_missing", "on_cron", "t4t_on_cron", "several"],
)
def test_automation_conditions_have_names(shop: Path, written: Any, meant: Any) -> None:
    """A name, a name with a schedule, or several of which any will do."""
    model(shop, {"automation_condition": written})

    assert made(shop).automation_condition == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            {"fail_window": "2 days", "warn_window": "36 hours"},
            dg.FreshnessPolicy.time_window(timedelta(days=2), timedelta(hours=36)),
        ),
        (
            {"deadline_cron": "0 9 * * *", "lower_bound_delta": "1 hour"},
            dg.FreshnessPolicy.cron("0 9 * * *", timedelta(hours=1)),
        ),
    ],
    ids=["window", "deadline"],
)
def test_freshness_is_a_window_or_a_deadline(shop: Path, written: Any, meant: Any) -> None:
    """The asset carries Dagster's own policy."""
    model(shop, {"freshness_policy": written})

    assert made(shop).freshness_policy == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"dagster": {"groupname": "x"}}, "unknown key 'groupname' (did you mean 'group_name'?)"),
        ({"dagster": {"automation_condition": "egaer"}}, "'egaer', which is none of 'eager'"),
        ({"dagster": {"automation_condition": "on_cron"}}, "'on_cron' needs 'cron'"),
        (
            {"dagster": {"automation_condition": {"name": "on_cron", "cron": "often"}}},
            "Invalid cron schedule: often",
        ),
        (
            {
                "dagster": {
                    "automation_condition": {"name": "on_cron", "cron": "@daily", "timezone": "X"}
                }
            },
            "there is no time zone 'X'",
        ),
        ({"dagster": {"freshness_policy": {"fail_window": "1 month"}}}, "not a span in days"),
        ({"dagster": {"freshness_policy": {"warn_window": "1 day"}}}, "has either 'fail_window'"),
        ({"dagster": {"freshness_policy": {"fail_window": "5 seconds"}}}, "less than 1 minute"),
        ({"owners": ["the shop team"]}, "Invalid owner 'the shop team'"),
        ({"object_tags": {"cost centre": "1"}}, "Found invalid tag keys: ['cost centre']"),
        ({"tags": ["not a tag"]}, "Found invalid tag keys: ['not a tag']"),
        ({"dagster": {"group_name": "a b"}}, '"a b" is not a valid'),
    ],
    ids=[
        "unknown key",
        "unknown condition",
        "no schedule",
        "no cron",
        "no zone",
        "months",
        "only a warning",
        "too short",
        "owner",
        "object tag",
        "tag",
        "group",
    ],
)
def test_what_dagster_cannot_take_is_told_in_words(
    shop: Path, written: dict[str, Any], told: str
) -> None:
    """The error names the file and the model, and comes together with those of other models."""
    model(shop, **written)
    orders = shop / "models/mart/orders.py"
    orders.write_text(orders.read_text().replace("team:shop", "no one"))

    with pytest.raises(ProjectError) as caught:
        build_t4t_definitions(shop)

    text = str(caught.value)
    assert told in text
    assert "made.sql: model mart.made" in text
    is_read_by_the_core = "metadata" in text
    assert is_read_by_the_core or "orders.py: model mart.orders" in text


def test_what_only_a_step_shows_is_told_in_words(shop: Path) -> None:
    """Dagster looks at a pool when the step is made; it is an error of the model's file too."""
    model(shop, {"pool": "a b"})

    with pytest.raises(
        ProjectError, match=r"made.*: model mart.made: Dagster does .* Pool \"a b\""
    ):
        build_t4t_definitions(shop)
