"""Automation conditions that know what a run of t4t changed."""

from __future__ import annotations

from typing import Any, cast

import dagster as dg

# Dagster's types tell conditions of assets from those of checks; these are for both.
Condition = dg.AutomationCondition[Any]


def t4t_eager() -> Condition:
    """As `AutomationCondition.eager()`, but only when the data of something upstream changed.

    A run of t4t that changed nothing leaves the data version as it was. `eager()` fires downstream
    of such a run all the same; this one stays still. What an upstream of another integration does
    counts as a change each time it is materialized, unless it reports data versions too.
    """
    has_cause: Condition = (
        dg.AutomationCondition.newly_missing()
        | dg.AutomationCondition.any_deps_match(
            dg.AutomationCondition.data_version_changed()
        ).with_label("any_deps_changed")
    )
    return _latest("t4t_eager", has_cause.since_last_handled() & _is_ready())


def t4t_on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> Condition:
    """As `AutomationCondition.on_cron(...)`, without waiting for tables that Dagster cannot make.

    After each tick it waits until everything upstream that can be materialized was, since that
    tick. `on_cron()` waits for the sources too, so a model that reads a table which other programs
    fill would never run.
    """
    tick: Condition = dg.AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone)
    deps = dg.AutomationCondition.all_deps_updated_since_cron(cron_schedule, cron_timezone)
    made = dg.AssetSelection.all().materializable()
    label = f"t4t_on_cron({cron_schedule}, {cron_timezone})"
    return _latest(label, tick.since_last_handled() & deps.allow(made))


def t4t_on_code_change() -> Condition:
    """When the model's definition changed so that a full refresh would give another table.

    The code version of a model follows its definition: comments, layout, descriptions and tests
    leave it as it is.
    """
    changed: Condition = dg.AutomationCondition.code_version_changed()
    return _latest("t4t_on_code_change", changed.since_last_handled() & _is_ready())


def through_views(condition: Condition | None) -> Condition | None:
    """The same, asking what a virtual asset reads in place of the virtual asset.

    Dagster has that for the conditions that ask something of what is upstream; others stay as
    they are.
    """
    resolve = getattr(condition, "resolve_through_virtual", None)
    return condition if resolve is None else cast(Condition, resolve())


def _latest(label: str, condition: Condition) -> Condition:
    """The condition under a name; for partitions by time it looks at the last one only."""
    named: Condition = (dg.AutomationCondition.in_latest_time_window() & condition).with_label(
        label
    )
    return named


def _is_ready() -> Condition:
    return (
        ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    )
