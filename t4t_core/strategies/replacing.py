"""Replacing the table's rows by staged ones; equal to MERGE INTO and faster."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from t4t_core.planning.steps import Repair, Step, Tally, Write
from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_temporary,
    delete,
    insert,
)
from t4t_core.strategies.matching import Matching, aliased


def replace_rows(matching: Matching, note: str) -> tuple[Step, ...]:
    """Staged rows that the table does not hold as late replace those of their key.

    MERGE INTO takes many times as long on DuckDB 2.0. What the table holds as it is, or later, is
    taken out of the stage first. An equal row has an equal time and so lies within the window, and
    the scan of the table for that skips the rest of it. A staged row later than every row of the
    table replaces for certain, so that mostly no other one is left to compare.

    Where no staged row is left, nothing more is asked of the table.
    """
    work = matching.work
    time = work.time_column
    window = work.in_window(column(time, "t4t_old"), with_null=True)
    is_held = [*matching.is_same("t4t_old", "t4t_new"), *(() if window is None else (window,))]
    greatest = (
        exp.select(exp.Max(this=column(time, "t4t_old")), copy=False)
        .from_(aliased(work.table, "t4t_old"), copy=False)
        .where(work.from_lower(column(time, "t4t_old"), with_null=False), copy=False)
    )
    may_be_earlier = exp.or_(
        exp.Is(this=column(time, "t4t_new"), expression=exp.Null()),
        exp.LTE(this=column(time, "t4t_new"), expression=exp.Subquery(this=greatest)),
        copy=False,
    )
    key_is_written = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(aliased(work.stage, "t4t_new"), copy=False)
        .where(matching.is_one_key("t4t_old", "t4t_new"), copy=False)
    )
    names = (*work.written_names, *(gone.name for gone in work.change.unfilled))
    written = exp.select(*(column(name) for name in names), copy=False).from_(
        work.stage, copy=False
    )
    return (
        *_keep_values(matching),
        _unstage(matching, is_held),
        Repair(
            count_where(aliased(work.stage, "t4t_new"), may_be_earlier.copy()),
            lambda: _leave_earlier_out(matching, may_be_earlier),
            is_of_stage=True,
        ),
        Write(
            delete(aliased(work.table, "t4t_old"), exp.Exists(this=key_is_written)),
            Tally.REPLACED,
            is_of_stage=True,
        ),
        Write(insert(work.table, names, written), Tally.INSERTED, note, is_of_stage=True),
    )


def _leave_earlier_out(matching: Matching, may_be_earlier: exp.Expr) -> Write:
    """Takes staged rows, too, out of the stage that are earlier than the table's."""
    time = matching.work.time_column
    is_earlier = exp.Coalesce(
        this=exp.LT(this=column(time, "t4t_new"), expression=column(time, "t4t_old")),
        expressions=[
            exp.and_(
                exp.Is(this=column(time, "t4t_new"), expression=exp.Null()),
                exp.Not(this=exp.Is(this=column(time, "t4t_old"), expression=exp.Null())),
                copy=False,
            )
        ],
    )
    return _unstage(matching, [may_be_earlier.copy(), is_earlier])


def _unstage(matching: Matching, conditions: Sequence[exp.Expr]) -> Write:
    """Takes staged rows out of the stage for whose key's row in the table the conditions hold.

    As a join: DuckDB takes twice as long where EXISTS asks for more than the key.
    """
    work = matching.work
    is_met = exp.and_(matching.is_one_key("t4t_old", "t4t_new"), *conditions, copy=False)
    sql = delete(aliased(work.stage, "t4t_new"), is_met, aliased(work.table, "t4t_old"))
    return Write(sql, Tally.UNSTAGED)


def _keep_values(matching: Matching) -> tuple[Write, ...]:
    """Gives staged rows of known keys the table's values in the columns that are not updated.

    Those are also the columns that the query no longer gives.
    """
    work = matching.work
    unfilled = [column(gone.name, "t4t_old") for gone in work.change.unfilled]
    if not matching.kept and not unfilled:
        return ()
    is_new = exp.Is(this=column(matching.keys[0], "t4t_old"), expression=exp.Null())

    def value(name: str) -> exp.Expr:
        if name.lower() not in matching.kept:
            return column(name, "t4t_new")
        either = exp.If(this=is_new.copy(), true=column(name, "t4t_new"))
        chosen = exp.Case(ifs=[either], default=column(name, "t4t_old"))
        return exp.Alias(this=chosen, alias=identifier(name))

    rows = (
        exp.select(*(value(name) for name in work.written_names), *unfilled, copy=False)
        .from_(aliased(work.stage, "t4t_new"), copy=False)
        .join(
            aliased(work.table, "t4t_old"),
            on=matching.is_one_key("t4t_old", "t4t_new"),
            join_type="left",
            copy=False,
        )
    )
    return (Write(create_temporary(STAGE, rows), Tally.STAGED),)
