"""Merge: the table holds one row per key, the latest by the time column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from t4t_core.config import MergeConfig
from t4t_core.planning.facts import Column
from t4t_core.planning.steps import Gate, Repair, Step, Tally, Write
from t4t_core.sql.names import column
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    delete,
    duplicates,
    greatest_ordinal,
    is_true,
    latest_per_key,
)
from t4t_core.strategies.deleting import (
    GONE,
    delete_keys,
    leave_to_later_rows,
    not_deleted,
    watermark_with_deleted,
)
from t4t_core.strategies.key_gates import refuse_null_keys, refuse_repeated_keys
from t4t_core.strategies.matching import Matching, aliased
from t4t_core.strategies.merge_statement import merge_statement
from t4t_core.strategies.numbering import (
    create_numbered,
    number_stage,
    numbering_of,
    remember,
)
from t4t_core.strategies.replacing import replace_rows
from t4t_core.strategies.work import StrategyRun, Work

_NOTE = "Executed incremental merge"


@dataclass(frozen=True, slots=True)
class MergeConditions:
    """The conditions in the settings, with every value in them.

    Attributes:
        delete_when: A staged row for which it is true deletes its key's row; None for no deletes.
        predicates: Of `target` and `source`, the two rows of a key.
    """

    delete_when: exp.Expr | None = None
    predicates: tuple[exp.Expr, ...] = ()


def full_load(work: Work, settings: MergeConfig) -> tuple[Step, ...]:
    """What follows the creation of the table: keys are checked, repeated ones settled."""

    def keep_latest() -> Write:
        return Write(create_table(work.table, _latest(work, work.table, settings)), Tally.CREATED)

    return (
        *work.gate_null_time(work.table),
        refuse_null_keys(work.table, settings.unique_key),
        _settle_repeated(work.table, settings, keep_latest),
    )


def staged_full_load(
    work: Work, settings: MergeConfig, delete_when: exp.Expr | None, old: tuple[Column, ...]
) -> StrategyRun:
    """The statements that make the table anew, with numbers or without the keys that are deleted.

    The rows are staged, since the watermark counts those that are left out too.

    Args:
        work: The model.
        settings: Its settings.
        delete_when: Of the latest row of a key that is left out.
        old: The columns of the table whose numbers are kept; none where there are none.
    """
    latest = _latest(work, work.stage, settings)
    settle: tuple[Step, ...] = ()
    if settings.on_duplicate_key == "error":
        settle = (_refuse_repeated(work.stage, settings),)
    rows = latest if delete_when is None else not_deleted(latest, delete_when)
    return StrategyRun(
        (
            work.create_stage(with_null=work.null_time != "exclude"),
            *work.gate_null_time(work.stage),
            refuse_null_keys(work.stage, settings.unique_key),
            *settle,
            *_create(work, settings, rows, old),
        ),
        greatest_ordinal(work.stage, work.time_column, work.kind),
        leaves=(STAGE,),
    )


def _create(
    work: Work, settings: MergeConfig, rows: exp.Select, old: tuple[Column, ...]
) -> tuple[Step, ...]:
    if work.number is not None:
        return create_numbered(numbering_of(work, settings.unique_key), rows, old)
    note = f"Created table: {work.name}"
    return (Write(create_table(work.table, rows), Tally.CREATED, note),)


def later_run(work: Work, settings: MergeConfig, conditions: MergeConditions) -> StrategyRun:
    """The statements of a run onto a table that exists."""
    matching = Matching(work, settings.unique_key, _kept(work, settings))
    # A column of this name hides DuckDB's row numbers.
    has_row_numbers = "rowid" not in {name.lower() for name in work.written_names}
    # To DuckDB's UPDATE, 1 month in place of 30 days is no change.
    has_intervals = any("INTERVAL" in column.type for column in work.columns)
    is_fastest = has_row_numbers and (settings.method == "fastest" or has_intervals)

    def keep_latest() -> Write:
        latest = _latest(work, work.stage, settings)
        if is_fastest:
            return Write(_delete_earlier(work, settings.unique_key, latest))
        return Write(create_temporary(STAGE, latest))

    deletes: tuple[Step, ...] = ()
    leaves: tuple[str, ...] = (STAGE,)
    watermark_sql = greatest_ordinal(work.stage, work.time_column, work.kind)
    if conditions.delete_when is not None:
        deletes = (*leave_to_later_rows(matching), *delete_keys(matching, conditions.delete_when))
        leaves += (GONE,)
        watermark_sql = watermark_with_deleted(work)
    write = replace_rows if is_fastest else merge_statement
    steps = (
        work.create_stage(with_null=work.null_time != "exclude"),
        *work.gate_null_time(work.stage),
        refuse_null_keys(work.stage, settings.unique_key),
        _settle_repeated(work.stage, settings, keep_latest),
        *_gate_predicates(matching, conditions.predicates),
        *deletes,
        *number_stage(matching),
        *write(matching, _NOTE),
        *(() if work.number is None else remember(numbering_of(work, settings.unique_key))),
    )
    return StrategyRun(steps, watermark_sql, leaves)


def _kept(work: Work, settings: MergeConfig) -> frozenset[str]:
    """The columns, in lower case, that are written with a new key and never after.

    The time column is always updated: it says which row of its key the table has.
    """
    excluded = {name.lower() for name in settings.exclude_columns or ()}
    if settings.update_columns is not None:
        updated = {name.lower() for name in (*settings.update_columns, work.time_column)}
        excluded = {name.lower() for name in work.column_names} - updated
    return frozenset(excluded - {key.lower() for key in settings.unique_key})


def _gate_predicates(matching: Matching, predicates: Sequence[exp.Expr]) -> tuple[Step, ...]:
    """Refuses rows whose key the table holds where `incremental_predicates` do not look.

    They would be inserted a second time. Once no such row is there the predicates leave nothing
    out, so that no other statement needs them.
    """
    if not predicates:
        return ()
    is_looked_at = exp.and_(*(exp.paren(p.copy()) for p in predicates), copy=False)
    on = exp.and_(
        matching.is_one_key("target", "source"), exp.Not(this=is_true(is_looked_at)), copy=False
    )
    unseen = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(aliased(matching.work.table, "target"), copy=False)
        .where(on, copy=False)
    )
    return (
        Gate(
            count_where(aliased(matching.work.stage, "source"), exp.Exists(this=unseen)),
            "rows whose key the table has outside incremental_predicates, so that it would come "
            "into the table twice: {count}",
            "widen incremental_predicates, or leave them out: t4t finds the rows of a key by "
            "itself",
        ),
    )


def _latest(work: Work, table: exp.Table, settings: MergeConfig) -> exp.Select:
    return latest_per_key(table, settings.unique_key, work.time_column, work.types)


def _settle_repeated(
    table: exp.Table, settings: MergeConfig, keep_latest: Callable[[], Write]
) -> Step:
    """Keeps the latest row of a key that comes more than once, or refuses it."""
    if settings.on_duplicate_key == "latest":
        return Repair(duplicates(table, settings.unique_key), keep_latest)
    return _refuse_repeated(table, settings)


def _refuse_repeated(table: exp.Table, settings: MergeConfig) -> Gate:
    hint = 'make the query give one row per key, or set "on_duplicate_key" to "latest"'
    return refuse_repeated_keys(table, settings.unique_key, hint)


def _delete_earlier(work: Work, keys: Sequence[str], latest: exp.Select) -> str:
    """Deletes all but the latest row of each key from the stage.

    Only the rows of repeated keys are sorted, which mostly are few.
    """
    key = [column(key) for key in keys]
    repeated = (
        exp.select(*(column(key) for key in keys), copy=False)
        .from_(work.stage, copy=False)
        .group_by(*(column(key) for key in keys), copy=False)
        .having(
            exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)), copy=False
        )
    )
    is_repeated = exp.In(
        this=key[0] if len(key) == 1 else exp.Tuple(expressions=key),
        query=exp.Subquery(this=repeated),
    )
    earlier = latest.select("rowid", append=False).where(is_repeated, copy=False)
    place = earlier.args["qualify"].this
    earlier.set("qualify", exp.Qualify(this=exp.GT(this=place.this, expression=place.expression)))
    return delete(work.stage, exp.In(this=column("rowid"), query=exp.Subquery(this=earlier)))
