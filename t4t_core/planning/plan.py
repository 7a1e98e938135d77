"""What a run of one model will do. Pure: the same input gives the same plan."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Definition
from t4t_core.config import (
    CheckHistoryConfig,
    StrategyConfig,
    TimestampHistoryConfig,
)
from t4t_core.models import Model
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Column, Facts
from t4t_core.planning.history_work import HistoryWork, history_work
from t4t_core.planning.hooks import hook_steps
from t4t_core.planning.incremental_work import incremental_work
from t4t_core.planning.made_anew import made_anew, make_room
from t4t_core.planning.request import Request
from t4t_core.planning.steps import Greatest, HookStep, Step, Write
from t4t_core.planning.strategy_runs import (
    alterations,
    emptied,
    full_load,
    later_run,
    load_in_windows,
)
from t4t_core.schema.change import NO_CHANGE, SchemaChange, schema_change
from t4t_core.schema.fit import refuse_own_names
from t4t_core.schema.incomplete import NOTHING, Incomplete, completing, incomplete_of
from t4t_core.schema.indexes import lost_indexes, make_indexes
from t4t_core.schema.unfilled import still_unfilled, unfilled_since
from t4t_core.sql.names import table
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import (
    count_where,
    drop_table,
    greatest_ordinal,
    temporary,
)
from t4t_core.strategies import scd2
from t4t_core.strategies.history import history_columns, written_history
from t4t_core.strategies.work import written_work
from t4t_core.values import TimeKind, TimeValue
from t4t_core.windows.refresh import refresh_windows


class Plan(Struct, frozen=True):
    """The transaction of one model.

    Attributes:
        decision: Full or incremental, and why.
        steps: What is carried out, in order.
        lower: Rows at or after this are read; None where nothing bounds them.
        start: The start S that bounds this and later runs until the next full load, or None.
        kind: What the time column counts in, or None for a model that is not incremental.
        after: What is carried out once the watermark was read.
        upper: Rows before this are read; None where nothing bounds them.
        greatest: How the greatest time that was read is known; None where there is none to know.
        row_count_sql: Gives the table's rows, or None for a view.
        columns: What the table has afterwards; empty for a model that is made anew.
        notes: Lines for the log before the first step.
        schema_change: What is done about columns that differ from the table's.
        incomplete: What rows of the table lack afterwards.
        resets_state: The next run is a full load.
    """

    model: Model
    definition: Definition
    decision: Decision
    steps: tuple[Step, ...]
    lower: TimeValue | None = None
    start: TimeValue | None = None
    kind: TimeKind | None = None
    upper: TimeValue | None = None
    after: tuple[Step, ...] = ()
    greatest: Greatest | None = None
    row_count_sql: str | None = None
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    schema_change: SchemaChange = NO_CHANGE
    incomplete: Incomplete = NOTHING
    resets_state: bool = False

    @property
    def inserts_all_rows(self) -> bool:
        """Whether the rows that the steps insert are all that the table has afterwards."""
        has_hooks = any(isinstance(step, HookStep) for step in self.after)
        return self.decision.is_full and not has_hooks

    @property
    def counts_every_change(self) -> bool:
        """Whether the table gets and loses no rows but those that the steps count."""
        has_hooks = any(isinstance(step, HookStep) for step in (*self.steps, *self.after))
        return self.model.strategy is not None and not self.decision.is_full and not has_hooks


def plan(
    model: Model,
    query: QueryText,
    definition: Definition,
    decision: Decision,
    facts: Facts,
    request: Request,
    catalog: str,
) -> Plan:
    """The plan of a model.

    Args:
        model: The model.
        query: What gives its rows, with every value in it.
        definition: As it is now.
        decision: Full or incremental.
        facts: What the database says.
        request: What the run is asked to do.
        catalog: The database's catalog.

    Raises:
        RunError: The query's columns do not fit the metadata or the table.
    """
    made = _planned(model, query, definition, decision, facts, request, catalog)
    return _framed(made, facts, request, catalog)


def _planned(
    model: Model,
    query: QueryText,
    definition: Definition,
    decision: Decision,
    facts: Facts,
    request: Request,
    catalog: str,
) -> Plan:
    """The plan of a model, of what its materialization asks for."""
    settings = model.strategy
    if settings is not None or facts.number is not None:
        refuse_own_names(facts.query_columns)
    if settings is None:
        is_view = model.config.materialization == "view"
        return Plan(
            model,
            definition,
            decision,
            made_anew(model, query, facts, catalog),
            row_count_sql=None if is_view else count_where(table(model.name, catalog)),
            columns=facts.query_columns if facts.number is not None else (),
        )
    if isinstance(settings, TimestampHistoryConfig | CheckHistoryConfig):
        recorded = history_work(model, settings, query, decision, facts, request, catalog)
        return _recorded(recorded, model, definition, decision, facts)
    work, start = incremental_work(model, settings, query, decision, facts, request, catalog)
    notes: tuple[str, ...] = ()
    room: tuple[Step, ...] = ()
    lacks = NOTHING
    if decision.is_full:
        room = make_room(model, facts, catalog)
        if decision.empties:
            run = emptied(work)
        elif decision.in_windows:
            parts = refresh_windows(model, work, request)
            decision = replace(decision, reason=f"{decision.reason}; in {len(parts):,} windows")
            run = load_in_windows(work, parts, settings, model, facts, request)
        else:
            run = full_load(work, settings, model, facts, request)
    else:
        work = written_work(work, schema_change(model, facts))
        work, lacks = completing(
            work,
            model,
            incomplete_of(facts.commit, work.kind),
            is_part=request.part is not None,
        )
        decision = _told(decision, work.change)
        run = later_run(work, settings, model, facts, request)
        notes = _notes(model, settings, request)
    return Plan(
        model,
        definition,
        decision,
        (*room, *run.steps),
        lower=work.lower,
        upper=work.upper,
        start=start,
        kind=work.kind,
        after=tuple(Write(drop_table(temporary(name))) for name in run.leaves),
        # Of a slice it stays: other slices may have unread rows before the greatest of this one.
        greatest=None if request.slice is not None else run.greatest,
        row_count_sql=count_where(work.table),
        columns=facts.query_columns,
        notes=notes,
        schema_change=work.change,
        incomplete=lacks,
        resets_state=decision.empties,
    )


def _told(decision: Decision, change: SchemaChange) -> Decision:
    """The decision with what is done about columns that differ."""
    if not change:
        return decision
    reason = f"{decision.reason}; {', '.join(change.clauses)}"
    return replace(decision, reason=reason).with_warning(change.warning)


def _framed(made: Plan, facts: Facts, request: Request, catalog: str) -> Plan:
    """The plan with the model's hooks around it, and with the indexes of a table made anew.

    The watermark is read before the later hooks: what they write was not read by this run. A hook
    may make the indexes itself, so they come last, where they are missing.
    """
    model = made.model
    before = hook_steps(model.pre_hooks, model, catalog, request.variables)
    after = hook_steps(model.post_hooks, model, catalog, request.variables)
    indexes: tuple[Write, ...] = ()
    decision = made.decision
    if decision.is_full and facts.indexes and model.config.materialization != "view":
        columns = [column.name for column in made.columns or facts.query_columns]
        indexes = make_indexes(facts.indexes, model.name, catalog, columns)
        decision = decision.with_warning(lost_indexes(facts.indexes, columns))
    return replace(
        made,
        decision=decision,
        steps=(*before, *made.steps),
        after=(*made.after, *after, *indexes),
    )


def _recorded(
    work: HistoryWork, model: Model, definition: Definition, decision: Decision, facts: Facts
) -> Plan:
    """The plan of a model that keeps the history of its rows."""
    history, change = work.history, NO_CHANGE
    lacks = NOTHING
    columns = history_columns(history.columns, history.settings, history.time_type)
    if decision.is_full:
        room = make_room(model, facts, history.catalog)
        steps = (*room, *scd2.full_load(history, work.start))
    else:
        change = schema_change(model, replace(facts, query_columns=columns))
        decision = _told(decision, change)
        altered = alterations(history.name, history.catalog, change, facts)
        unfilled = unfilled_since(facts.commit, history.now)
        lacks = still_unfilled(change, unfilled, history.now)
        history = written_history(history, change, unfilled)
        steps = (*altered, *scd2.later_run(history))
    greatest = None
    if work.time is not None:
        read = history.table if decision.is_full else history.stage
        greatest = Greatest(greatest_ordinal(read, work.time, work.kind))
    return Plan(
        model,
        definition,
        decision,
        steps,
        lower=work.reach.lower,
        upper=work.reach.upper,
        start=work.reach.start,
        kind=work.kind,
        after=(Write(drop_table(history.stage)),),
        greatest=greatest,
        row_count_sql=count_where(history.table),
        columns=columns,
        notes=(f"Running scd2 {history.settings.name} for {model}",),
        schema_change=change,
        incomplete=lacks,
    )


def _notes(model: Model, settings: StrategyConfig, request: Request) -> tuple[str, ...]:
    if request.part is not None:
        return (f"Running incremental {settings.name} for {model} with {request.part}",)
    lines = [
        f"Running incremental {settings.name} for {model} with {settings.start_date} start_date"
    ]
    if settings.is_start_placed:
        value = request.variables[str(settings.start_date)[1:]]
        lines.append(f"Resolved variable {settings.start_date} to {value}")
    return tuple(lines)
