"""Delete and insert: a window of the table is replaced by the query's rows of that window."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.config import DeleteInsertConfig
from t4t_core.planning.steps import Gate, Greatest, Step, Tally, Write
from t4t_core.sql.names import column, named
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    delete,
    greatest_ordinal,
    insert,
    is_true,
    select,
)
from t4t_core.sql.text import Sql, all_of, in_parentheses, negated
from t4t_core.strategies.work import StrategyRun, Work
from t4t_core.windows.slices import Slice


def full_load(work: Work) -> tuple[Step, ...]:
    """What follows the creation of the table."""
    return work.gate_null_time(work.table)


class Where(Struct, frozen=True):
    """A `where_condition` with every value in it.

    Attributes:
        condition: Of the table.
        of_stage: The same of a stage that has the table's bare name as its alias: no schema stands
            before a column.
        is_window: It says what the window says, `time_column >= @start_date`.
    """

    condition: Sql
    of_stage: Sql
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
        delete(work.table, in_window if where is None else where.condition),
        Tally.DELETED,
        f"Executed delete for table: {work.name}",
    )
    is_one_window = where is None or where.is_window
    if work.null_time != "error" and is_one_window and not work.may_read_target:
        # Nothing needs the rows before they are in the table, nor is any other row in the window.
        read = work.rows(with_null=False)
        inserted = greatest_ordinal(work.table, work.time_column, work.kind, in_window)
        return StrategyRun(
            (removal, _insertion(work, _by_name(work, read.named("q")))),
            Greatest(inserted, is_of_inserted=True),
        )
    gates = () if where is None else _gates(work, settings, where, in_window)
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


def _by_name(work: Work, source: Sql) -> Sql:
    """Every column of a source, in the order of the table's statement."""
    return select(work.selected(), source)


def _insertion(work: Work, rows: Sql) -> Write:
    return Write(
        insert(work.table, work.column_names, rows),
        Tally.INSERTED,
        f"Executed insert for table: {work.name}",
        into=work.table,
    )


def _gates(
    work: Work, settings: DeleteInsertConfig, where: Where, in_window: Sql
) -> tuple[Step, ...]:
    """One window for both halves, or rows would be lost, or doubled by the next run."""
    start = f"{work.time_column} >= {work.lower}"
    # The condition may name the table, so the stage takes its name.
    stage = named(work.stage, work.name.name)
    inserted_twice = Gate(
        count_where(stage, negated(is_true(where.of_stage))),
        f"rows to insert ({start}) that where_condition does not match, so that every run would "
        "insert them again: {count}",
        "let where_condition and start_date name one window, as in "
        f'"where_condition": "{work.time_column} >= @start_date"',
    )
    if settings.allow_wider_delete:
        return (inserted_twice,)
    lost = Gate(
        count_where(
            work.table, all_of(in_parentheses(where.condition), negated(is_true(in_window)))
        ),
        f"rows that where_condition would delete and the insert ({start}) would not bring back: "
        "{count}",
        "let where_condition and start_date name one window, or permit it with "
        '"allow_wider_delete": true',
    )
    return (lost, inserted_twice)
