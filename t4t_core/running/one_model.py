"""Running one model: plan, transaction, commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.data_tests.checking import refused, run_checks
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, FailedChecksError, T4tError
from t4t_core.models import Model
from t4t_core.planning.facts import Column, Facts
from t4t_core.planning.plan import Plan
from t4t_core.planning.planned_model import Given, plan_model
from t4t_core.planning.request import Request
from t4t_core.planning.steps import Write
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, ModelReport
from t4t_core.running.apply import apply
from t4t_core.running.model_reports import explained, failure, success, unmade_hint
from t4t_core.running.new_commit import later_of, new_commit
from t4t_core.running.python_rows import RESULT
from t4t_core.running.time_values import greatest_read
from t4t_core.running.unchanged import NOTHING_FOUND, Found
from t4t_core.sql.query import Query
from t4t_core.sql_functions.made import make_functions
from t4t_core.state.ledger import write_commit
from t4t_core.state.windows import note_run
from t4t_core.windows.window import Batch

log = logging.getLogger("ExecutionEngine")
strategy_log = logging.getLogger("tee.engine.incremental_executor")


def run_model(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    commits: Mapping[str, Commit],
    with_windows: set[str],
    given: Given | None = None,
    batch: Batch | None = None,
    *,
    with_columns: bool = False,
    found: Found = NOTHING_FOUND,
) -> tuple[ModelReport, Commit | None]:
    """Runs a model in one transaction; gives what happened, and the commit if there is one.

    An error of the model's is in the report, and nothing was written then. With tests, those that
    may stop the model (`project.checks.blocking`) run before the commit, and what they found is in
    the report, unless the commit itself failed.

    Args:
        model: The model.
        project: Its project.
        request: What the run is asked to do.
        warehouse: Without an open transaction.
        commits: The last commit of each model, by its name in lower case. Where one is behind the
            ledger the run fails as a transient error: its version is taken.
        with_windows: The models of which the ledger may keep windows; see `note_run`.
        given: Rows that stand for the model's own.
        batch: What the run is of a backfill with several, or None.
        with_columns: Report the table's columns.
        found: What its rows depend on, which the run notes where all of it is known.
    """
    started = time.perf_counter()
    level = logging.INFO if batch is None else logging.DEBUG
    log.log(level, "Executing model: %s", model)
    made: Plan | None = None
    blocking = project.checks.blocking(model.name.key) if request.with_tests else ()
    tests: tuple[CheckReport, ...] = ()
    try:
        with warehouse.transaction():
            functions = make_functions(
                project.graph.functions_of(model), project.graph, request, warehouse
            )
            before = commits.get(str(model).lower())
            made, facts = plan_model(model, project, request, warehouse, before, given)
            made = replace(made, decision=made.decision.because(found.why))
            if batch is not None:
                made = _without_notes(made)
            _tell(made, facts)
            if model.pre_hooks or model.post_hooks:
                warehouse.keep_session()
            commit = _carried_out(made, facts, project, warehouse, commits, started)
            columns: tuple[Column, ...] = ()
            if with_columns:
                target = warehouse.target(model.name, with_columns=True)
                columns = target.columns if target is not None else ()
            tests = run_checks(
                blocking, model, project, request, warehouse, in_transaction=True, level=level
            )
            if any(test.is_blocking for test in tests):
                raise refused(tests)
            write_commit(warehouse, commit, found.inputs.to_note)
            note_run(warehouse, made, before, commit, batch, with_windows)
    except T4tError as error:
        told = explained(error, model)
        if isinstance(told, DatabaseError):
            told.hint = told.hint or unmade_hint(model, project.graph, commits)
        # What passed on rows that nobody will see says nothing of the table.
        found_by_tests = tests if isinstance(error, FailedChecksError) else ()
        return replace(failure(model, made, told, started), tests=found_by_tests), None
    finally:
        if not isinstance(model.source, Query):
            warehouse.forget_view(RESULT)
    if commit.row_count is None:
        log.log(level, "Successfully executed %s", model)
    else:
        log.log(level, "Successfully executed %s with %d rows", model, commit.row_count)
    report = success(made, commit, started)
    steps = (*(Write(statement) for statement in functions), *report.steps)
    return replace(report, columns=columns, steps=steps, tests=tests), commit


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
    count_sql = made.row_count_sql
    counted_before = None
    if count_sql is not None and made.counts_every_change:
        # DuckDB 2.0 knows the number until something is written; then it looks at all row groups.
        counted_before = warehouse.number(count_sql)
    tallies = apply(made.steps, warehouse)
    watermark = greatest_read(made, tallies, warehouse)
    if not made.decision.is_full and facts.commit is not None:
        watermark = later_of(watermark, facts.commit.watermark)
    apply(made.after, warehouse)
    row_count = None
    if counted_before is not None:
        row_count = counted_before + tallies.more
    elif count_sql is not None:
        row_count = tallies.inserted if made.inserts_all_rows else warehouse.number(count_sql)
    return new_commit(made, facts, tallies, watermark, row_count, project, commits, started)


def _without_notes(made: Plan) -> Plan:
    """The plan with nothing to say in the log, for one of many batches."""
    steps = tuple(
        replace(step, note=None) if isinstance(step, Write) else step for step in made.steps
    )
    return replace(made, steps=steps, notes=())
