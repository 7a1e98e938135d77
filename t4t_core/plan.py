"""What a run of one model will do. Pure: the same input gives the same plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlglot import exp

from t4t_core.commit import Commit, Definition
from t4t_core.config import (
    AppendConfig,
    DeleteInsertConfig,
    MergeConfig,
    StrategyConfig,
    nearest,
)
from t4t_core.drift import Decision
from t4t_core.errors import RunError, VariableError
from t4t_core.facts import Column, Facts, column_named
from t4t_core.models import Model
from t4t_core.request import Request
from t4t_core.sql.literals import literal, time_literal
from t4t_core.sql.names import table
from t4t_core.sql.query import unset_variable, with_values
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_schema,
    create_table,
    create_view,
    drop,
    greatest_ordinal,
    temporary,
)
from t4t_core.steps import Step, Tally, Write
from t4t_core.strategies import append, delete_insert, merge
from t4t_core.strategies.work import LaterRun, Work
from t4t_core.values import Lookback, TimeKind, TimeValue, reaching_back, start_value


@dataclass(frozen=True, slots=True)
class Plan:
    """The transaction of one model.

    Attributes:
        decision: Full or incremental, and why.
        lower: Rows at or after this are read; None where nothing bounds them.
        start: The start S that bounds this and later runs until the next full load, or None.
        kind: What the time column counts in, or None for a model that is not incremental.
        steps: What is carried out, in order.
        after: What is carried out once the watermark was read.
        watermark_sql: Gives the greatest time that was read, or None for other models.
        row_count_sql: Gives the table's rows, or None for a view.
        notes: Lines for the log before the first step.
    """

    model: Model
    definition: Definition
    decision: Decision
    lower: TimeValue | None
    start: TimeValue | None
    kind: TimeKind | None
    steps: tuple[Step, ...]
    after: tuple[Write, ...] = ()
    watermark_sql: str | None = None
    row_count_sql: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a run of an incremental model reads from.

    Attributes:
        lower: At or after this; None for everything.
        start: The start S, where it is a value.
    """

    lower: TimeValue | None
    start: TimeValue | None


def depends_on_greatest(model: Model, commit: Commit | None) -> bool:
    """Whether the plan of a later run needs `Facts.greatest`."""
    return isinstance(model.strategy, AppendConfig) or _starts_at_greatest(model, commit)


def _starts_at_greatest(model: Model, commit: Commit | None) -> bool:
    """Whether the run starts at the greatest time in the table, or at the watermark if less.

    `auto` does, so rows that somebody deleted from the table's end are read again. A watermark set
    by hand is taken as it is.
    """
    settings = model.strategy
    return (
        settings is not None
        and settings.start_date == "auto"
        and commit is not None
        and commit.watermark is not None
        and commit.origin == "run"
    )


def bounds(
    model: Model,
    kind: TimeKind,
    decision: Decision,
    facts: Facts,
    request: Request,
) -> Bounds:
    """Where this run of an incremental model reads from.

    Append and merge read from the watermark less the lookback, and never before the start that
    bounded the last full load, since a full refresh would not give those rows either.

    Raises:
        RunError: The start or the lookback does not fit the time column.
    """
    settings = model.strategy
    assert settings is not None, "only asked for incremental models"
    lookback = _lookback(model, settings, request)
    try:
        if isinstance(settings, DeleteInsertConfig):
            return _bounds_of_delete_insert(settings, kind, decision, facts, request, lookback)
        if decision.is_full:
            start = None
            if settings.start_date != "auto":
                start = start_value(kind, _start(settings, request), request.now)
            return Bounds(start, start)
        commit = facts.commit
        assert commit is not None, "a later run follows a commit"
        watermark = _effective_watermark(model, facts)
        if watermark is None:
            return Bounds(commit.start, commit.start)
        lower = _not_before(commit.start, reaching_back(watermark, lookback))
        return Bounds(lower, commit.start)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error


def _bounds_of_delete_insert(
    settings: DeleteInsertConfig,
    kind: TimeKind,
    decision: Decision,
    facts: Facts,
    request: Request,
    lookback: Lookback,
) -> Bounds:
    if decision.is_full:
        return Bounds(None, None)
    if settings.start_date != "auto":
        return Bounds(start_value(kind, _start(settings, request), request.now), None)
    assert facts.commit is not None, "a later run follows a commit"
    watermark = facts.commit.watermark
    assert watermark is not None, "without one it is a full load"
    if facts.commit.origin == "run" and facts.greatest is not None:
        watermark = min(watermark, facts.greatest, key=lambda value: value.ordinal)
    floor = facts.commit.start
    return Bounds(_not_before(floor, reaching_back(watermark, lookback)), floor)


