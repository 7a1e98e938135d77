"""Running data tests on the tables of an open warehouse, and what they found."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from t4t_core.checks import Check
from t4t_core.checks.assigned import tables_read
from t4t_core.checks.freshness import Freshness
from t4t_core.checks.query import Node, table_of, violations
from t4t_core.checks.sql_test import OfSqlTest
from t4t_core.deferral import with_deferred
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, FailedChecksError, Place, RunError, T4tError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, CheckStatus
from t4t_core.sql.literals import number_literal
from t4t_core.sql.statements import count_where, rows_of
from t4t_core.sql.text import Sql, sql, subquery
from t4t_core.sql.unset import unset_variable

log = logging.getLogger("t4t_core.checks")


def run_checks(
    checks: Sequence[Check],
    node: Node | None,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    *,
    in_transaction: bool = False,
    level: int = logging.INFO,
) -> tuple[CheckReport, ...]:
    """What checks of one table find in it as it is now; all are run, whatever the others find.

    Nothing is raised: a check that cannot be carried out has the status `error`.

    Args:
        checks: Some of `project.checks`.
        node: The model or seed that they belong to; None for those of no table.
        project: Its project.
        request: The run's variables and its moment.
        warehouse: Open; read-only is enough.
        in_transaction: There is an open transaction. DuckDB carries nothing out in one in which
            something went wrong, so what comes after an error is skipped.
        level: Of the log lines about tests that passed.
    """
    reports: list[CheckReport] = []
    for check in checks:
        if in_transaction and any(report.status == "error" for report in reports):
            reports.append(left_out(check, node, "a test before it ended with an error"))
        else:
            reports.append(_run(check, node, project, request, warehouse))
        _tell(reports[-1], level)
    return tuple(reports)


def left_out(check: Check, node: Node | None, reason: str) -> CheckReport:
    """The report of a check that was not run."""
    return _report(check, node, "skipped", error=reason)


def refused(tests: Sequence[CheckReport]) -> FailedChecksError:
    """The error of a model whose finished table did not pass."""
    failed = [test for test in tests if test.is_blocking]
    found = [f"{test.name} ({_count_of(test)})" for test in failed]
    number = "a test" if len(failed) == 1 else f"{len(failed)} tests"
    return FailedChecksError(
        f"{number} failed, so nothing was published: {', '.join(found)}",
        hint="to look at the rows, publish them without their tests: `t4t run`, or in Dagster the "
        "asset without its checks",
    )


def _count_of(test: CheckReport) -> str:
    if test.status == "error":
        return "could not run"
    return "1 row" if test.failures == 1 else f"{test.failures:,} rows"


def check_placeholders(checks: Sequence[Check], values: Mapping[str, object]) -> list[T4tError]:
    """The error for each placeholder of the checks that nothing sets."""
    unset = dict.fromkeys(found for check in checks for found in check.unset)
    return [unset_variable(name, place) for name, place in unset if name not in values]


def _run(
    check: Check, node: Node | None, project: Project, request: Request, warehouse: Warehouse
) -> CheckReport:
    started = time.perf_counter()
    query = Sql("")
    try:
        if node is not None:
            others = tables_read(check, node.name.key, project.graph)
            project = with_deferred(project, others, warehouse)
        _require_tables(check, node, project, warehouse)
        query = violations(
            check,
            node,
            project.graph,
            request.variables,
            request.now,
            _types(check, node, project, request, warehouse),
        )
        found = subquery(query, Sql("violations"))
        failures = warehouse.number(count_where(found))
        columns: tuple[str, ...] = ()
        rows: tuple[tuple[object, ...], ...] = ()
        if failures:
            columns, rows = warehouse.named_rows(_sample(found, check.limit))
    except T4tError as error:
        told = error.located(place=_place(check, error))
        if node is not None:
            told = told.located(model=str(node), noun=node.noun)
        log.debug("%s failed", check.name, exc_info=error)
        return _report(check, node, "error", error=str(told), query=query, started=started)
    status: CheckStatus = "passed"
    if failures:
        status = "failed" if check.severity == "error" else "warned"
    return _report(
        check,
        node,
        status,
        failures=failures,
        columns=columns,
        sample=tuple(tuple(None if v is None else str(v) for v in row) for row in rows),
        query=query,
        started=started,
    )


def _place(check: Check, error: T4tError) -> Place:
    """Where an error of a check stands; one of the database's, where its SQL test says so."""
    if not isinstance(check.rule, OfSqlTest):
        return check.place
    query = check.rule.test.query
    if not isinstance(error, DatabaseError):
        return query.place
    from t4t_core.parsing.error_place import error_place

    return Place(query.place.file, *error_place(query, error.what, error.sql, error.offset))


def _require_tables(
    check: Check, node: Node | None, project: Project, warehouse: Warehouse
) -> None:
    """Checks that what the project makes is there, so that the error can say how to make it."""
    graph = project.graph
    read = () if node is None else (node.name.key, *tables_read(check, node.name.key, graph))
    nodes = [graph.nodes[key] for key in read if key in graph.nodes]
    missing = [
        str(found)
        for found in nodes
        if not (isinstance(found, Model) and found.is_ephemeral)
        and found.name.key not in graph.deferred
        and warehouse.target(found.name) is None
    ]
    if missing:
        raise RunError(
            f"there is no table {', '.join(missing)} yet",
            hint="make it first: `t4t build` loads seeds, runs models and tests them in order",
        )


def _types(
    check: Check, node: Node | None, project: Project, request: Request, warehouse: Warehouse
) -> dict[str, str]:
    """The types of the table's columns, where the check's query depends on them."""
    if node is None or not isinstance(check.rule, Freshness):
        return {}
    table = table_of(node, project.graph, request.variables)
    return {column.name.lower(): column.type for column in warehouse.columns(rows_of(table))}


def _sample(found: Sql, limit: int) -> Sql:
    """Some rows as text: Python cannot hold every value, and JSON even fewer."""
    return sql(
        "SELECT CAST(COLUMNS(*) AS TEXT)\nFROM {found}\nLIMIT {limit}",
        found=found,
        limit=number_literal(limit),
    )


def _report(
    check: Check,
    node: Node | None,
    status: CheckStatus,
    *,
    failures: int = 0,
    columns: tuple[str, ...] = (),
    sample: tuple[tuple[str | None, ...], ...] = (),
    query: str = "",
    error: str | None = None,
    started: float | None = None,
) -> CheckReport:
    return CheckReport(
        name=check.name,
        model_name=None if node is None else str(node),
        column=check.column,
        severity=check.severity,
        status=status,
        description=check.description,
        failures=failures,
        columns=columns,
        sample=sample,
        sql=query,
        duration_s=0.0 if started is None else time.perf_counter() - started,
        error=error,
    )


def _tell(report: CheckReport, level: int) -> None:
    of = f"{report.name} of {report.model_name}" if report.model_name else report.name
    match report.status:
        case "passed":
            log.log(level, "Test passed: %s", of)
        case "failed":
            log.error("Test failed: %s: %s", of, _count_of(report))
        case "warned":
            log.warning("Test failed: %s: %s", of, _count_of(report))
        case "error":
            log.error("Test could not run: %s", of)
        case "skipped":
            log.warning("Test skipped: %s: %s", of, report.error)
