"""Running data tests alone, on the tables as they are."""

from __future__ import annotations

from collections.abc import Sequence

from t4t_core.checks.query import Node
from t4t_core.data_tests.checking import check_placeholders, run_checks
from t4t_core.errors import ProjectError
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, Report
from t4t_core.running.looking import open_to_look


def tables_tested(project: Project, nodes: Sequence[Node], request: Request) -> Report:
    """What all data tests of models and seeds find; nothing is written.

    Tests that belong to no table run where all nodes are given.

    Args:
        project: The project.
        nodes: Whose tests are run, in this order.
        request: The run's variables and its moment.

    Raises:
        ProjectError: Variables are missing; nothing was run.
        LockedError: Another process holds the database; nothing was run.
        UsageError: The database cannot be used; nothing was run.
    """
    checks = project.checks
    free = checks.free if len(nodes) == len(project.graph.nodes) else ()
    of_nodes = [check for node in nodes for check in checks.of(node.name.key)]
    missing = check_placeholders([*of_nodes, *free], request.variables)
    if missing:
        raise ProjectError(tuple(missing))
    found: list[CheckReport] = []
    with open_to_look(project) as warehouse:
        for node in nodes:
            found += run_checks(checks.of(node.name.key), node, project, request, warehouse)
        found += run_checks(free, None, project, request, warehouse)
    return Report(tests=tuple(found))
