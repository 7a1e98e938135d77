"""Append to a table whose rows lack values, in columns that came later: they get them."""

from __future__ import annotations

from t4t_core.errors import RunError
from t4t_core.planning.steps import Tally, Write
from t4t_core.sql.names import column, named
from t4t_core.sql.statements import (
    STAGE,
    create_temporary,
    drop_table,
    exists,
    select,
    temporary,
    update,
)
from t4t_core.sql.text import Sql, all_of, any_of, is_other, is_same, listed, negated, sql, subquery
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
    is_held = exists(named(temporary(_HELD), "t4t_kept"), Sql("t4t_kept.stage_row = t4t_new.rowid"))
    added = select(work.selected("t4t_new"), named(work.stage, "t4t_new"), negated(is_held))
    steps = (
        work.create_stage(with_null=with_null),
        *work.gate_null_time(work.stage),
        Write(create_temporary(_HELD, matches)),
        Write(_update(work), Tally.UPDATED),
        *insert_numbered(work, added, _NOTE),
        Write(drop_table(temporary(_HELD))),
    )
    return StrategyRun(steps, work.greatest_in(work.stage), leaves=(STAGE,))


def _update(work: Work) -> Sql:
    """Gives rows of the table the values of the staged rows that they equal."""
    types = dict(work.completed)
    names = [name for name in work.column_names if name.lower() in types]
    given = {name: column(f"v{at}", "t4t_next") for at, name in enumerate(names)}
    values = (named(column(name, "t4t_new"), f"v{at}") for at, name in enumerate(names))
    staged = sql(
        "SELECT t4t_kept.table_row AS t4t_row, {values}\n"
        "FROM {held} AS t4t_kept\n"
        "JOIN {stage} AS t4t_new ON t4t_new.rowid = t4t_kept.stage_row",
        values=listed(values),
        held=temporary(_HELD),
        stage=work.stage,
    )
    differs = (is_other(column(name, "t4t_old"), value) for name, value in given.items())
    return update(
        named(work.table, "t4t_old"),
        given,
        subquery(staged, Sql("t4t_next")),
        all_of(Sql("t4t_old.rowid = t4t_next.t4t_row"), any_of(*differs)),
    )


def _matches(work: Work, with_null: bool) -> Sql:
    """The row numbers of the table's rows, and of the staged rows that they equal, one to one."""
    names = [*work.column_names, *(one.name for one in work.change.unfilled)]
    if "rowid" in {name.lower() for name in names}:
        raise RunError(
            "a column called 'rowid' hides the row numbers that tell which rows get new columns",
            hint="run with --full-refresh to rebuild the table",
        )
    window = work.in_window(column(work.time_column), with_null=with_null)
    are_same = (
        is_same(column(name, "t4t_old"), column(name, "t4t_new")) for name in _names_compared(work)
    )
    return sql(
        "SELECT t4t_old.t4t_row AS table_row, t4t_new.t4t_row AS stage_row\n"
        "FROM {old}\nJOIN {new} ON {is_met}",
        old=subquery(_numbered(work, work.table, window), Sql("t4t_old")),
        new=subquery(_numbered(work, work.stage, None), Sql("t4t_new")),
        is_met=all_of(Sql("t4t_old.copy = t4t_new.copy"), *are_same),
    )


def _numbered(work: Work, rows: Sql, window: Sql | None) -> Sql:
    """Rows by their number, what is compared of them, and which of several equal ones it is."""
    compared = _compared(work)
    order = order_of_equals(work.columns, dict(work.completed))
    copy = sql(
        "row_number() OVER (PARTITION BY {compared}{order}) AS copy",
        compared=listed(compared),
        order=sql(" ORDER BY {order}", order=listed(order)) if order else Sql(""),
    )
    parts = [named(each, f"c{at}") for at, each in enumerate(compared)]
    return select(listed([Sql("rowid AS t4t_row"), *parts, copy]), rows, window)


def _names_compared(work: Work) -> list[str]:
    return [f"c{at}" for at in range(len(_compared(work)))]


def _compared(work: Work) -> list[Sql]:
    return held_values(work.columns, dict(work.completed))
