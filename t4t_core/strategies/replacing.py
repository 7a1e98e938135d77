"""Replacing the table's rows by staged ones; equal to MERGE INTO and faster."""

from __future__ import annotations

from collections.abc import Sequence

from t4t_core.planning.steps import Repair, Step, Tally, Write
from t4t_core.sql.fixed_arrays import as_it_was
from t4t_core.sql.names import column, columns, named
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_temporary,
    delete,
    exists,
    insert,
    is_null,
    select,
)
from t4t_core.sql.text import Sql, all_of, any_of, chosen, listed, sql, subquery
from t4t_core.strategies.matching import Matching


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
    greatest = select(
        sql("max({time})", time=column(time, "t4t_old")),
        named(work.table, "t4t_old"),
        work.from_lower(column(time, "t4t_old"), with_null=False),
    )
    staged = column(time, "t4t_new")
    may_be_earlier = any_of(
        is_null(staged), sql("{time} <= {greatest}", time=staged, greatest=subquery(greatest))
    )
    key_is_written = exists(named(work.stage, "t4t_new"), matching.is_one_key("t4t_old", "t4t_new"))
    names = (*work.written_names, *(gone.name for gone in work.change.unfilled))
    written = select(columns(names), work.stage)
    return (
        *_keep_values(matching),
        _unstage(matching, is_held),
        Repair(
            count_where(named(work.stage, "t4t_new"), may_be_earlier),
            lambda: _leave_earlier_out(matching, may_be_earlier),
            is_of_stage=True,
        ),
        Write(
            delete(named(work.table, "t4t_old"), key_is_written),
            Tally.REPLACED,
            is_of_stage=True,
        ),
        Write(insert(work.table, names, written), Tally.INSERTED, note, is_of_stage=True),
    )


def _leave_earlier_out(matching: Matching, may_be_earlier: Sql) -> Write:
    """Takes staged rows, too, out of the stage that are earlier than the table's."""
    time = matching.work.time_column
    is_earlier = sql(
        "coalesce({new} < {old}, {new} IS NULL AND NOT ({old} IS NULL))",
        new=column(time, "t4t_new"),
        old=column(time, "t4t_old"),
    )
    return _unstage(matching, [may_be_earlier, is_earlier])


def _unstage(matching: Matching, conditions: Sequence[Sql]) -> Write:
    """Takes staged rows out of the stage for whose key's row in the table the conditions hold.

    As a join: DuckDB takes twice as long where EXISTS asks for more than the key.
    """
    work = matching.work
    is_met = all_of(matching.is_one_key("t4t_old", "t4t_new"), *conditions)
    statement = delete(named(work.stage, "t4t_new"), is_met, named(work.table, "t4t_old"))
    return Write(statement, Tally.UNSTAGED)


def _keep_values(matching: Matching) -> tuple[Write, ...]:
    """Gives staged rows of known keys the table's values in the columns that are not updated.

    Those are also the columns that the query no longer gives.
    """
    work = matching.work
    unfilled = {gone.name: gone.type for gone in work.change.unfilled}
    kept = {name: type_ for name, type_ in work.types.items() if name.lower() in matching.kept}
    if not kept and not unfilled:
        return ()
    is_new = is_null(column(matching.keys[0], "t4t_old"))

    def value(name: str) -> Sql:
        new = column(name, "t4t_new")
        if name not in kept:
            return new
        return named(as_it_was(chosen(is_new, new, column(name, "t4t_old")), kept[name]), name)

    old = (
        named(as_it_was(column(name, "t4t_old"), type_), name) for name, type_ in unfilled.items()
    )
    values = listed([*map(value, work.written_names), *old])
    rows = matching.staged(values, kept | unfilled)
    return (Write(create_temporary(STAGE, rows), Tally.STAGED),)
