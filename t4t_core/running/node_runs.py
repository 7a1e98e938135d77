"""What becomes of each node of a run, after what became of those before it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec import Struct

from t4t_core.checks.query import Node
from t4t_core.data_tests.in_builds import ephemeral_tests, tests_left_out, waiting_tests
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.report import CheckReport, ModelReport
from t4t_core.resolution import Key
from t4t_core.running.order import read_in_run
from t4t_core.running.session import Session
from t4t_core.windows.backfill import OnProgress

log = logging.getLogger("ExecutionEngine")


class Ended(Struct, frozen=True):
    """What became of a node.

    Attributes:
        report: Of the node; an ephemeral model has none.
        tests: What was found by those that ran with it.
    """

    report: ModelReport | None
    tests: tuple[CheckReport, ...]

    @property
    def has_written(self) -> bool:
        """Whether a transaction of the node's own was carried out."""
        report = self.report
        return report is not None and report.status == "success" and report.mode != "skipped"


class NodeRuns:
    """The runs of nodes. What reads a failed one is left out.

    Several threads may run nodes at once, each after those that it reads: each notes what became of
    its own node, and looks only at those that have ended.

    Attributes:
        reads: For each node, the others of the run that it reads.
        undone: Why a node's table is not what it should be: it failed or was left out.
    """

    def __init__(
        self,
        project: Project,
        nodes: Sequence[Node],
        request: Request,
        on_progress: OnProgress | None,
    ) -> None:
        self.reads = read_in_run(nodes, project.graph)
        self.undone: dict[Key, str] = {}
        self._broken: dict[Key, str] = {}  # and those of which a test failed
        self._project = project
        self._nodes = nodes
        self._place = {node.name.key: at for at, node in enumerate(nodes)}
        self._request = request
        self._on_progress = on_progress

    def run(self, node: Node, session: Session) -> Ended:
        """Runs a node, or leaves it out, with the tests that can be run then.

        Args:
            node: The nodes that it reads have ended.
            session: What it is run in.
        """
        key = node.name.key
        broken = [other for other in self.reads[key] if other in self._broken]
        culprit = self._broken[min(broken, key=self._place.__getitem__)] if broken else None
        report, tests = self._outcome(node, session, culprit)
        if culprit is not None or (report is not None and report.status == "failed"):
            self._broken[key] = self.undone[key] = culprit or f"{node} failed"
        if self._request.with_tests:
            tests += waiting_tests(
                node, self._project, self._nodes, self.undone, self._request, session.warehouse
            )
        for test in tests:
            if test.is_blocking:
                self._broken.setdefault(key, f"a test of {test.model_name} failed")
        return Ended(report, tests)

    def _outcome(
        self, node: Node, session: Session, culprit: str | None
    ) -> tuple[ModelReport | None, tuple[CheckReport, ...]]:
        """What happened to a node and what its tests found.

        Args:
            node: The node.
            session: What it is run in.
            culprit: Why it is left out, or None where it is not.
        """
        request = self._request
        is_ephemeral = isinstance(node, Model) and node.is_ephemeral
        if culprit is None and is_ephemeral:
            if not request.with_tests:
                return None, ()
            session.make_functions_of_tests(node, request)
            return None, ephemeral_tests(node, self._project, request, session.warehouse)
        if culprit is None:
            report = session.run(node, request, on_progress=self._on_progress)
            if report.status == "failed":
                log.error("%s", report.error)
            return report, report.tests
        tests = tests_left_out(node, self._project, culprit) if request.with_tests else ()
        if is_ephemeral:
            return None, tests
        log.warning("Skipped %s: %s", node, culprit)
        return _left_out(node, culprit, tests), tests


def _left_out(node: Node, culprit: str, tests: tuple[CheckReport, ...]) -> ModelReport:
    settings = node.strategy if isinstance(node, Model) else None
    return ModelReport(
        model_name=str(node),
        materialization=node.config.materialization if isinstance(node, Model) else "seed",
        strategy=None if settings is None else settings.name,
        mode="skipped",
        reason=culprit,
        status="skipped",
        tests=tests,
    )
