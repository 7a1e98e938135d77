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
    # A column of this name hides DuckDB's row numbers.
    has_row_numbers = "rowid" not in {name.lower() for name in work.column_names}
    is_fastest = settings.method == "fastest" and has_row_numbers
    if is_fastest:
        keep_latest = _delete_earlier(work, settings.unique_key, latest)
    else:
        keep_latest = create_temporary(STAGE, latest)
    staged: tuple[Step, ...] = (
        work.create_stage(with_null=work.null_time != "exclude"),
        *work.gate_null_time(work.stage),
        _gate_null_keys(work.stage, settings.unique_key),
        _settle_repeated(work.stage, settings, Write(keep_latest)),
    )
    write = _replace_rows if is_fastest else _merge_statement
    return LaterRun(
        (*staged, *write(work, settings.unique_key)),
        greatest_ordinal(work.stage, work.time_column, work.kind),
        True,
    )


def _gate_null_keys(table: exp.Table, keys: Sequence[str]) -> Gate:
    return Gate(
        count_where(table, is_null_in(keys)),
        f"rows with NULL in the unique key ({', '.join(keys)}): {{count}}",
        "leave those rows out in the model's query, or choose another key",
    )


def _settle_repeated(table: exp.Table, settings: MergeConfig, keep_latest: Write) -> Step:
    """Keeps the latest row of a key that comes more than once, or refuses it."""
    sql = duplicates(table, settings.unique_key)
    if settings.on_duplicate_key == "latest":
        return Repair(sql, (keep_latest,))
    return Gate(
        sql,
        f"keys ({', '.join(settings.unique_key)}) that come more than once: {{count}}",
        'make the query give one row per key, or set "on_duplicate_key" to "latest"',
    )


def _delete_earlier(work: Work, keys: Sequence[str], latest: exp.Select) -> str:
    """Deletes all but the latest row of each key from the stage.

    Only the rows of repeated keys are sorted, which mostly are few.
    """
    key = [column(key) for key in keys]
    repeated = (
        exp.select(*(column(key) for key in keys), copy=False)
        .from_(work.stage, copy=False)
        .group_by(*(column(key) for key in keys), copy=False)
        .having(
            exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)), copy=False
        )
    )
    is_repeated = exp.In(
        this=key[0] if len(key) == 1 else exp.Tuple(expressions=key),
        query=exp.Subquery(this=repeated),
    )
    earlier = latest.select("rowid", append=False).where(is_repeated, copy=False)
    place = earlier.args["qualify"].this
    earlier.set("qualify", exp.Qualify(this=exp.GT(this=place.this, expression=place.expression)))
    return delete(work.stage, exp.In(this=column("rowid"), query=exp.Subquery(this=earlier)))


def _replace_rows(work: Work, keys: Sequence[str]) -> tuple[Step, ...]:
    """Staged rows that the table does not hold as late replace those of their key.

    It equals MERGE INTO, which takes many times as long on DuckDB 2.0. A staged row later than
    every row of the table replaces for certain; only the others are compared. An equal row has an
    equal time and so lies within the window, and the scans of the table for that skip the rest of
    it. What is left out is noted by row number, and the stage stays whole for the watermark.
    """
    time = work.time_column
    equal = work.each_column(
        lambda name: exp.NullSafeEQ(this=column(name, "t"), expression=column(name, "s")),
        without=tuple(keys),
    )
    window = work.in_window(column(time, "t"), with_null=True)
    held = _matches(work, keys).where(*equal, *(() if window is None else (window,)), copy=False)

    greatest = (
        exp.select(exp.Max(this=column(time, "t")), copy=False)
        .from_(_aliased(work.table, "t"), copy=False)
        .where(work.in_window(column(time, "t"), with_null=False), copy=False)
    )
    may_be_earlier = exp.or_(
        exp.Is(this=column(time, "s"), expression=exp.Null()),
        exp.LTE(this=column(time, "s"), expression=exp.Subquery(this=greatest)),
        copy=False,
    )
    is_earlier = exp.Coalesce(
        this=exp.LT(this=column(time, "s"), expression=column(time, "t")),
        expressions=[
            exp.and_(
                exp.Is(this=column(time, "s"), expression=exp.Null()),
                exp.Not(this=exp.Is(this=column(time, "t"), expression=exp.Null())),
                copy=False,
            )
        ],
    )
    earlier = _matches(work, keys).where(may_be_earlier.copy(), is_earlier, copy=False)
    # Made anew and not inserted into: in DuckDB 2.0.0, rows that the transaction inserts into a
    # table it made from a query known to be empty are not seen by its scans.
    with_earlier = exp.Union(
        this=exp.select(column("stage_row"), copy=False).from_(temporary(_HELD), copy=False),
        expression=earlier,
        distinct=False,
    )

    kept = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(_aliased(temporary(_HELD), "h"), copy=False)
        .where(exp.EQ(this=column("stage_row", "h"), expression=column("rowid", "s")), copy=False)
    )
    is_written = exp.Not(this=exp.Exists(this=kept))
    key_is_written = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(_aliased(work.stage, "s"), copy=False)
        .where(_same_key(keys, "t", "s"), is_written.copy(), copy=False)
    )
    written = (
        exp.select(*work.selected("s"), copy=False)
        .from_(_aliased(work.stage, "s"), copy=False)
        .where(is_written.copy(), copy=False)
    )
    return (
        Write(create_temporary(_HELD, held)),
        Repair(
            count_where(
                _aliased(work.stage, "s"),
                exp.and_(exp.paren(may_be_earlier), is_written.copy(), copy=False),
            ),
            (Write(create_temporary(_HELD, with_earlier)),),
        ),
        Write(
            delete(_aliased(work.table, "t"), exp.Exists(this=key_is_written)),
            Tally.UPDATED,
        ),
        Write(insert(work.table, work.column_names, written), Tally.UPSERTED, _NOTE),
        Write(drop(temporary(_HELD), "table")),
    )


def _matches(work: Work, keys: Sequence[str]) -> exp.Select:
    """The row numbers of staged rows whose key the table has."""
    return (
        exp.select(exp.alias_(column("rowid", "s"), "stage_row"), copy=False)
        .from_(_aliased(work.table, "t"), copy=False)
        .join(_aliased(work.stage, "s"), on=_same_key(keys, "t", "s"), copy=False)
    )


def _merge_statement(work: Work, keys: Sequence[str]) -> tuple[Step, ...]:
    """The MERGE of the SQL standard, as the model asks for it."""
    is_replaced = _is_to_replace(work, keys, "target", "source")
    updated = (
        exp.select(exp.Count(this=exp.Star()), copy=False)
        .from_(_aliased(work.table, "target"), copy=False)
        .join(_aliased(work.stage, "source"), on=_same_key(keys, "target", "source"), copy=False)
        .where(is_replaced.copy(), copy=False)
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
        *(exp.EQ(this=column(key, target), expression=column(key, source)) for key in keys),
        copy=False,
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
    return exp.and_(is_not_earlier, exp.false() if differs is None else differs, copy=False)


def _differs(work: Work, keys: Sequence[str], target: str, source: str) -> exp.Expr | None:
    """Whether any value but the key differs; None for a table of nothing but its key."""
    differing = work.each_column(
        lambda name: exp.NullSafeNEQ(this=column(name, target), expression=column(name, source)),
        without=tuple(keys),
    )
    return exp.or_(*differing, copy=False) if differing else None
