"""Merge: the table holds one row per key, the latest by the time column."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from t4t_core.config import MergeConfig
from t4t_core.sql.names import column, identifier, rendered
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    delete,
    drop,
    duplicates,
    greatest_ordinal,
    insert,
    is_null_in,
    latest_per_key,
    temporary,
)
from t4t_core.steps import Count, Gate, Repair, Step, Tally, Write
from t4t_core.strategies.work import LaterRun, Work

_HELD = "t4t_held"
_NOTE = "Executed incremental merge"


def full_load(work: Work, settings: MergeConfig) -> tuple[Step, ...]:
    """What follows the creation of the table: keys are checked, repeated ones settled."""
    latest = latest_per_key(work.table, settings.unique_key, work.time_column, work.column_names)
    return (
        *work.gate_null_time(work.table),
        _gate_null_keys(work.table, settings.unique_key),
        _settle_repeated(
            work.table, settings, Write(create_table(work.table, latest), Tally.CREATED)
        ),
    )


def later_run(work: Work, settings: MergeConfig) -> LaterRun:
    """The statements of a run onto a table that exists."""
    latest = latest_per_key(work.stage, settings.unique_key, work.time_column, work.column_names)
    staged: tuple[Step, ...] = (
        work.create_stage(with_null=work.null_time != "exclude"),
        *work.gate_null_time(work.stage),
        _gate_null_keys(work.stage, settings.unique_key),
        _settle_repeated(work.stage, settings, Write(create_temporary(STAGE, latest))),
    )
    # A column of this name hides DuckDB's row numbers.
    has_row_numbers = "rowid" not in {name.lower() for name in work.column_names}
    is_fastest = settings.method == "fastest" and has_row_numbers
    write = _replace_rows if is_fastest else _merge_statement
    return LaterRun(
        (*staged, *write(work, settings.unique_key)),
        greatest_ordinal(work.stage, work.time_column, work.kind),
        True,
    )


def _gate_null_keys(table: exp.Table, keys: Sequence[str]) -> Gate:
    return Gate(
        count_where(table, is_null_in(keys)),
        f"{{count}} rows have NULL in the unique key ({', '.join(keys)})",
        "leave those rows out in the model's query, or choose another key",
    )


def _settle_repeated(table: exp.Table, settings: MergeConfig, keep_latest: Write) -> Step:
    """Keeps the latest row of a key that comes more than once, or refuses it."""
    sql = duplicates(table, settings.unique_key)
    if settings.on_duplicate_key == "latest":
        return Repair(sql, (keep_latest,))
    return Gate(
        sql,
        f"{{count}} keys ({', '.join(settings.unique_key)}) come more than once",
        'make the query give one row per key, or set "on_duplicate_key" to "latest"',
    )


def _replace_rows(work: Work, keys: Sequence[str]) -> tuple[Step, ...]:
    """Rows that differ are deleted by row number, then these and the new ones inserted.

    On DuckDB 2.0 this takes a fraction of the time and memory of MERGE INTO, which it equals. A
    later row differs in its time, so only rows that tie with the table's are compared by value;
    those lie within the window, and the scan of the table for them skips the rest.
    """
    time = work.time_column
    is_later = exp.Coalesce(
        this=exp.GT(this=column(time, "s"), expression=column(time, "t")),
        expressions=[
            exp.and_(
                exp.Is(this=column(time, "t"), expression=exp.Null()),
                exp.Not(this=exp.Is(this=column(time, "s"), expression=exp.Null())),
            )
        ],
    )
    is_tie = exp.NullSafeEQ(this=column(time, "s"), expression=column(time, "t"))
    held = (
        exp.select(
            exp.alias_(column("rowid", "t"), "target_row"),
            exp.alias_(column("rowid", "s"), "stage_row"),
            exp.alias_(is_later, "is_replaced"),
            exp.alias_(is_tie.copy(), "is_tie"),
        )
        .from_(_aliased(work.table, "t"))
        .join(_aliased(work.stage, "s"), on=_same_key(keys, "t", "s"), copy=False)
    )
    steps: list[Step] = [Write(create_temporary(_HELD, held))]
    differing = _differs(work, keys, "t", "s")
    if differing is not None:
        steps.append(_replace_differing_ties(work, keys, is_tie, differing))
    replaced = exp.select(column("target_row")).from_(temporary(_HELD)).where(column("is_replaced"))
    is_kept = exp.and_(
        exp.EQ(this=column("stage_row", "h"), expression=column("rowid", "s")),
        exp.Not(this=column("is_replaced", "h")),
    )
    kept = exp.select(exp.Literal.number(1)).from_(_aliased(temporary(_HELD), "h")).where(is_kept)
    written = (
        exp.select(*work.selected("s"))
        .from_(_aliased(work.stage, "s"))
        .where(exp.Not(this=exp.Exists(this=kept)))
    )
    return (
        *steps,
        Write(
            delete(work.table, exp.In(this=column("rowid"), query=exp.Subquery(this=replaced))),
            Tally.UPDATED,
        ),
        Write(insert(work.table, work.column_names, written), Tally.UPSERTED, _NOTE),
        Write(drop(temporary(_HELD), "table")),
    )


def _replace_differing_ties(
    work: Work, keys: Sequence[str], is_tie: exp.Expr, differing: exp.Expr
) -> Repair:
    rows = (
        exp.select(column("rowid", "t"))
        .from_(_aliased(work.table, "t"))
        .join(_aliased(work.stage, "s"), on=_same_key(keys, "t", "s"), copy=False)
        .where(is_tie.copy(), differing, copy=False)
    )
    window = work.in_window(column(work.time_column, "t"), with_null=True)
    if window is not None:
        rows = rows.where(window, copy=False)
    update = exp.Update(
        this=temporary(_HELD),
        expressions=[exp.EQ(this=identifier("is_replaced"), expression=exp.true())],
        where=exp.Where(this=exp.In(this=column("target_row"), query=exp.Subquery(this=rows))),
    )
    return Repair(count_where(temporary(_HELD), column("is_tie")), (Write(rendered(update)),))


def _merge_statement(work: Work, keys: Sequence[str]) -> tuple[Step, ...]:
    """The MERGE of the SQL standard, as the model asks for it."""
    is_replaced = _is_to_replace(work, keys, "target", "source")
    updated = (
        exp.select(exp.Count(this=exp.Star()))
        .from_(_aliased(work.table, "target"))
        .join(_aliased(work.stage, "source"), on=_same_key(keys, "target", "source"), copy=False)
        .where(is_replaced.copy())
    )
    settings = work.each_column(
        lambda name: exp.EQ(this=identifier(name), expression=column(name, "source")),
        without=tuple(keys),
    )
    names = [identifier(name) for name in work.column_names]
    whens = []
    if settings:
        whens.append(
            exp.When(matched=True, condition=is_replaced, then=exp.Update(expressions=settings))
        )
    whens.append(
        exp.When(
            matched=False,
            then=exp.Insert(
                this=exp.Tuple(expressions=names),
                expression=exp.Tuple(expressions=work.selected("source")),
            ),
        )
    )
    merge = exp.Merge(
        this=_aliased(work.table, "target"),
        using=_aliased(work.stage, "source"),
        on=_same_key(keys, "target", "source"),
        whens=exp.Whens(expressions=whens),
    )
    return (
        Count(rendered(updated), Tally.UPDATED),
        Write(rendered(merge), Tally.UPSERTED, _NOTE),
    )


def _aliased(table: exp.Table, alias: str) -> exp.Table:
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table


def _same_key(keys: Sequence[str], target: str, source: str) -> exp.Expr:
    return exp.and_(
        *(exp.EQ(this=column(key, target), expression=column(key, source)) for key in keys)
    )


def _is_to_replace(work: Work, keys: Sequence[str], target: str, source: str) -> exp.Expr:
    """The staged row is as late as the table's or later, and some value in it differs."""
    is_not_earlier = exp.Coalesce(
        this=exp.GTE(
            this=column(work.time_column, source), expression=column(work.time_column, target)
        ),
        expressions=[
            exp.Is(this=column(work.time_column, target), expression=exp.Null()),
        ],
    )
    differs = _differs(work, keys, target, source)
    return exp.and_(is_not_earlier, exp.false() if differs is None else differs)


def _differs(work: Work, keys: Sequence[str], target: str, source: str) -> exp.Expr | None:
    """Whether any value but the key differs; None for a table of nothing but its key."""
    differing = work.each_column(
        lambda name: exp.NullSafeNEQ(this=column(name, target), expression=column(name, source)),
        without=tuple(keys),
    )
    return exp.or_(*differing) if differing else None
