"""Running what was selected of a project, parents before children."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from t4t_core.checks.query import Node
from t4t_core.data_tests.checking import check_placeholders, run_checks
from t4t_core.data_tests.in_builds import in_build_order
from t4t_core.errors import ProjectError, T4tError
from t4t_core.models import Model
from t4t_core.planning.compiled import check_variables
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import ModelReport, Report
from t4t_core.resolution import Key
from t4t_core.running.node_runs import Ended, NodeRuns
from t4t_core.running.open_session import open_session
from t4t_core.running.scheduled import scheduled
from t4t_core.running.session import Session
from t4t_core.seeds.seed import Seed
from t4t_core.windows.backfill import OnProgress
from t4t_core.windows.window import END, START

log = logging.getLogger("ExecutionEngine")

Listener = Callable[[ModelReport], None]


def run_nodes(
    project: Project,
    nodes: Sequence[Model | Seed],
    request: Request,
    on_finished: Listener | None = None,
    on_progress: OnProgress | None = None,
    *,
    threads: int = 1,
) -> Report:
    """Runs models and loads seeds; what reads a failed one is left out, the rest runs.

    With tests (`request.with_tests`), a table that a test looks at is built before the test's own
    wherever that can be; else the test runs once both are there. Tests that belong to no table run
    at the end where all nodes are given.

    Args:
        project: The project.
        nodes: Parents before children. Ephemeral models run as part of the models that read them.
        request: What the run is asked to do.
        on_finished: Called with each report as it comes.
        on_progress: Called after each batch of a backfill that has several, by the thread that
            runs it.
        threads: How many nodes are run at a time.

    Returns:
        The reports, in the order of the nodes.

    Raises:
        ProjectError: Variables are missing; nothing was run.
        LockedError: Another process holds the database; nothing was run.
        UsageError: The database or the state cannot be used; nothing was run.
    """
    require_variables(project, nodes, request)
    if request.with_tests:
        nodes = in_build_order(project, nodes)
    runs = NodeRuns(project, nodes, request, on_progress)
    ended: dict[Key, Ended] = {}
    with open_session(project) as session, session.warehouse.stopped_by_ctrl_c():
        session.unchanged.look_at(nodes, request)
        schedule = scheduled(nodes, project, request, session.warehouse, runs.reads, threads)

        def on_ended(node: Node, found: Ended) -> None:
            ended[node.name.key] = found
            schedule.end(node, has_made=found.has_written)
            if found.report is not None and on_finished is not None:
                on_finished(found.report)

        if threads > 1:
            # Most runs need none of it.
            from t4t_core.running.side_by_side import Queue, do_side_by_side

            queue: Queue[Model | Seed] = schedule
            do_side_by_side(queue, session, threads, runs.run, on_ended)
        else:
            while (node := schedule.next()) is not None:
                on_ended(node, runs.run(node, session))
        in_order = [ended[node.name.key] for node in nodes]
        reports = [found.report for found in in_order if found.report is not None]
        tests = [test for found in in_order for test in found.tests]
        reports += _functions_alone(project, nodes, request, session)
        if request.with_tests and len(nodes) == len(project.graph.nodes):
            free = project.checks.free
            tests += run_checks(free, None, project, request, session.warehouse)
        _end_backfill(nodes, request, session, runs.undone)
    return Report(tuple(reports), tuple(tests))


def _functions_alone(
    project: Project, nodes: Sequence[Model | Seed], request: Request, session: Session
) -> list[ModelReport]:
    """Makes the functions that no model calls, for other clients, where all models were given."""
    given = {node.name.key for node in nodes}
    if any(model.name.key not in given for model in project.models):
        return []
    reports = []
    for function in project.graph.uncalled_functions():
        report = session.make_function(function, request)
        if report is not None:
            reports.append(report)
            if report.status == "failed":
                log.error("%s", report.error)
    return reports


def _end_backfill(
    nodes: Sequence[Model | Seed], request: Request, session: Session, undone: Collection[Key]
) -> None:
    """Lets the same backfill begin anew, once everything is done.

    Until then a model that is done is not done again by the command that goes on with the others.
    """
    if request.backfill is not None and not undone:
        for node in nodes:
            if isinstance(node, Model) and node.reads_windows:
                session.forget_progress(node)


def require_variables(project: Project, nodes: Sequence[Model | Seed], request: Request) -> None:
    """Checks that every placeholder in the models, and in the ephemerals they read, has a value.

    With tests, those in the tests too.

    Raises:
        ProjectError: The missing ones, together.
    """
    missing: list[T4tError] = []
    is_backfill = request.window is not None or request.backfill is not None
    for model in _with_ephemerals(project, nodes):
        values = dict(request.variables)
        if is_backfill and (model.reads_windows or model.is_ephemeral):
            values |= {START: None, END: None}  # the window gives them
        missing += check_variables(model, values)
    if request.with_tests:
        checks = [check for node in nodes for check in project.checks.of(node.name.key)]
        missing += check_placeholders(checks, request.variables)
    if missing:
        raise ProjectError(tuple(missing))


def _with_ephemerals(project: Project, nodes: Sequence[Model | Seed]) -> list[Model]:
    found: dict[tuple[str, str], Model] = {}
    ahead = [node for node in reversed(nodes) if isinstance(node, Model)]
    while ahead:
        node = ahead.pop()
        if node.name.key in found:
            continue
        found[node.name.key] = node
        for key in project.graph.parents.get(node.name.key, ()):
            parent = project.graph.nodes[key]
            if isinstance(parent, Model) and parent.is_ephemeral:
                ahead.append(parent)
    return list(found.values())
