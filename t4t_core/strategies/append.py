"""Append: rows that the table does not hold yet are added; rows that it holds stay."""

from __future__ import annotations

from collections.abc import Callable

from t4t_core.planning.steps import Greatest, Step
from t4t_core.sql.exact import in_sets, is_coarse, out_of_sets
from t4t_core.sql.literals import infinity, time_literal
from t4t_core.sql.names import column
from t4t_core.sql.statements import STAGE, greatest_ordinal, is_null, select
from t4t_core.sql.text import Sql, all_of, any_of, listed, sql, subquery
from t4t_core.strategies.completed_rows import completed_run
from t4t_core.strategies.numbering import insert_numbered
from t4t_core.strategies.work import StrategyRun, Work
from t4t_core.values import TimeValue

_READ = Sql("t4t_read")
_NOTE = "Executed incremental append"

Condition = Callable[[Sql], Sql]
Parts = Callable[[Sql, Condition | None], Sql]


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
        new_rows = sql(
            "WITH {read} AS MATERIALIZED {rows}\n{new_rows}",
            read=_READ,
            rows=subquery(work.rows(with_null=with_null).sql),
            new_rows=_new_rows(work, _parts_of(work, _READ), greatest, with_null),
        )
    past = None
    if greatest is not None:
        past = sql("{t} > {greatest}", t=column(work.time_column), greatest=time_literal(greatest))
    inserted = greatest_ordinal(work.table, work.time_column, work.kind, past)
    return StrategyRun(
        insert_numbered(work, new_rows, _NOTE), Greatest(inserted, is_of_inserted=True)
    )


def _parts_of(work: Work, read: Sql) -> Parts:
    """The parts of a table that holds what was read."""

    def part(columns: Sql, condition: Condition | None) -> Sql:
        is_in_part = None if condition is None else condition(column(work.time_column))
        return select(columns, read, is_in_part)

    return part


def _parts_of_scan(work: Work, with_null: bool) -> Parts:
    """The parts of what the query reads."""

    def part(columns: Sql, condition: Condition | None) -> Sql:
        rows = work.rows(with_null=with_null)
        if condition is not None:
            rows = rows.where(work.time_column, condition)
        return select(columns, rows.named("q"))

    return part


def _new_rows(work: Work, part: Parts, greatest: TimeValue | None, with_null: bool) -> Sql:
    """The rows read, less those that the table holds."""
    window = work.in_window(column(work.time_column), with_null=with_null)
    if greatest is None:
        return _not_held(work, lambda columns: part(columns, None), window, is_many=True)

    def is_later(time: Sql) -> Sql:
        is_past = sql("{time} > {greatest}", time=time, greatest=time_literal(greatest))
        # `greatest` is finite; rows at infinity may be in the table all the same.
        if work.kind.is_integer:
            return is_past
        return all_of(is_past, sql("{time} < {end}", time=time, end=infinity(work.kind)))

    def is_not_later(time: Sql) -> Sql:
        is_held = sql("{time} <= {greatest}", time=time, greatest=time_literal(greatest))
        if work.kind.is_integer:
            return any_of(is_held, is_null(time))
        is_at_end = sql("{time} = {end}", time=time, end=infinity(work.kind))
        return any_of(is_held, is_null(time), is_at_end)

    lower = work.lower
    are_only_ties = lower is not None and (lower.kind, lower.ordinal) == (
        greatest.kind,
        greatest.ordinal,
    )
    missing = _not_held(
        work, lambda columns: part(columns, is_not_later), window, is_many=not are_only_ties
    )
    return sql(
        "{later}\nUNION ALL\n{missing}",
        later=part(work.selected(), is_later),
        missing=subquery(missing),
    )


def _compared(work: Work) -> Sql:
    """The columns as they are compared: by what their values are."""
    return listed(in_sets(name, type_) for name, type_ in work.types.items())


def _not_held(
    work: Work,
    read: Callable[[Sql], Sql],
    window: Sql | None,
    *,
    is_many: bool,
) -> Sql:
    """The rows read that the table does not hold in the window, each as often as it is missing."""

    def held(columns: Sql) -> Sql:
        return select(columns, work.table, window)

    if is_many:
        new = _missing(work, read, held)
    else:
        compared = _compared(work)
        new = sql("{read}\nEXCEPT ALL\n{held}", read=read(compared), held=held(compared))
        if not any(is_coarse(type_) for type_ in work.types.values()):
            return new
    columns = listed(out_of_sets(name, type_) for name, type_ in work.types.items())
    return select(columns, subquery(new, Sql("new")))


def _missing(work: Work, read: Callable[[Sql], Sql], held: Callable[[Sql], Sql]) -> Sql:
    """What EXCEPT ALL gives, by counting the rows of both sides.

    Of many rows EXCEPT ALL, which numbers them, takes three times as long, and does not complete
    where they do not fit in memory; of few rows it is the faster one (DuckDB 2.0).
    """
    compared = _compared(work)
    both = sql(
        "{read}\nUNION ALL\n{held}",
        read=read(sql("{compared}, 1 AS t4t_times", compared=compared)),
        held=held(sql("{compared}, -1 AS t4t_times", compared=compared)),
    )
    # A list of that many numbers makes that many rows.
    return sql(
        "SELECT {columns}, unnest(range(t4t_times)) AS t4t_times\n"
        "FROM (\n"
        "SELECT {columns}, CAST(sum(t4t_times) AS BIGINT) AS t4t_times\n"
        "FROM {both}\n"
        "GROUP BY {columns}\n"
        "HAVING sum(t4t_times) > 0\n"
        ") AS missing",
        columns=work.selected(),
        both=subquery(both, Sql("both_sides")),
    )