def _not_before(start: TimeValue | None, lower: TimeValue) -> TimeValue:
    return lower if start is None or start.ordinal <= lower.ordinal else start


def _effective_watermark(model: Model, facts: Facts) -> TimeValue | None:
    commit = facts.commit
    if commit is None or commit.watermark is None:
        return None
    if not _starts_at_greatest(model, commit):
        return commit.watermark
    if facts.greatest is None:
        return None
    return min(commit.watermark, facts.greatest, key=lambda value: value.ordinal)


def _start(settings: StrategyConfig, request: Request) -> str | int | date:
    value = settings.start_date
    if isinstance(value, str) and value.startswith("@"):
        found = request.variables[value[1:]]
        if isinstance(found, bool) or not isinstance(found, str | int | date):
            raise ValueError(f"variable {value[1:]!r} is {found!r}, which is no start")
        return found
    return value


def _lookback(model: Model, settings: StrategyConfig, request: Request) -> Lookback:
    value: object = settings.lookback
    if isinstance(value, str) and value.startswith("@"):
        name = value[1:]
        value = request.variables[name]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise VariableError(f"variable {name!r} is {value!r}, which is no lookback")
    assert isinstance(value, str | int), "the configuration takes nothing else"
    try:
        return Lookback.parse(value)
    except ValueError as error:
        raise RunError(str(error), place=model.config_place) from error


def time_kind_of(model: Model, columns: tuple[Column, ...]) -> TimeKind:
    """What the model's time column counts in.

    Raises:
        RunError: The query does not give it, or its type has no order in time.
    """
    settings = model.strategy
    assert settings is not None, "only asked for incremental models"
    found = _needed(columns, settings.time_column, "time column")
    if found.kind is None:
        raise RunError(
            f"the time column {found.name!r} has type {found.type}; "
            "DATE, TIMESTAMP, TIMESTAMPTZ and integers are known",
            hint=f"cast it in the query: CAST({found.name} AS TIMESTAMP) AS {found.name}",
        )
    return found.kind


def _needed(columns: tuple[Column, ...], name: str, role: str) -> Column:
    found = column_named(columns, name)
    if found is None:
        names = [column.name for column in columns]
        raise RunError(
            f"the query does not give the {role} {name!r}{nearest(name, names)}",
            hint=f"it gives {', '.join(names)}; add the column or correct the metadata",
        )
    return found


