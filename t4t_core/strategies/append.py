"""Append: rows that the table does not hold yet are added; rows that it holds stay."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from t4t_core.planning.steps import Greatest, Step
from t4t_core.sql.exact import in_sets, is_coarse, out_of_sets
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import STAGE, greatest_ordinal, is_finite
from t4t_core.sql.window import filtered, subquery
from t4t_core.strategies.completed_rows import completed_run
from t4t_core.strategies.numbering import insert_numbered
from t4t_core.strategies.work import StrategyRun, Work
from t4t_core.values import TimeValue

_READ = "t4t_read"
_TIMES = "t4t_times"
_NOTE = "Executed incremental append"

Condition = Callable[[exp.Expr], exp.Expr]
Parts = Callable[[list[exp.Expr], Condition | None], exp.Select]


def full_load(work: Work) -> tuple[Step, ...]:
    """What follows the creation of the table."""
    return work.gate_null_time(work.table)


def later_run(work: Work, greatest: TimeValue | None, watermark: TimeValue | None) -> StrategyRun:
    """The statements of a run onto a table that exists.

    Rows past the greatest time in the table cannot be in it. The others, infinite times among
    them, are compared with the table's rows of the same window as bags: a row that comes three
    times and is there twice is added once.

    Args:
        work: The model.
        greatest: The greatest finite time in the table.
        watermark: The greatest time that a run has read.
    """
    with_null = work.null_time != "exclude"
    if work.completed:
        return completed_run(work, with_null)
    is_past_watermark = greatest is not None and (
        watermark is None or greatest.ordinal > watermark.ordinal
    )
    if work.null_time == "error" or is_past_watermark:
        # The watermark has to come from what is read: rows of the table that lie past it are not
        # this run's.
        new_rows = _new_rows(work, _parts_of(work, work.stage), greatest, with_null)
        steps = (
            work.create_stage(with_null=with_null),
            *work.gate_null_time(work.stage),
            *insert_numbered(work, new_rows, _NOTE),
        )
        return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))

    # Nothing needs the rows twice, so one statement reads and inserts them.
    if work.reads_by_scan:
        # Each part is read for itself: to keep all rows for both takes longer.
        new_rows = _new_rows(work, _parts_of_scan(work, with_null), greatest, with_null)
    else:
        read = exp.Table(this=exp.to_identifier(_READ))
        new_rows = _new_rows(work, _parts_of(work, read), greatest, with_null)
        rows = exp.CTE(
            this=work.rows(with_null=with_null),
            alias=exp.TableAlias(this=exp.to_identifier(_READ)),
            materialized=True,
        )
        new_rows.set("with_", exp.With(expressions=[rows]))
    past = None
    if greatest is not None:
        past = exp.GT(this=column(work.time_column), expression=time_literal(greatest))
    inserted = greatest_ordinal(work.table, work.time_column, work.kind, past)
    return StrategyRun(
        insert_numbered(work, new_rows, _NOTE), Greatest(inserted, is_of_inserted=True)
    )


def _parts_of(work: Work, read: exp.Table) -> Parts:
    """The parts of a table that holds what was read."""

    def part(columns: list[exp.Expr], condition: Condition | None) -> exp.Select:
        rows = exp.select(*columns, copy=False).from_(read.copy(), copy=False)
        if condition is None:
            return rows
        return rows.where(condition(column(work.time_column)), copy=False)

    return part


def _parts_of_scan(work: Work, with_null: bool) -> Parts:
    """The parts of what the query reads."""

    def part(columns: list[exp.Expr], condition: Condition | None) -> exp.Select:
        rows = work.rows(with_null=with_null)
        if condition is not None:
            rows = filtered(rows, work.time_column, condition)
        return exp.select(*columns, copy=False).from_(subquery(rows, "q"), copy=False)

    return part


def _new_rows(work: Work, part: Parts, greatest: TimeValue | None, with_null: bool) -> exp.Query:
    """The rows read, less those that the table holds."""
    window = work.in_window(column(work.time_column), with_null=with_null)
    if greatest is None:
        return _not_held(work, lambda columns: part(columns, None), window, is_many=True)

    def is_later(time: exp.Expr) -> exp.Expr:
        is_past = exp.GT(this=time, expression=time_literal(greatest))
        # `greatest` is finite; rows at infinity may be in the table all the same.
        return is_past if work.kind.is_integer else exp.and_(is_past, is_finite(time), copy=False)

    def is_not_later(time: exp.Expr) -> exp.Expr:
        either: list[exp.Expr] = [
            exp.LTE(this=time, expression=time_literal(greatest)),
            exp.Is(this=time.copy(), expression=exp.Null()),
        ]
        if not work.kind.is_integer:
            either.append(exp.Not(this=is_finite(time)))
        return exp.or_(*either, copy=False)

    lower = work.lower
    are_only_ties = lower is not None and (lower.kind, lower.ordinal) == (
        greatest.kind,
        greatest.ordinal,
    )
    missing = _not_held(
        work, lambda columns: part(columns, is_not_later), window, is_many=not are_only_ties
    )
    return exp.Union(
        this=part(work.selected(), is_later),
        expression=exp.Subquery(this=missing),
        distinct=False,
    )


def _compared(work: Work) -> list[exp.Expr]:
    """The columns as they are compared: by what their values are."""
    return [in_sets(name, type_) for name, type_ in work.types.items()]


def _whole(number: exp.Expr) -> exp.Expr:
    return exp.Cast(this=number, to=exp.DataType(this=exp.DataType.Type.BIGINT))


def _not_held(
    work: Work,
    read: Callable[[list[exp.Expr]], exp.Select],
    window: exp.Expr | None,
    *,
    is_many: bool,
) -> exp.Query:
    """The rows read that the table does not hold in the window, each as often as it is missing."""

    def held(columns: list[exp.Expr]) -> exp.Select:
        rows = exp.select(*columns, copy=False).from_(work.table, copy=False)
        return rows if window is None else rows.where(window, copy=False)

    columns = [out_of_sets(name, type_) for name, type_ in work.types.items()]
    new: exp.Query
    if is_many:
        new = _missing(work, read, held)
    else:
        rows = read(_compared(work))
        new = exp.Except(this=rows, expression=held(_compared(work)), distinct=False)
        if not any(is_coarse(type_) for type_ in work.types.values()):
            return new
    return exp.select(*columns, copy=False).from_(subquery(new, "new"), copy=False)


def _missing(
    work: Work,
    read: Callable[[list[exp.Expr]], exp.Select],
    held: Callable[[list[exp.Expr]], exp.Select],
) -> exp.Select:
    """What EXCEPT ALL gives, by counting the rows of both sides.

    Of many rows EXCEPT ALL, which numbers them, takes three times as long, and does not complete
    where they do not fit in memory; of few rows it is the faster one (DuckDB 2.0).
    """

    def counted(times: int) -> list[exp.Expr]:
        return [*_compared(work), exp.alias_(exp.Literal.number(times), _TIMES)]

    both = exp.Union(this=read(counted(1)), expression=held(counted(-1)), distinct=False)
    is_missing = exp.GT(this=exp.Sum(this=column(_TIMES)), expression=exp.Literal.number(0))
    missing = (
        exp.select(
            *work.selected(),
            exp.alias_(_whole(exp.Sum(this=column(_TIMES))), _TIMES),
            copy=False,
        )
        .from_(subquery(both, "both_sides"), copy=False)
        .group_by(*work.selected(), copy=False)
        .having(is_missing, copy=False)
    )
    # A list of that many numbers makes that many rows.
    numbers = exp.Anonymous(this="range", expressions=[column(_TIMES)])
    repeated = exp.alias_(exp.Anonymous(this="unnest", expressions=[numbers]), _TIMES)
    return exp.select(*work.selected(), repeated, copy=False).from_(
        subquery(missing, "missing"), copy=False
    )
