"""Delete and insert: a window of the table is replaced by the query's rows of that window."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from t4t_core.config import DeleteInsertConfig
from t4t_core.planning.steps import Gate, Greatest, Step, Tally, Write
from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    delete,
    greatest_ordinal,
    insert,
    is_true,
)
from t4t_core.sql.tables import shorten_columns
from t4t_core.sql.window import subquery
from t4t_core.strategies.work import StrategyRun, Work
from t4t_core.windows.slices import Slice


def full_load(work: Work) -> tuple[Step, ...]:
    """What follows the creation of the table."""
    return work.gate_null_time(work.table)


@dataclass(frozen=True, slots=True)
class Where:
    """A `where_condition` with every value in it.

    Attributes:
        is_window: It says what the window says, `time_column >= @start_date`.
    """

    condition: exp.Expr
    is_window: bool


def later_run(work: Work, settings: DeleteInsertConfig, where: Where | None) -> StrategyRun:
    """The statements of a run onto a table that exists.

    Args:
        work: Its `lower` is where the window starts.
        settings: Of the model.
        where: None where the window alone decides what is deleted.
    """
    in_window = work.in_window(column(work.time_column), with_null=False)
    assert in_window is not None, "a condition on NULL at least"
    removal = Write(
        delete(work.table, (in_window if where is None else where.condition).copy()),
        Tally.DELETED,
        f"Executed delete for table: {work.name}",
    )
    is_one_window = where is None or where.is_window
    if work.null_time != "error" and is_one_window and not work.may_read_target:
        # Nothing needs the rows before they are in the table, nor is any other row in the window.
        read = work.rows(with_null=False)
        inserted = greatest_ordinal(work.table, work.time_column, work.kind, in_window)
        return StrategyRun(
            (removal, _insertion(work, _by_name(work, subquery(read, "q")))),
            Greatest(inserted, is_of_inserted=True),
        )
    gates = () if where is None else _gates(work, settings, where.condition, in_window)
    steps = (
        work.create_stage(with_null=work.null_time == "error"),
        *work.gate_null_time(work.stage),
        *gates,
        removal,
        _insertion(work, _by_name(work, work.stage)),
    )
    return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))


def replace_slice(work: Work, part: Slice) -> StrategyRun:
    """The statements that replace the table's rows of a slice.

    Args:
        work: Its query gives the rows of the slice alone.
        part: The slice.
    """
    steps = (
        work.create_stage(with_null=work.null_time != "exclude"),
        *work.gate_null_time(work.stage),
        Write(
            delete(work.table, part.holds(column(part.column))),
            Tally.DELETED,
            f"Executed delete for table: {work.name}",
        ),
        _insertion(work, _by_name(work, work.stage)),
    )
    return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))


def _by_name(work: Work, source: exp.Expr) -> exp.Select:
    """Every column of a source, in the order of the table's statement."""
    return exp.select(*work.selected(), copy=False).from_(source, copy=False)


def _insertion(work: Work, rows: exp.Select) -> Write:
    return Write(
        insert(work.table, work.column_names, rows),
        Tally.INSERTED,
        f"Executed insert for table: {work.name}",
    )


def _gates(
    work: Work, settings: DeleteInsertConfig, where: exp.Expr, in_window: exp.Expr
) -> tuple[Step, ...]:
    """One window for both halves, or rows would be lost, or doubled by the next run."""
    start = f"{work.time_column} >= {work.lower}"
    # The condition may name the table, so the stage takes its name.
    stage = exp.alias_(work.stage, identifier(work.name.name), table=True)
    of_stage = shorten_columns(where.copy(), work.table)
    inserted_twice = Gate(
        count_where(stage, exp.Not(this=is_true(exp.paren(of_stage)))),
        f"rows to insert ({start}) that where_condition does not match, so that every run would "
        "insert them again: {count}",
        "let where_condition and start_date name one window, as in "
        f'"where_condition": "{work.time_column} >= @start_date"',
    )
    if settings.allow_wider_delete:
        return (inserted_twice,)
    lost = Gate(
        count_where(
            work.table,
            exp.and_(where.copy(), exp.Not(this=is_true(in_window.copy())), copy=False),
        ),
        f"rows that where_condition would delete and the insert ({start}) would not bring back: "
        "{count}",
        "let where_condition and start_date name one window, or permit it with "
        '"allow_wider_delete": true',
    )
    return (lost, inserted_twice)