def plan(
    model: Model,
    query: exp.Expr,
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
    target = table(model.name, catalog)
    before = _make_room(model, facts, catalog)
    settings = model.strategy
    if model.config.materialization == "view":
        create = Write(create_view(target, query), note=f"Created view: {model}")
        return Plan(model, definition, decision, None, None, None, (*before, create))
    if settings is None:
        create = Write(create_table(target, query), Tally.CREATED, f"Created table: {model}")
        return Plan(
            model,
            definition,
            decision,
            None,
            None,
            None,
            (*before, create),
            row_count_sql=count_where(table(model.name, catalog)),
        )

    kind = time_kind_of(model, facts.query_columns)
    if isinstance(settings, MergeConfig):
        for key in settings.unique_key:
            _needed(facts.query_columns, key, "unique key")
    reach = bounds(model, kind, decision, facts, request)
    work = Work(
        name=model.name,
        catalog=catalog,
        query=query,
        columns=facts.query_columns,
        time_column=settings.time_column,
        kind=kind,
        lower=reach.lower,
        null_time=settings.null_time,
        may_read_target=facts.may_read_target,
    )
    if decision.is_full:
        with_null = settings.null_time != "exclude"
        create = Write(
            create_table(target, work.rows(with_null=with_null)),
            Tally.CREATED,
            f"Created table: {model}",
        )
        return Plan(
            model,
            definition,
            decision,
            reach.lower,
            reach.start,
            kind,
            (*before, create, *_full_load(work, settings)),
            watermark_sql=greatest_ordinal(work.table, work.time_column, kind),
            row_count_sql=count_where(work.table),
        )
    check_fit(facts)
    later = _later_run(work, settings, model, facts, request)
    return Plan(
        model,
        definition,
        decision,
        reach.lower,
        reach.start,
        kind,
        later.steps,
        after=(Write(drop(temporary(STAGE), "table")),) if later.has_stage else (),
        watermark_sql=later.watermark_sql,
        row_count_sql=count_where(work.table),
        notes=_notes(model, settings, request),
    )


def _make_room(model: Model, facts: Facts, catalog: str) -> tuple[Step, ...]:
    """The schema where there is none yet, and the way cleared of a view or table of this name."""
    if facts.target is None:
        return (Write(create_schema(model.name, catalog)),)
    wanted = "view" if model.config.materialization == "view" else "table"
    if facts.target.kind == wanted:
        return ()
    return (Write(drop(table(model.name, catalog), facts.target.kind)),)


def _full_load(work: Work, settings: StrategyConfig) -> tuple[Step, ...]:
    match settings:
        case AppendConfig():
            return append.full_load(work)
        case MergeConfig():
            return merge.full_load(work, settings)
        case DeleteInsertConfig():
            return delete_insert.full_load(work)


def _later_run(
    work: Work, settings: StrategyConfig, model: Model, facts: Facts, request: Request
) -> LaterRun:
    match settings:
        case AppendConfig():
            watermark = None if facts.commit is None else facts.commit.watermark
            return append.later_run(work, facts.greatest, watermark)
        case MergeConfig():
            return merge.later_run(work, settings)
        case DeleteInsertConfig():
            return delete_insert.later_run(work, settings, _where(work, settings, model, request))


def _where(
    work: Work, settings: DeleteInsertConfig, model: Model, request: Request
) -> delete_insert.Where | None:
    """`where_condition` with its values; `@start_date` is the start of the window.

    A column with a zone is compared with a moment, since DuckDB would take a date's midnight in
    the session's zone, and the insert takes it in UTC.
    """
    condition = model.where_condition
    if condition is None:
        return None
    values = dict(request.variables)
    own = str(settings.start_date).removeprefix("@") if _is_placed(settings) else "start_date"
    assert work.lower is not None, "delete_insert starts somewhere"
    for placeholder in condition.placeholders:
        if placeholder.name not in values and placeholder.name not in (own, "start_date"):
            raise unset_variable(placeholder.name, model.config_place).located(model=str(model))
    is_ours = {own} if own in values and _is_placed(settings) else {own} - set(values)
    if "start_date" not in values:
        is_ours = is_ours | {"start_date"}
    start = time_literal(work.lower)
    if work.kind is TimeKind.TIMESTAMP and _is_day(values.get(own)):
        start = literal(values[own])

    def filled(node: exp.Expr) -> exp.Expr:
        is_start = isinstance(node, exp.Placeholder) and node.name in is_ours
        return start.copy() if is_start else node

    tree = condition.tree.copy().transform(filled, copy=False)
    rest = tuple(p for p in condition.placeholders if p.name not in is_ours)
    return delete_insert.Where(
        with_values(tree, rest, values, model.config_place),
        is_window=_is_window(condition.tree, settings.time_column, is_ours),
    )


def _is_day(value: object) -> bool:
    """Whether a variable's value is a date, as text or not; its literal is a DATE then."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_window(tree: exp.Expr, time_column: str, starts: set[str]) -> bool:
    """Whether a condition is `time_column >= @start_date` and nothing else."""
    return (
        isinstance(tree, exp.GTE)
        and isinstance(tree.this, exp.Column)
        and not tree.this.table  # a field of a struct looks the same
        and tree.this.name.lower() == time_column.lower()
        and isinstance(tree.expression, exp.Placeholder)
        and tree.expression.name in starts
    )


def _is_placed(settings: StrategyConfig) -> bool:
    return isinstance(settings.start_date, str) and settings.start_date.startswith("@")


def _notes(model: Model, settings: StrategyConfig, request: Request) -> tuple[str, ...]:
    lines = [
        f"Running incremental {settings.name} for {model} with {settings.start_date} start_date"
    ]
    if _is_placed(settings):
        value = request.variables[str(settings.start_date)[1:]]
        lines.append(f"Resolved variable {settings.start_date} to {value}")
    return tuple(lines)


def check_fit(facts: Facts) -> None:
    """Refuses a query whose columns are not the table's.

    Raises:
        RunError: It says which columns are new, gone or of another type.
    """
    assert facts.target is not None, "a later run has a table"
    differences = []
    for column in facts.query_columns:
        held = column_named(facts.target.columns, column.name)
        if held is None:
            differences.append(f"{column.name} {column.type} is new")
        elif held.type != column.type and column.type != '"NULL"':
            differences.append(f"{column.name} was {held.type} and is now {column.type}")
    differences += [
        f"{column.name} is gone"
        for column in facts.target.columns
        if column_named(facts.query_columns, column.name) is None
    ]
    if differences:
        raise RunError(
            f"the query's columns do not fit the table: {'; '.join(differences)}",
            hint="run with --full-refresh to rebuild the table, or make the query fit",
        )


def config_hash(model: Model) -> str:
    """SHA-256 over the metadata that bears on how the model runs."""
    written: Mapping[str, object] = model.config.model_dump(
        mode="json", include={"materialization", "incremental", "full_refresh"}
    )
    return hashlib.sha256(_canonical(written).encode()).hexdigest()


def _canonical(value: object) -> str:
    import json

    return json.dumps(value, sort_keys=True, separators=(",", ":"))
