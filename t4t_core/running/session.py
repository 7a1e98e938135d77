"""An open warehouse with its state, in which models and seeds are run."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.data_tests.in_builds import functions_of_tests, rest_of_tests
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, T4tError
from t4t_core.models import Model
from t4t_core.planning.planned_model import Given
from t4t_core.planning.request import Request
from t4t_core.planning.steps import Write
from t4t_core.project.load import Project
from t4t_core.report import ModelReport
from t4t_core.running.model_reports import explained, failure
from t4t_core.running.one_model import run_model
from t4t_core.running.unchanged import Unchanged
from t4t_core.seeds.one_seed import run_seed
from t4t_core.seeds.seed import Seed
from t4t_core.sql_functions.function import Function
from t4t_core.sql_functions.made import ledger_name, make_functions, register_functions
from t4t_core.state.ledger import last_commit
from t4t_core.state.mirror import bring_up_to_date
from t4t_core.state.windows import forget_progress, models_with_windows
from t4t_core.windows.backfill import OnProgress, run_backfill, todo_of
from t4t_core.windows.window import Batch, Window

log = logging.getLogger("t4t_core.state")
model_log = logging.getLogger("ExecutionEngine")


class Session:
    """A project's warehouse, open for writing.

    Make one with `open_session`. While it is open no other process can open the database.
    """

    def __init__(
        self,
        project: Project,
        warehouse: Warehouse,
        commits: Sequence[Commit] = (),
        epoch: str | None = None,
    ) -> None:
        self.project = project
        self.warehouse = warehouse
        self._commits = {commit.model_name.lower(): commit for commit in commits}
        # Read after the commits: what is later than they are fails by its version.
        self._with_windows = models_with_windows(warehouse)
        self._unmirrored: dict[str, Commit] = {}
        self.unchanged = Unchanged(project, warehouse, epoch)
        register_functions(project.graph, warehouse)

    def of(self, project: Project) -> Session:
        """The same session for the project with other variables or checks."""
        other = copy.copy(self)
        other.project = project
        return other

    @contextmanager
    def beside(self) -> Iterator[Session]:
        """The same session on a cursor, for another thread; both may run nodes at once.

        Not two that write the same table, nor hooks or Python models beside any other.
        """
        with self.warehouse.beside() as warehouse:
            other = copy.copy(self)
            other.warehouse = warehouse
            yield other

    def stop(self) -> None:
        """Ends what another thread runs here with a KeyboardInterrupt, and refuses what follows."""
        self.warehouse.stop()

    def run(
        self,
        node: Model | Seed,
        request: Request,
        given: Given | None = None,
        *,
        with_columns: bool = False,
        on_progress: OnProgress | None = None,
    ) -> ModelReport:
        """Runs a model or loads a seed; an error of its own is in the report.

        With tests (`request.with_tests`) the report has what they found: those of severity error
        ran in the model's transaction, of a backfill in each of its batches; the others, and those
        of a seed or of a model that there was nothing to do for, ran afterwards. Those that wait
        for another table (`project.checks.waits`) are not run.

        Args:
            node: The model or seed.
            request: What the run is asked to do.
            given: Rows that stand for the model's own.
            with_columns: Report the table's columns.
            on_progress: Called after each of a backfill's batches where it has several.
        """
        if request.with_tests:
            self.make_functions_of_tests(node, request)
        report = self._run(node, request, given, with_columns, on_progress)
        rest = rest_of_tests(node, self.project, request, report, self.warehouse)
        return replace(report, tests=(*report.tests, *rest))

    def _run(
        self,
        node: Model | Seed,
        request: Request,
        given: Given | None,
        with_columns: bool,
        on_progress: OnProgress | None,
    ) -> ModelReport:
        if isinstance(node, Seed):
            report, commit = run_seed(node, request, self.warehouse, self.project)
            self.unchanged.forget(node)
            if with_columns and report.status == "success":
                target = self.warehouse.target(node.name, with_columns=True)
                report = replace(report, columns=() if target is None else target.columns)
            if commit is not None:
                self.remember(commit)
            return report
        if request.backfill is None or not node.reads_windows:
            return self._run_model(node, request, given, with_columns)

        def run(window: Window, batch: Batch | None) -> ModelReport:
            of_batch = replace(request, window=window, backfill=None)
            return self._run_model(node, of_batch, given, with_columns, batch)

        commit = self._commits.get(str(node).lower())
        try:
            todo = todo_of(node, request.backfill, self.project.graph, self.warehouse, commit)
        except T4tError as error:
            return failure(node, None, explained(error, node), time.perf_counter())
        return run_backfill(node, todo, commit, run, on_progress)

    def _run_model(
        self,
        model: Model,
        request: Request,
        given: Given | None,
        with_columns: bool,
        batch: Batch | None = None,
    ) -> ModelReport:
        started = time.perf_counter()
        try:
            found = self.unchanged.found(model, request, given, self._commits, with_columns)
        except T4tError as error:
            return failure(model, None, explained(error, model), started)
        if found.report is not None:
            model_log.info("Left %s as it is: %s", model, found.report.reason)
            return found.report

        def run() -> tuple[ModelReport, Commit | None]:
            return run_model(
                model,
                self.project,
                request,
                self.warehouse,
                self._commits,
                self._with_windows,
                given,
                batch,
                with_columns=with_columns,
                found=found,
            )

        report, commit = run()
        if report.status == "failed" and self._is_behind(model):
            # Another session of this process has run the model since the ledger was read.
            report, commit = run()
        self.unchanged.forget(model)
        if commit is not None:
            self.unchanged.remember(commit, found.inputs)
            self.remember(commit)
            self._remember_functions(self.project.graph.functions_of(model))
        return report

    def make_functions(self, functions: Sequence[Function], request: Request) -> None:
        """Makes functions that no model calls, in a transaction of their own.

        Raises:
            RunError: One cannot be made; none of them was.
        """
        with self.warehouse.transaction():
            make_functions(functions, self.project.graph, request, self.warehouse)
        self._remember_functions(functions)

    def make_functions_of_tests(self, node: Model | Seed, request: Request) -> None:
        """Makes what only the tests of a node call; where that fails, they say what they miss."""
        functions = functions_of_tests(node, self.project)
        if not functions:
            return
        try:
            self.make_functions(functions, request)
        except T4tError as error:
            log.error("%s", error)  # noqa: TRY400  the user's mistake, which needs no traceback

    def make_function(self, function: Function, request: Request) -> ModelReport | None:
        """Makes a function that no model calls; gives nothing where it is as it should be."""
        started = time.perf_counter()
        error = None
        statements: tuple[str, ...] = ()
        try:
            with self.warehouse.transaction():
                statements = make_functions([function], self.project.graph, request, self.warehouse)
        except T4tError as found:
            error = str(found.located(place=function.place))
        if error is None and not statements:
            return None
        self._remember_functions([function])
        return ModelReport(
            model_name=ledger_name(function),
            materialization="function",
            strategy=None,
            mode="full" if error is None else None,
            reason="",
            status="success" if error is None else "failed",
            error=error,
            duration_s=time.perf_counter() - started,
            steps=tuple(Write(statement) for statement in statements),
        )

    def _remember_functions(self, functions: Sequence[Function]) -> None:
        """Notes what the transaction of a model committed for the functions that it calls."""
        for function in functions:
            found = last_commit(self.warehouse, ledger_name(function))
            if found is not None and found != self._commits.get(found.model_name.lower()):
                self.remember(found)

    def forget_progress(self, model: Model) -> None:
        """Lets the next backfill of a model begin at its first batch."""
        forget_progress(self.warehouse, str(model))

    def _is_behind(self, model: Model) -> bool:
        """Whether the ledger has a later commit of the model; it is known from then on."""
        known = self._commits.get(str(model).lower())
        try:
            found = last_commit(self.warehouse, str(model))
        except DatabaseError as error:
            log.debug("%s", error)
            return False  # what the model failed of says more
        if found is None or (known is not None and known.version == found.version):
            return False
        self._commits[found.model_name.lower()] = found
        self._with_windows |= models_with_windows(self.warehouse)
        return True

    def remember(self, commit: Commit) -> None:
        """Notes a commit for `tee_state.db`."""
        self._commits[commit.model_name.lower()] = commit
        self._unmirrored[commit.model_name] = commit

    def mirror(self) -> None:
        """Copies the commits since the last time into `tee_state.db`.

        The data is committed by then, so a failure is only told; the next session makes it good.
        """
        if not self._unmirrored:
            return
        settings = self.project.settings
        try:
            bring_up_to_date(
                self.warehouse,
                settings.state,
                tuple(self._unmirrored.values()),
                is_whole=False,
                lock_timeout_s=settings.lock_timeout_s,
            )
        except T4tError as error:
            log.warning("%s was not brought up to date: %s", settings.state, error)
        else:
            self._unmirrored.clear()
