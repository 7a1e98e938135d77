"""What the strategy of an incremental model makes of a run."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from t4t_core.config import AppendConfig, DeleteInsertConfig, MergeConfig, StrategyConfig
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.planning.facts import Facts
from t4t_core.planning.merge_conditions import merge_conditions
from t4t_core.planning.request import Request
from t4t_core.planning.steps import Step, Write
from t4t_core.planning.where_condition import where_condition
from t4t_core.schema.change import SchemaChange
from t4t_core.schema.indexes import drop_indexes, make_indexes, refuse_hindrance
from t4t_core.sql.alterations import add_column, drop_column, set_type
from t4t_core.sql.names import cast, named, table
from t4t_core.sql.statements import select
from t4t_core.sql.text import FALSE, NULL, Sql, sql
from t4t_core.strategies import append, delete_insert, merge
from t4t_core.strategies.in_windows import Part, part_names, read_in_windows
from t4t_core.strategies.numbering import create_numbered, numbering_of
from t4t_core.strategies.work import StrategyRun, Work


def full_load(
    work: Work, settings: StrategyConfig, model: Model, facts: Facts, request: Request
) -> StrategyRun:
    """The statements that make the table anew."""
    if isinstance(settings, MergeConfig):
        delete_when = merge_conditions(model, request).delete_when
        if delete_when is not None or work.number is not None:
            return merge.staged_full_load(work, settings, delete_when, facts.columns_with_numbers)
    rows = work.rows(with_null=settings.null_time != "exclude").sql
    create: tuple[Step, ...] = (work.create(rows),)
    if work.number is not None:
        incomplete = () if facts.commit is None else facts.commit.definition.incomplete
        numbering = replace(numbering_of(work, None), incomplete=incomplete)
        create = create_numbered(numbering, rows, facts.columns_with_numbers)
    return StrategyRun(
        (*create, *_checks(work, settings)),
        work.greatest_in(work.table),
    )


def load_in_windows(
    work: Work,
    parts: Sequence[Part],
    settings: StrategyConfig,
    model: Model,
    facts: Facts,
    request: Request,
) -> StrategyRun:
    """The statements that make the table anew from windows that were read one after the other."""
    read, held = read_in_windows(work, parts)
    run = full_load(held, settings, model, facts, request)
    return replace(run, steps=(*read, *run.steps), leaves=(*run.leaves, *part_names(parts)))


def emptied(work: Work) -> StrategyRun:
    """The statement that makes the table anew without rows."""
    columns = Sql("*")
    if work.number is not None and not work.number.is_given:
        number = named(cast(NULL, work.number.type), work.number.name)
        columns = sql("*, {number}", number=number)
    nothing = select(columns, work.query.named("q"), FALSE)
    return StrategyRun((work.create(nothing),), None)


def later_run(
    work: Work, settings: StrategyConfig, model: Model, facts: Facts, request: Request
) -> StrategyRun:
    """The statements of a run onto a table that exists; its columns are altered first."""
    run = _later_run(work, settings, model, facts, request)
    return replace(
        run, steps=(*alterations(work.name, work.catalog, work.change, facts), *run.steps)
    )


def _checks(work: Work, settings: StrategyConfig) -> tuple[Step, ...]:
    match settings:
        case AppendConfig():
            return append.full_load(work)
        case MergeConfig():
            return merge.full_load(work, settings)
        case DeleteInsertConfig():
            return delete_insert.full_load(work)


def _later_run(
    work: Work, settings: StrategyConfig, model: Model, facts: Facts, request: Request
) -> StrategyRun:
    match settings:
        case AppendConfig():
            watermark = None if facts.commit is None else facts.commit.watermark
            return append.later_run(work, facts.greatest, watermark)
        case MergeConfig():
            return merge.later_run(work, settings, merge_conditions(model, request))
        case DeleteInsertConfig():
            if request.slice is not None:
                return delete_insert.replace_slice(work, request.slice)
            # A window that somebody asks for says itself what is deleted.
            where = None
            if work.upper is None:
                where = where_condition(work, settings, model, request)
            return delete_insert.later_run(work, settings, where)


def alterations(
    name: TableName, catalog: str, change: SchemaChange, facts: Facts
) -> tuple[Step, ...]:
    """The table gets its new columns before the first row is written.

    DuckDB changes and drops no column of a table that has an index, so they step aside.
    """
    columns = [column.name for column in (() if facts.target is None else facts.target.columns)]
    is_hindered = bool(change.widened or change.dropped)
    if is_hindered:
        dropped, widened = ([one.name for one in many] for many in (change.dropped, change.widened))
        refuse_hindrance(facts.indexes, columns, dropped, widened)
    return (
        *(drop_indexes(facts.indexes, name, catalog) if is_hindered else ()),
        *(
            Write(
                set_type(table(name, catalog), one.name, one.given),
                note=f"Widened column {one.name} of {name} to {one.given}",
            )
            for one in change.widened
        ),
        *(
            Write(
                add_column(table(name, catalog), column.name, column.type),
                note=f"Added column {column.name} {column.type} to {name}",
            )
            for column in change.added
        ),
        *(
            Write(
                drop_column(table(name, catalog), column.name),
                note=f"Dropped column {column.name} of {name}",
            )
            for column in change.dropped
        ),
        *(make_indexes(facts.indexes, name, catalog, columns) if is_hindered else ()),
    )
