"""Running data tests alone, on the tables as they are."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from t4t_core.checks import Check
from t4t_core.checks.query import Node
from t4t_core.data_tests.checking import check_placeholders, run_checks
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import ProjectError
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, Report
from t4t_core.running.looking import open_to_look


def tables_tested(
    project: Project, nodes: Sequence[Node], request: Request, *, threads: int = 1
) -> Report:
    """What all data tests of models and seeds find; nothing is written.

    Tests that belong to no table run where all nodes are given.

    Args:
        project: The project.
        nodes: Whose tests are run, in this order.
        request: The run's variables and its moment.
        threads: How many tests are run at a time.

    Returns:
        What they found, in the order of the nodes.

    Raises:
        ProjectError: Variables are missing; nothing was run.
        LockedError: Another process holds the database; nothing was run.
        UsageError: The database cannot be used; nothing was run.
    """
    of: list[Node | None] = [*nodes]
    if len(nodes) == len(project.graph.nodes):
        of.append(None)
    tests = [_Test(check, node) for node in of for check in _checks_of(node, project)]
    missing = check_placeholders([test.check for test in tests], request.variables)
    if missing:
        raise ProjectError(tuple(missing))

    def do(test: _Test, warehouse: Warehouse) -> CheckReport:
        (report,) = run_checks([test.check], test.node, project, request, warehouse)
        return report

    with open_to_look(project) as warehouse:
        if threads == 1:
            return Report(tests=tuple(do(test, warehouse) for test in tests))
        from t4t_core.running.side_by_side import do_side_by_side  # most runs need none of it

        found: dict[_Test, CheckReport] = {}
        do_side_by_side(_Queue(tests), warehouse, threads, do, found.__setitem__)
        return Report(tests=tuple(found[test] for test in tests))


def _checks_of(node: Node | None, project: Project) -> tuple[Check, ...]:
    return project.checks.free if node is None else project.checks.of(node.name.key)


class _Test(Struct, frozen=True, eq=False):
    """A check, and the model or seed that it belongs to; None for one of no table."""

    check: Check
    node: Node | None

    def __str__(self) -> str:
        return self.check.name if self.node is None else str(self.node)


class _Queue:
    """Tests, none of which waits for another."""

    def __init__(self, tests: Sequence[_Test]) -> None:
        self._tests = iter(tests)

    def next(self) -> _Test | None:
        return next(self._tests, None)

    def is_alone(self, test: _Test) -> bool:  # noqa: ARG002  a queue's other ones are
        return False
