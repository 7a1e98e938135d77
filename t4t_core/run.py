"""Running what was selected of a project, parents before children."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from t4t_core.compiled import check_variables
from t4t_core.errors import ProjectError, T4tError
from t4t_core.models import Model
from t4t_core.project.load import Project
from t4t_core.report import ModelReport, Report
from t4t_core.request import Request
from t4t_core.seed import Seed
from t4t_core.session import open_session

log = logging.getLogger("ExecutionEngine")

Listener = Callable[[ModelReport], None]


def run_nodes(
    project: Project,
    nodes: Sequence[Model | Seed],
    request: Request,
    on_finished: Listener | None = None,
) -> Report:
    """Runs models and loads seeds; what reads a failed one is left out, the rest runs.

    Args:
        project: The project.
        nodes: Parents before children. Ephemeral models run as part of the models that read them.
        request: What the run is asked to do.
        on_finished: Called with each report as it comes.

    Raises:
        ProjectError: Variables are missing; nothing was run.
        LockedError: Another process holds the database; nothing was run.
        UsageError: The database or the state cannot be used; nothing was run.
    """
    require_variables(project, nodes, request)
    reports: list[ModelReport] = []
    broken: dict[tuple[str, str], str] = {}
    with open_session(project) as session:
        for node in nodes:
            if isinstance(node, Model) and node.is_ephemeral:
                _pass_on(node, project, broken)
                continue
            culprit = _broken_parent(node, project, broken)
            report = session.run(node, request) if culprit is None else _left_out(node, culprit)
            if report.status == "failed":
                broken[node.name.key] = str(node)
                log.error("%s", report.error)
            elif culprit is not None:
                broken[node.name.key] = culprit
                log.warning("Skipped %s: %s", node, report.reason)
            reports.append(report)
            if on_finished is not None:
                on_finished(report)
    return Report(tuple(reports))


def require_variables(project: Project, nodes: Sequence[Model | Seed], request: Request) -> None:
    """Checks that every placeholder in the models, and in the ephemerals they read, has a value.

    Raises:
        ProjectError: The missing ones, together.
    """
    missing: list[T4tError] = []
    for model in _with_ephemerals(project, nodes):
        missing += check_variables(model, request.variables)
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


def _broken_parent(
    node: Model | Seed, project: Project, broken: dict[tuple[str, str], str]
) -> str | None:
    return next(
        (broken[key] for key in project.graph.parents[node.name.key] if key in broken), None
    )


def _pass_on(node: Model, project: Project, broken: dict[tuple[str, str], str]) -> None:
    culprit = _broken_parent(node, project, broken)
    if culprit is not None:
        broken[node.name.key] = culprit


def _left_out(node: Model | Seed, culprit: str) -> ModelReport:
    settings = node.strategy if isinstance(node, Model) else None
    return ModelReport(
        model_name=str(node),
        materialization=node.config.materialization if isinstance(node, Model) else "seed",
        strategy=None if settings is None else settings.name,
        mode="skipped",
        reason=f"{culprit} failed",
        status="skipped",
    )
