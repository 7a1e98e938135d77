"""Replacing the table's rows by staged ones, by row number; equal to MERGE INTO and faster."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.planning.steps import Repair, Step, Tally, Write
from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_temporary,
    delete,
    drop,
    insert,
    temporary,
)
from t4t_core.strategies.matching import Matching, aliased

_HELD = "t4t_held"


def replace_rows(matching: Matching, note: str) -> tuple[Step, ...]:
    """Staged rows that the table does not hold as late replace those of their key.

    MERGE INTO takes many times as long on DuckDB 2.0. A staged row later than every row of the
    table replaces for certain; only the others are compared. An equal row has an equal time and so
    lies within the window, and the scans of the table for that skip the rest of it. What is left
    out is noted by row number, and the stage stays whole for the watermark.
    """
    work = matching.work
    time = work.time_column
    window = work.in_window(column(time, "t4t_old"), with_null=True)
    held = _matches(matching).where(
        *matching.is_same("t4t_old", "t4t_new"), *(() if window is None else (window,)), copy=False
    )

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
    kept = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(aliased(temporary(_HELD), "t4t_kept"), copy=False)
        .where(
            exp.EQ(this=column("stage_row", "t4t_kept"), expression=column("rowid", "t4t_new")),
            copy=False,
        )
    )
    is_written = exp.Not(this=exp.Exists(this=kept))
    key_is_written = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(aliased(work.stage, "t4t_new"), copy=False)
        .where(matching.is_one_key("t4t_old", "t4t_new"), is_written.copy(), copy=False)
    )
    names = (*work.written_names, *(gone.name for gone in work.change.unfilled))
    written = (
        exp.select(*(column(name, "t4t_new") for name in names), copy=False)
        .from_(aliased(work.stage, "t4t_new"), copy=False)
        .where(is_written.copy(), copy=False)
    )
    return (
        *_keep_values(matching),
        Write(create_temporary(_HELD, held)),
        Repair(
            count_where(
                aliased(work.stage, "t4t_new"),
                exp.and_(exp.paren(may_be_earlier.copy()), is_written.copy(), copy=False),
            ),
            lambda: _hold_earlier(matching, may_be_earlier),
        ),
        Write(
            delete(aliased(work.table, "t4t_old"), exp.Exists(this=key_is_written)),
            Tally.UPDATED,
        ),
        Write(insert(work.table, names, written), Tally.UPSERTED, note),
        Write(drop(temporary(_HELD), "table")),
    )


def _hold_earlier(matching: Matching, may_be_earlier: exp.Expr) -> Write:
    """Holds staged rows, too, that are earlier than the table's."""
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
    earlier = _matches(matching).where(may_be_earlier.copy(), is_earlier, copy=False)
    # Made anew and not inserted into: in DuckDB 2.0.0, rows that the transaction inserts into a
    # table it made from a query known to be empty are not seen by its scans.
    with_earlier = exp.Union(
        this=exp.select(column("stage_row"), copy=False).from_(temporary(_HELD), copy=False),
        expression=earlier,
        distinct=False,
    )
    return Write(create_temporary(_HELD, with_earlier))


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
    return (Write(create_temporary(STAGE, rows)),)


def _matches(matching: Matching) -> exp.Select:
    """The row numbers of staged rows whose key the table has."""
    work = matching.work
    return (
        exp.select(exp.alias_(column("rowid", "t4t_new"), "stage_row"), copy=False)
        .from_(aliased(work.table, "t4t_old"), copy=False)
        .join(
            aliased(work.stage, "t4t_new"), on=matching.is_one_key("t4t_old", "t4t_new"), copy=False
        )
    )
