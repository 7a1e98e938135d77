"""Append to a table whose rows lack values, in columns that came later: they get them."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.errors import RunError
from t4t_core.planning.steps import Tally, Write
from t4t_core.sql.names import column, rendered
from t4t_core.sql.statements import (
    STAGE,
    create_temporary,
    drop,
    temporary,
)
from t4t_core.sql.window import subquery
from t4t_core.strategies.held_values import held_values, order_of_equals
from t4t_core.strategies.numbering import insert_numbered
from t4t_core.strategies.work import StrategyRun, Work

_HELD = "t4t_held"
_NOTE = "Executed incremental append"


def completed_run(work: Work, with_null: bool) -> StrategyRun:
    """A run that reads rows again which lack values in some columns.

    A row of the table that equals one that is read, in its other columns, is that row: it gets the
    values. The others that are read are added.
    """
    matches = _matches(work, with_null)
    types = dict(work.completed)
    new = [name for name in work.column_names if name.lower() in types]
    values = exp.select(
        exp.alias_(column("table_row", "t4t_kept"), "t4t_row"),
        *(exp.alias_(column(name, "t4t_new"), f"v{at}") for at, name in enumerate(new)),
        copy=False,
    )
    values = values.from_(exp.alias_(temporary(_HELD), "t4t_kept", table=True), copy=False).join(
        exp.alias_(work.stage, "t4t_new", table=True),
        on=exp.EQ(this=column("rowid", "t4t_new"), expression=column("stage_row", "t4t_kept")),
        copy=False,
    )
    differs = [
        exp.NullSafeNEQ(this=column(name, "t4t_old"), expression=column(f"v{at}", "t4t_next"))
        for at, name in enumerate(new)
    ]
    update = exp.Update(
        this=exp.alias_(work.table, "t4t_old", table=True),
        expressions=[
            exp.EQ(this=column(name), expression=column(f"v{at}", "t4t_next"))
            for at, name in enumerate(new)
        ],
        from_=exp.From(this=subquery(values, "t4t_next")),
        where=exp.Where(
            this=exp.and_(
                exp.EQ(this=column("rowid", "t4t_old"), expression=column("t4t_row", "t4t_next")),
                exp.or_(*differs, copy=False),
                copy=False,
            )
        ),
    )
    held = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(exp.alias_(temporary(_HELD), "t4t_kept", table=True), copy=False)
        .where(
            exp.EQ(this=column("stage_row", "t4t_kept"), expression=column("rowid", "t4t_new")),
            copy=False,
        )
    )
    added = (
        exp.select(*work.selected("t4t_new"), copy=False)
        .from_(exp.alias_(work.stage, "t4t_new", table=True), copy=False)
        .where(exp.Not(this=exp.Exists(this=held)), copy=False)
    )
    steps = (
        work.create_stage(with_null=with_null),
        *work.gate_null_time(work.stage),
        Write(create_temporary(_HELD, matches)),
        Write(rendered(update), Tally.UPDATED),
        *insert_numbered(work, added, _NOTE),
        Write(drop(temporary(_HELD), "table")),
    )
    return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))


def _matches(work: Work, with_null: bool) -> exp.Select:
    """The row numbers of the table's rows, and of the staged rows that they equal, one to one."""
    names = [*work.column_names, *(one.name for one in work.change.unfilled)]
    if "rowid" in {name.lower() for name in names}:
        raise RunError(
            "a column called 'rowid' hides the row numbers that tell which rows get new columns",
            hint="run with --full-refresh to rebuild the table",
        )
    window = work.in_window(column(work.time_column), with_null=with_null)
    return (
        exp.select(
            exp.alias_(column("t4t_row", "t4t_old"), "table_row"),
            exp.alias_(column("t4t_row", "t4t_new"), "stage_row"),
            copy=False,
        )
        .from_(subquery(_numbered(work, work.table, window), "t4t_old"), copy=False)
        .join(
            subquery(_numbered(work, work.stage, None), "t4t_new"),
            on=exp.and_(
                exp.EQ(this=column("copy", "t4t_old"), expression=column("copy", "t4t_new")),
                *(
                    exp.NullSafeEQ(this=column(name, "t4t_old"), expression=column(name, "t4t_new"))
                    for name in _names_compared(work)
                ),
                copy=False,
            ),
            copy=False,
        )
    )


def _numbered(work: Work, rows: exp.Table, window: exp.Expr | None) -> exp.Select:
    """Rows by their number, what is compared of them, and which of several equal ones it is."""
    compared = _compared(work)
    order = order_of_equals(work.columns, dict(work.completed))
    numbered = exp.select(
        exp.alias_(column("rowid"), "t4t_row"),
        *(exp.alias_(each, f"c{at}") for at, each in enumerate(compared)),
        exp.alias_(
            exp.Window(
                this=exp.RowNumber(),
                partition_by=[each.copy() for each in compared],
                order=exp.Order(expressions=order) if order else None,
            ),
            "copy",
        ),
        copy=False,
    ).from_(rows, copy=False)
    return numbered if window is None else numbered.where(window, copy=False)


def _names_compared(work: Work) -> list[str]:
    return [f"c{at}" for at in range(len(_compared(work)))]


def _compared(work: Work) -> list[exp.Expr]:
    return held_values(work.columns, dict(work.completed))
