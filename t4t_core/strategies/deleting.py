"""Deleting the keys whose latest row says so: `delete_when`.

The stage has settled by now which row of a key is its latest, and a late older row of a deleted key
comes with the deleting one: it lies in the window, so what is later than it does too. A window with
an end has to look past it for that.
"""

from __future__ import annotations

from t4t_core.planning.steps import Step, Tally, Write
from t4t_core.sql.names import columns, named
from t4t_core.sql.statements import (
    create_temporary,
    delete,
    exists,
    is_true,
    rows_of,
    select,
    temporary,
)
from t4t_core.sql.text import Sql, all_of, negated, subquery
from t4t_core.strategies.matching import Matching

GONE = "t4t_gone"


def not_deleted(rows: Sql, delete_when: Sql) -> Sql:
    """The rows for which the condition is not true."""
    return rows_of(subquery(rows, Sql("source")), negated(is_true(delete_when)))


def delete_keys(matching: Matching, delete_when: Sql) -> tuple[Step, ...]:
    """Takes the deleting rows out of the stage, and the rows of their keys out of the table.

    A row of the table that is later stays. The condition is evaluated once, so that one which
    changes, by the clock or by chance, cannot treat a row in two ways.
    """
    work = matching.work
    names = dict.fromkeys((*matching.keys, work.time_column))
    deleting = select(columns(names), named(work.stage, "source"), delete_when)

    def has_deleting(alias: str, *conditions: Sql) -> Sql:
        is_met = all_of(matching.is_one_key(alias, "t4t_gone"), *conditions)
        return exists(named(temporary(GONE), "t4t_gone"), is_met)

    return (
        Write(create_temporary(GONE, deleting)),
        Write(delete(named(work.stage, "t4t_new"), has_deleting("t4t_new")), Tally.UNSTAGED),
        Write(
            delete(
                named(work.table, "t4t_old"),
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
    later = exists(work.rows_past_end().named("q"), matching.is_one_key("t4t_new", "q"))
    left = delete(named(work.stage, "t4t_new"), later)
    return (Write(left, Tally.UNSTAGED, into=work.stage),)
