"""Deleting the keys whose latest row says so: `delete_when`.

The stage has settled by now which row of a key is its latest, and a late older row of a deleted key
comes with the deleting one: it lies in the window, so what is later than it does too. A window with
an end has to look past it for that.
"""

from __future__ import annotations

from sqlglot import exp

from t4t_core.planning.steps import Step, Tally, Write
from t4t_core.sql.names import column
from t4t_core.sql.statements import (
    create_temporary,
    delete,
    is_true,
    temporary,
)
from t4t_core.sql.window import subquery
from t4t_core.strategies.matching import Matching, aliased

GONE = "t4t_gone"


def not_deleted(rows: exp.Select, delete_when: exp.Expr) -> exp.Select:
    """The rows for which the condition is not true."""
    return (
        exp.Select(expressions=[exp.Star()])
        .from_(subquery(rows, "source"), copy=False)
        .where(exp.Not(this=is_true(delete_when.copy())), copy=False)
    )


def delete_keys(matching: Matching, delete_when: exp.Expr) -> tuple[Step, ...]:
    """Takes the deleting rows out of the stage, and the rows of their keys out of the table.

    A row of the table that is later stays. The condition is evaluated once, so that one which
    changes, by the clock or by chance, cannot treat a row in two ways.
    """
    work = matching.work
    names = dict.fromkeys((*matching.keys, work.time_column))
    deleting = (
        exp.select(*(column(name) for name in names), copy=False)
        .from_(aliased(work.stage, "source"), copy=False)
        .where(delete_when.copy(), copy=False)
    )

    def has_deleting(alias: str, *conditions: exp.Expr) -> exp.Expr:
        found = (
            exp.select(exp.Literal.number(1), copy=False)
            .from_(aliased(temporary(GONE), "t4t_gone"), copy=False)
            .where(matching.is_one_key(alias, "t4t_gone"), *conditions, copy=False)
        )
        return exp.Exists(this=found)

    return (
        Write(create_temporary(GONE, deleting)),
        Write(delete(aliased(work.stage, "t4t_new"), has_deleting("t4t_new")), Tally.UNSTAGED),
        Write(
            delete(
                aliased(work.table, "t4t_old"),
                has_deleting("t4t_old", matching.is_not_earlier("t4t_old", "t4t_gone")),
            ),
            Tally.DELETED,
        ),
    )


def leave_to_later_rows(matching: Matching) -> tuple[Step, ...]:
    """Takes the rows out of the stage whose key the query has again past the window's end.

    That row decides: it has deleted the key already, or will when its own window is read.
    """
    work = matching.work
    if work.upper is None:
        return ()
    later = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(subquery(work.rows_past_end(), "q"), copy=False)
        .where(matching.is_one_key("t4t_new", "q"), copy=False)
    )
    return (Write(delete(aliased(work.stage, "t4t_new"), exp.Exists(this=later)), Tally.UNSTAGED),)
