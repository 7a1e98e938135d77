"""The data tests of a build that run beside the models, and the order that tests ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t4t_core.checks.assigned import schema_of
from t4t_core.checks.query import Node
from t4t_core.data_tests.checking import left_out, run_checks
from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, ModelReport
from t4t_core.resolution import Key
from t4t_core.sql_functions.calls import functions_behind
from t4t_core.sql_functions.function import Function


def in_build_order(project: Project, nodes: Sequence[Node]) -> list[Node]:
    """The nodes such that what tests look at is built before them, wherever that can be."""
    place = {key: at for at, key in enumerate(project.checks.order)}
    return sorted(nodes, key=lambda node: place[node.name.key])


def functions_of_tests(node: Node, project: Project) -> tuple[Function, ...]:
    """What the tests of a node call and no model does; what others call comes before them."""
    graph, key = project.graph, node.name.key
    found: dict[Key, Function] = {}
    for check in project.checks.of(key):
        called = functions_behind(
            check.calls,
            schema_of(check, key, graph),
            graph.functions,
            graph.catalog,
            graph.default_schema,
        )
        found |= {function.name.key: function for function in called}
    if not found:
        return ()
    of_models = {f.name.key for model in graph.models for f in graph.functions_of(model)}
    return tuple(function for key, function in found.items() if key not in of_models)


def tests_left_out(node: Node, project: Project, reason: str) -> tuple[CheckReport, ...]:
    """The reports of a node's tests where the node itself was not run."""
    return tuple(left_out(check, node, reason) for check in project.checks.at_once(node.name.key))


def ephemeral_tests(
    node: Node, project: Project, request: Request, warehouse: Warehouse
) -> tuple[CheckReport, ...]:
    """What the tests of an ephemeral model find in the rows that its readers would get."""
    return run_checks(project.checks.at_once(node.name.key), node, project, request, warehouse)


def waiting_tests(
    node: Node,
    project: Project,
    selected: Sequence[Node],
    undone: Mapping[Key, str],
    request: Request,
    warehouse: Warehouse,
) -> tuple[CheckReport, ...]:
    """What the tests find that waited for this node.

    A test waits for a table that is built from the test's own. Where a build leaves that table
    out, it runs after its own.

    Args:
        node: What was run last.
        project: Its project.
        selected: All that the build runs.
        undone: What failed or was left out so far, with the reason.
        request: What the build is asked to do.
        warehouse: Without an open transaction.
    """
    owners = {owner.name.key: owner for owner in selected}
    reports: list[CheckReport] = []
    for (key, name), after in project.checks.waits.items():
        if key not in owners or (after if after in owners else key) != node.name.key:
            continue
        (check,) = (check for check in project.checks.of(key) if check.name == name)
        reason = undone.get(key) or undone.get(after)
        if reason is None:
            reports += run_checks([check], owners[key], project, request, warehouse)
        else:
            reports.append(left_out(check, owners[key], reason))
    return tuple(reports)


def rest_of_tests(
    node: Node,
    project: Project,
    request: Request,
    report: ModelReport,
    warehouse: Warehouse,
) -> tuple[CheckReport, ...]:
    """What the tests found that did not run before the commit; a failed node's are left out.

    Those that wait for another table are not among them.
    """
    if not request.with_tests:
        return ()
    done = {test.name for test in report.tests}
    rest = [check for check in project.checks.at_once(node.name.key) if check.name not in done]
    if report.status == "failed":
        return tuple(left_out(check, node, f"{node} failed") for check in rest)
    return run_checks(rest, node, project, request, warehouse)
