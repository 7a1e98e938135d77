"""Running one model: facts, plan, transaction, commit."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from sqlglot import exp

from t4t_core.apply import Tallies, apply
from t4t_core.commit import Commit
from t4t_core.compiled import query_fingerprint, query_to_run
from t4t_core.context import RunContext
from t4t_core.drift import Decision, decision, definition_of
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, Place, RunError, T4tError
from t4t_core.facts import Column, Facts, column_named
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.plan import Plan, bounds, config_hash, depends_on_greatest, plan
from t4t_core.project.load import Project
from t4t_core.python_rows import RESULT, register_rows, result_query
from t4t_core.report import ModelReport
from t4t_core.request import Request
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column as named_column
from t4t_core.sql.names import rendered, table
from t4t_core.sql.query import Query
from t4t_core.sql.statements import greatest_ordinal
from t4t_core.sql.window import around
from t4t_core.state.ledger import write_commit
from t4t_core.steps import statements
from t4t_core.values import TimeKind, TimeValue

log = logging.getLogger("ExecutionEngine")
strategy_log = logging.getLogger("tee.engine.incremental_executor")

_MICROS_OF_A_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """Rows that stand for a model's own: what a Dagster asset returned.

    Attributes:
        rows: A pandas, Polars or PyArrow table.
    """

    rows: object


def plan_model(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    commit: Commit | None,
    given: Given | None = None,
) -> tuple[Plan, Facts]:
    """The plan of a model from the facts as they are now.

    A Python model is called, since its rows have columns only then.

    Args:
        model: The model.
        project: Its project.
        request: What the run is asked to do.
        warehouse: With an open transaction.
        commit: The model's last one.
        given: Rows that stand for the model's own.

    Raises:
        T4tError: The model cannot run.
    """
    target = warehouse.target(model.name, with_columns=model.strategy is not None)
    facts = Facts(target=target, commit=commit)
    if commit is not None and depends_on_greatest(model, commit):
        facts = replace(facts, greatest=_greatest(model, facts, project.graph, warehouse))
    definition = definition_of(model, query_fingerprint(model, project.graph))
    decided = decision(model, definition, facts, request, project.settings.flags)
    query = _query(model, project, request, warehouse, facts, decided, given)
    if model.strategy is not None:
        columns = warehouse.columns(rendered(around(query.copy())))
        facts = replace(
            facts,
            query_columns=columns,
            may_read_target=_may_read_target(model, project.graph, warehouse),
        )
    made = plan(model, query, definition, decided, facts, request, project.settings.catalog)
    return made, facts


def _may_read_target(model: Model, graph: Graph, warehouse: Warehouse) -> bool:
    """Whether something the model reads could be, or look at, its own table.

    A model's query cannot, since the graph has no cycles; nor can a table. A view that the project
    does not make may, and so may a function.
    """
    if not isinstance(model.source, Query):
        return True
    names = [graph.source_name(ref) for ref in graph.sources_through_ephemerals(model)]
    for name in names:
        target = warehouse.target(TableName(*name)) if len(name) == 2 else None
        if target is None or target.kind != "table":
            return True
    return False


def run_model(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    commits: Mapping[str, Commit],
    given: Given | None = None,
    *,
    with_columns: bool = False,
) -> tuple[ModelReport, Commit | None]:
    """Runs a model in one transaction; gives what happened, and the commit if there is one.

    An error of the model's is in the report, and nothing was written then.

    Args:
        model: The model.
        project: Its project.
        request: What the run is asked to do.
        warehouse: Without an open transaction.
        commits: The last commit of each model, by its name in lower case. Where one is behind the
            ledger the run fails as a transient error: its version is taken.
        given: Rows that stand for the model's own.
        with_columns: Report the table's columns.
    """
    started = time.perf_counter()
    log.info("Executing model: %s", model)
    made: Plan | None = None
    try:
        with warehouse.transaction():
            before = commits.get(str(model).lower())
            made, facts = plan_model(model, project, request, warehouse, before, given)
            _tell(made, facts)
            commit = _carried_out(made, facts, project, warehouse, commits, started)
            columns: tuple[Column, ...] = ()
            if with_columns:
                found = warehouse.target(model.name, with_columns=True)
                columns = found.columns if found is not None else ()
            write_commit(warehouse, commit)
    except T4tError as error:
        told = explained(error, model)
        if isinstance(told, DatabaseError):
            told.hint = told.hint or _unmade_hint(model, project.graph, commits)
        return _failure(model, made, told, started), None
    finally:
        if not isinstance(model.source, Query):
            warehouse.forget_view(RESULT)
    if commit.row_count is None:
        log.info("Successfully executed %s", model)
    else:
        log.info("Successfully executed %s with %d rows", model, commit.row_count)
    report = _success(made, commit, started)
    return replace(report, columns=columns), commit


def _tell(made: Plan, facts: Facts) -> None:
    """Logs what the user should know before the statements run."""
    model = made.model
    if made.decision.warning is not None:
        log.warning("%s: %s", model, made.decision.warning)
    if made.decision.is_full and facts.commit is not None and model.strategy is not None:
        log.info("Full load of %s: %s", model, made.decision.reason)
    for note in made.notes:
        strategy_log.info("%s", note)


def _carried_out(
    made: Plan,
    facts: Facts,
    project: Project,
    warehouse: Warehouse,
    commits: Mapping[str, Commit],
    started: float,
) -> Commit:
    """The commit of a plan whose statements have run in the open transaction."""
    tallies = apply(made.steps, warehouse)
    watermark = _read_watermark(made, warehouse)
    if not made.decision.is_full and facts.commit is not None:
        watermark = _later(watermark, facts.commit.watermark)
    row_count = None if made.row_count_sql is None else warehouse.number(made.row_count_sql)
    apply(made.after, warehouse)
    return _commit(made, facts, tallies, watermark, row_count, project, commits, started)


def _query(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    facts: Facts,
    decided: Decision,
    given: Given | None,
) -> exp.Expr:
    if given is not None:
        register_rows(given.rows, model, warehouse)
        return exp.Select(expressions=[exp.Star()]).from_(RESULT, copy=False)
    if isinstance(model.source, Query):
        return query_to_run(model, project.graph, request.variables)
    commit = facts.commit
    lower = None
    kind = commit.watermark.kind if commit is not None and commit.watermark is not None else None
    if model.strategy is not None and kind is not None:
        lower = bounds(model, kind, decided, facts, request).lower
    context = RunContext(
        model=str(model),
        is_full=decided.is_full,
        lower=lower,
        watermark=None if commit is None else commit.watermark,
        variables=MappingProxyType(dict(request.variables)),
        connection=warehouse.connection,
    )
    return result_query(model, model.source, project.graph, context, warehouse, project.settings)


def _greatest(model: Model, facts: Facts, graph: Graph, warehouse: Warehouse) -> TimeValue | None:
    settings = model.strategy
    if settings is None or facts.target is None or facts.target.kind == "view":
        return None
    column = column_named(facts.target.columns, settings.time_column)
    if column is None or column.kind is None:
        return None
    watermark = None if facts.commit is None else facts.commit.watermark
    if watermark is not None and watermark.kind is column.kind:
        # The scan skips what lies before the watermark, and mostly nothing lies past it.
        past = exp.GTE(this=named_column(column.name), expression=time_literal(watermark))
        sql = greatest_ordinal(table(model.name, graph.catalog), column.name, column.kind, past)
        found = _time_value(column.kind, warehouse.row(sql))
        if found is not None:
            return found
    sql = greatest_ordinal(table(model.name, graph.catalog), column.name, column.kind)
    return _time_value(column.kind, warehouse.row(sql))


def _read_watermark(made: Plan, warehouse: Warehouse) -> TimeValue | None:
    if made.watermark_sql is None or made.kind is None:
        return None
    return _time_value(made.kind, warehouse.row(made.watermark_sql))


def _time_value(kind: TimeKind, row: tuple[object, ...] | None) -> TimeValue | None:
    if row is None or row[0] is None:
        return None
    ordinal = row[0]
    assert isinstance(ordinal, int), "epoch functions and integer columns give integers"
    value = TimeValue(kind, ordinal // _MICROS_OF_A_DAY if kind is TimeKind.DATE else ordinal)
    try:
        str(value)
    except OverflowError as error:
        raise RunError(
            "the greatest value of the time column lies outside the years 1 to 9999",
            hint="leave such rows out in the model's query, or give them the time 'infinity'",
        ) from error
    return value


def _later(read: TimeValue | None, before: TimeValue | None) -> TimeValue | None:
    """The watermark never moves back."""
    if read is None:
        return before
    if before is None or before.kind is not read.kind:
        return read
    return max(read, before, key=lambda value: value.ordinal)


def _commit(
    made: Plan,
    facts: Facts,
    tallies: Tallies,
    watermark: TimeValue | None,
    row_count: int | None,
    project: Project,
    commits: Mapping[str, Commit],
    started: float,
) -> Commit:
    model = made.model
    before = facts.commit
    now = datetime.now(UTC).replace(tzinfo=None)
    version = 1 if before is None else before.version + 1
    has_changed = made.decision.is_full or tallies.inserted or tallies.updated or tallies.deleted
    data_version = f"{version}-{now:%Y%m%dT%H%M%S%f}"
    if before is not None and not has_changed:
        data_version = before.data_version
    elif model.config.materialization == "view":
        data_version = _view_version(made, project.graph, commits) or data_version
    return Commit(
        model_name=str(model),
        version=version,
        origin="run",
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode=made.decision.mode,
        reason=made.decision.reason,
        definition=made.definition,
        config_hash=config_hash(model),
        watermark=watermark,
        start=made.start,
        rows_inserted=tallies.inserted,
        rows_updated=tallies.updated,
        rows_deleted=tallies.deleted,
        row_count=row_count,
        data_version=data_version,
        committed_at=now,
        duration_s=time.perf_counter() - started,
    )


def _view_version(made: Plan, graph: Graph, commits: Mapping[str, Commit]) -> str | None:
    """A view's content is its parents' seen through its statement; None where one is foreign."""
    key = made.model.name.key
    if key not in graph.nodes or graph.sources[key]:
        return None
    parents = []
    for parent in graph.parents[key]:
        node = graph.nodes[parent]
        if isinstance(node, Model) and node.is_ephemeral:
            return None
        commit = commits.get(str(node).lower())
        if commit is None:
            return None
        parents.append(commit.data_version)
    text = "|".join([made.steps[-1].sql, *parents])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _success(made: Plan, commit: Commit, started: float) -> ModelReport:
    return ModelReport(
        model_name=commit.model_name,
        materialization=commit.materialization,
        strategy=commit.strategy,
        mode=commit.mode,
        reason=commit.reason,
        status="success",
        warning=made.decision.warning,
        rows_inserted=commit.rows_inserted,
        rows_updated=commit.rows_updated,
        rows_deleted=commit.rows_deleted,
        row_count=commit.row_count,
        watermark=commit.watermark,
        duration_s=time.perf_counter() - started,
        sql_hash=commit.sql_hash,
        config_hash=commit.config_hash,
        data_version=commit.data_version,
        statements=statements((*made.steps, *made.after)),
    )


def _failure(model: Model, made: Plan | None, error: T4tError, started: float) -> ModelReport:
    log.debug("%s failed", model, exc_info=error)
    return ModelReport(
        model_name=str(model),
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode=None if made is None else made.decision.mode,
        reason="" if made is None else made.decision.reason,
        status="failed",
        error=str(error),
        duration_s=time.perf_counter() - started,
        statements=() if made is None else statements((*made.steps, *made.after)),
        is_transient=error.is_transient,
    )


def _unmade_hint(model: Model, graph: Graph, commits: Mapping[str, Commit]) -> str | None:
    """What to try where something that the model reads was never made, or None."""
    parents = [graph.nodes[key] for key in graph.parents.get(model.name.key, ())]
    unmade = [
        str(node)
        for node in parents
        if not (isinstance(node, Model) and node.is_ephemeral) and str(node).lower() not in commits
    ]
    if not unmade:
        return None
    return f"make {', '.join(unmade)} first: `t4t build` loads seeds and runs models in order"


def explained(error: T4tError, model: Model) -> T4tError:
    """The error with the model and the place in its file that it speaks of."""
    place = model.place
    if isinstance(error, DatabaseError) and isinstance(model.source, Query):
        line, column = model.source.place_of(error.what, error.sql, error.offset)
        if place.file.suffix == ".sql":
            place = Place(place.file, line, column)
        elif line is not None:
            error.what += f" (line {line}, column {column} of its SQL)"
    return error.located(place=place, model=str(model))
