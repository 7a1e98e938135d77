"""Append: rows that the table does not hold yet are added; rows that it holds stay."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.planning.steps import Greatest, Step
from t4t_core.sql.exact import in_sets, is_coarse, out_of_sets
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import STAGE, greatest_ordinal, is_finite, is_true
from t4t_core.sql.window import subquery
from t4t_core.strategies.completed_rows import completed_run
from t4t_core.strategies.numbering import insert_numbered
from t4t_core.strategies.work import StrategyRun, Work
from t4t_core.values import TimeValue

_READ = "t4t_read"
_NOTE = "Executed incremental append"


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
        new_rows = _new_rows(work, work.stage, greatest, with_null)
        steps = (
            work.create_stage(with_null=with_null),
            *work.gate_null_time(work.stage),
            *insert_numbered(work, new_rows, _NOTE),
        )
        return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))

    # Nothing needs the rows twice, so one statement reads and inserts them.
    read = exp.Table(this=exp.to_identifier(_READ))
    new_rows = _new_rows(work, read, greatest, with_null)
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


def _new_rows(work: Work, read: exp.Table, greatest: TimeValue | None, with_null: bool) -> exp.Expr:
    """The rows read, less those that the table holds."""
    window = work.in_window(column(work.time_column), with_null=with_null)
    if greatest is None:
        return _not_held(work, _compared(work, read), window)
    is_later: exp.Expr = exp.GT(this=column(work.time_column), expression=time_literal(greatest))
    if not work.kind.is_integer:
        # `greatest` is finite; rows at infinity may be in the table all the same.
        is_later = exp.and_(is_later, is_finite(work.time_column), copy=False)
    later = exp.select(*work.selected(), copy=False).from_(read.copy(), copy=False)
    earlier = _compared(work, read).where(exp.Not(this=is_true(is_later.copy())), copy=False)
    return exp.Union(
        this=later.where(is_later, copy=False),
        expression=exp.Subquery(this=_not_held(work, earlier, window)),
        distinct=False,
    )


def _compared(work: Work, rows: exp.Table) -> exp.Select:
    """Rows as they are compared: by what their values are."""
    columns = [in_sets(name, type_) for name, type_ in work.types.items()]
    return exp.select(*columns, copy=False).from_(rows.copy(), copy=False)


def _not_held(work: Work, read: exp.Select, window: exp.Expr | None) -> exp.Query:
    """The rows read that the table does not hold in the window."""
    held = _compared(work, work.table)
    if window is not None:
        held = held.where(window, copy=False)
    new = exp.Except(this=read, expression=held, distinct=False)
    if not any(is_coarse(type_) for type_ in work.types.values()):
        return new
    columns = [out_of_sets(name, type_) for name, type_ in work.types.items()]
    return exp.select(*columns, copy=False).from_(subquery(new, "new"), copy=False)
