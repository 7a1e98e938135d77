"""Delete and insert: a window of the table is replaced by the query's rows of that window."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.config import DeleteInsertConfig
from t4t_core.sql.names import column
from t4t_core.sql.statements import count_where, delete, greatest_ordinal, insert, is_true
from t4t_core.steps import Gate, Step, Tally, Write
from t4t_core.strategies.work import LaterRun, Work


def full_load(work: Work) -> tuple[Step, ...]:
    """What follows the creation of the table."""
    return work.gate_null_time(work.table)


def later_run(work: Work, settings: DeleteInsertConfig, where: exp.Expr | None) -> LaterRun:
    """The statements of a run onto a table that exists.

    Args:
        work: Its `lower` is where the window starts.
        settings: Of the model.
        where: `where_condition` with every value in it, or None where the window alone decides.
    """
    in_window = work.in_window(column(work.time_column), with_null=False)
    assert in_window is not None, "a condition on NULL at least"
    steps = (
        work.create_stage(with_null=work.null_time == "error"),
        *work.gate_null_time(work.stage),
        *(_gates(work, settings, where, in_window) if where is not None else ()),
        Write(
            delete(work.table, (where if where is not None else in_window).copy()),
            Tally.DELETED,
            f"Executed delete for table: {work.name}",
        ),
        Write(
            insert(
                work.table,
                work.column_names,
                exp.select(*work.selected(), copy=False).from_(work.stage, copy=False),
            ),
            Tally.INSERTED,
            f"Executed insert for table: {work.name}",
        ),
    )
    return LaterRun(steps, greatest_ordinal(work.stage, work.time_column, work.kind), True)


def _gates(
    work: Work, settings: DeleteInsertConfig, where: exp.Expr, in_window: exp.Expr
) -> tuple[Step, ...]:
    """One window for both halves, or rows would be lost, or doubled by the next run."""
    start = f"{work.time_column} >= {work.lower}"
    inserted_twice = Gate(
        count_where(work.stage, exp.Not(this=is_true(exp.paren(where.copy())))),
        f"{{count}} rows to insert ({start}) are not matched by where_condition, so every run "
        "would insert them again",
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
        f"where_condition would delete {{count}} rows that the insert ({start}) does not bring "
        "back",
        "let where_condition and start_date name one window, or permit it with "
        '"allow_wider_delete": true',
    )
    return (lost, inserted_twice)
