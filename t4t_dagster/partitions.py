"""A model's partitions, and the rows that a run of some of them brings in line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
from msgspec.structs import replace

from t4t_core.errors import RunError, T4tError, UsageError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.seeds.seed import Seed
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column as named_column
from t4t_core.sql.text import Sql, sql
from t4t_core.values import TimeKind
from t4t_core.windows.slices import Slice
from t4t_core.windows.window import Window, bound_in
from t4t_dagster.attributes import config_of

_OF_CRON = "%Y-%m-%d-%H:%M"

Part = Window | Slice


def partitions_def(node: Model | Seed) -> dg.PartitionsDefinition[Any] | None:
    """The partitions that a model's metadata asks for, or None.

    Raises:
        dagster.DagsterInvalidDefinitionError: Dagster does not take a cron schedule or a value.
    """
    written = config_of(node).partitions
    if written is None:
        return None
    if written.is_static:
        return dg.StaticPartitionsDefinition([str(value) for value in written.values])
    assert written.start_date is not None, "checked when the metadata was read"
    if written.cron is not None:
        return dg.TimeWindowPartitionsDefinition(
            start=written.start_date,
            end=written.end_date,
            fmt=_OF_CRON,
            cron_schedule=written.cron,
            timezone=written.timezone,
            end_offset=written.end_offset,
        )
    kinds = {
        "hourly": dg.HourlyPartitionsDefinition,
        "daily": dg.DailyPartitionsDefinition,
        "weekly": dg.WeeklyPartitionsDefinition,
        "monthly": dg.MonthlyPartitionsDefinition,
    }
    made: dg.TimeWindowPartitionsDefinition = kinds[written.type](
        start_date=written.start_date,
        end_date=written.end_date,
        timezone=written.timezone,
        end_offset=written.end_offset,
    )
    return made


def policy_of(
    partitions: dg.PartitionsDefinition[Any] | None,
) -> dg.BackfillPolicy | None:
    """A range of partitions is one window, or one slice, so one run does it."""
    return None if partitions is None else dg.BackfillPolicy.single_run()


def unusable_partitions(specs: Sequence[tuple[Model | Seed, dg.AssetSpec]]) -> list[T4tError]:
    """The error for each model whose partitions say nothing about its rows."""
    return [
        UsageError(
            f"these partitions say nothing about the rows: {spec.partitions_def}",
            place=node.config_place,
            model=str(node),
            hint="partition by windows of time, or by the values of a column in the model's "
            "metadata under dagster, partitions",
        )
        for node, spec in specs
        if isinstance(node, Model)
        and node.strategy is not None
        and spec.partitions_def is not None
        and not _is_of_time(spec.partitions_def)
        and not _is_of_values(spec.partitions_def, node)
    ]


def part_of_run(
    node: Model | Seed,
    partitions: dg.PartitionsDefinition[Any] | None,
    context: dg.AssetExecutionContext,
) -> Part | None:
    """The rows of the partitions that a run materializes, of a range all in one.

    None for every row: a table or view of the project is made anew by each run, whichever its
    partition.
    """
    if partitions is None or not isinstance(node, Model) or node.strategy is None:
        return None
    if _is_of_time(partitions):
        return _window(context.partition_time_window)
    return _slice(node, set(context.partition_keys))


def part_of_rows(
    node: Model | Seed, context: dg.OutputContext, *, full_refresh: bool
) -> Part | None:
    """The partitions whose rows an asset has returned; None where it has no partitions.

    Raises:
        RunError: They would replace those of other partitions, or partitions say nothing of rows.
    """
    if not context.has_asset_partitions:
        return None
    if not isinstance(node, Model) or node.strategy is None or full_refresh:
        raise RunError(
            "the table would be made anew of the rows of some partitions, without the others",
            model=str(node),
            hint='keep it "incremental", and run it without full_refresh',
        )
    if _is_of_time(context.asset_partitions_def):
        return _window(context.asset_partitions_time_window)
    part = _slice(node, set(context.asset_partition_keys))
    if part is None:
        raise RunError(
            f"these partitions say nothing about the rows: {context.asset_partitions_def}",
            model=str(node),
            hint="partition by windows of time",
        )
    return part


def with_part(request: Request, node: Model | Seed, part: Part | None) -> Request:
    """The request for a part of the rows.

    A full refresh is of the whole table, whichever partition asks for it.
    """
    if request.full_refresh or not isinstance(node, Model):
        return request
    match part:
        case None:
            return request
        case Window():
            return replace(request, window=part)
        case Slice():
            return replace(request, slice=part)


def part_of_input(context: dg.InputContext, node: Model, kind: TimeKind | None) -> Sql | None:
    """Whether a row belongs to the partitions that an input is of.

    None where it is of all of them, or where nothing says which rows belong to one.

    Args:
        context: Of the input.
        node: The model that it comes from.
        kind: What the model's time column counts in, or None.
    """
    partitions = context.asset_partitions_def if context.has_asset_partitions else None
    if partitions is None or not (_is_of_time(partitions) or _is_of_values(partitions, node)):
        return None
    keys = set(context.asset_partition_keys)
    if keys >= set(partitions.get_partition_keys()):
        return None
    if _is_of_time(partitions):
        if node.window is None or kind is None or kind.is_integer:
            return None
        found = context.asset_partitions_time_window
        column = named_column(node.window.time_column)
        start, end = (time_literal(bound_in(kind, at)) for at in (found.start, found.end))
        return sql("{column} >= {start} AND {column} < {end}", column=column, start=start, end=end)
    part = _slice(node, keys)
    return None if part is None else part.holds(named_column(part.column))


def _is_of_time(partitions: dg.PartitionsDefinition[Any]) -> bool:
    return isinstance(partitions, dg.TimeWindowPartitionsDefinition)


def _is_of_values(partitions: dg.PartitionsDefinition[Any], node: Model) -> bool:
    """Whether a value of the model's metadata stands behind each partition."""
    written = config_of(node).partitions
    if written is None or not written.is_static:
        return False
    values = {str(value) for value in written.values}
    is_static = isinstance(partitions, dg.StaticPartitionsDefinition)
    return is_static and values.issuperset(partitions.get_partition_keys())


def _window(found: dg.TimeWindow) -> Window:
    return Window(found.start, found.end)


def _slice(node: Model, keys: set[str]) -> Slice | None:
    """The rows of the values behind some keys; None where there are other keys among them."""
    written = config_of(node).partitions
    if written is None or written.column is None:
        return None
    values = tuple(value for value in written.values if str(value) in keys)
    return Slice(written.column, values) if len(values) == len(keys) else None
