"""The IO manager that runs models: the same code as `t4t run`."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource
from msgspec.structs import replace
from pydantic import Field, PrivateAttr

from t4t_core.checks import Check
from t4t_core.data_tests.checking import check_placeholders, run_checks
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import LockedError, ProjectError, T4tError
from t4t_core.models import Model
from t4t_core.planning.planned_model import Given
from t4t_core.planning.request import Request
from t4t_core.project import Project, with_variables
from t4t_core.report import CheckReport, ModelReport
from t4t_core.running.run import require_variables
from t4t_core.seeds.seed import Seed
from t4t_core.sql.origins import Lineage
from t4t_core.sql_functions.made import register_functions
from t4t_dagster.assets import T4tOutput
from t4t_dagster.checks import only
from t4t_dagster.foreign_model import foreign_model, require_table
from t4t_dagster.inputs import input_rows
from t4t_dagster.kept_session import KeptSession
from t4t_dagster.lineage import lineage_of
from t4t_dagster.logs import shown_in
from t4t_dagster.partitions import Part, part_of_rows, with_part
from t4t_dagster.ran import T4tRan
from t4t_dagster.steps_between import Standing
from t4t_dagster.translator import T4tTranslator

_LOCK_RETRIES = 60
_LOCK_PAUSE_S = 5


class T4tIOManager(dg.ConfigurableIOManager):
    """Runs t4t models and loads their tables.

    `vars` are the variables of the run, over `[vars]` of project.toml; `full_refresh` builds
    incremental tables anew; `only_changed` leaves models as they are whose inputs have not changed.
    Make one with `T4tIOManager.of(project)`.
    """

    project: dg.ResourceDependency[Project]
    translator: dg.ResourceDependency[T4tTranslator]
    duckdb: dg.ResourceDependency[DuckDBResource | None]
    vars: dict[str, Any | None] = Field(
        default={}, description="Variables for @name and {{ name }}, over [vars] of project.toml."
    )
    full_refresh: bool = Field(
        default=False, description="Build the tables of incremental models anew."
    )
    only_changed: bool | None = Field(
        default=None,
        description="Leave models as they are whose inputs have not changed; without it as in "
        "[flags] of project.toml.",
    )
    _database: KeptSession = PrivateAttr(default_factory=KeptSession)
    # With the run's variables; a project whose files look at them is read again for them.
    _projects: dict[Path, Project] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(
        cls,
        project: Project,
        *,
        translator: T4tTranslator | None = None,
        duckdb: DuckDBResource | None = None,
        vars: dict[str, Any] | None = None,
    ) -> Any:
        """The resource for a project, whose config a run may set in part.

        Args:
            project: From `load_project`.
            translator: The one that made the assets.
            duckdb: Connect through this resource; it must open the project's own database.
            vars: Variables of every run, over `[vars]`; a run's own `vars` stand above them.
        """
        return cls.configure_at_launch(
            project=with_variables(project, vars or {}),
            translator=translator or T4tTranslator(),
            duckdb=duckdb,
        )

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002  Dagster's signature
        """Closes the database at the end of a run."""
        self._database.close()

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Runs the model that an asset handed over, or writes the rows that it returned.

        Raises:
            dagster.Failure: The model failed; nothing was published.
            dagster.RetryRequested: Another process holds the database.
        """
        ran = obj
        if isinstance(obj, T4tOutput):
            ran = self.ran(obj, context.log)
        elif not isinstance(obj, T4tRan):
            ran = self._written(context, obj)
        ran.raise_failure()
        context.add_output_metadata(ran.metadata(self.translator))
        if ran.set_data_version is not None and ran.report.data_version is not None:
            ran.set_data_version(dg.DataVersion(ran.report.data_version))

    def ran(self, output: T4tOutput, log: logging.Logger) -> T4tRan:
        """Runs the model that an asset hands over, with the data tests that it names.

        Args:
            output: From the body of a t4t asset.
            log: Of the step.

        Raises:
            dagster.Failure: The model could not be run at all.
            dagster.RetryRequested: Another process holds the database.
        """
        with _told_to_dagster(log):
            project = self._project_of(output.project)
            key = output.node.name.key
            node = project.graph.nodes.get(key, output.node)
            checks = only(project.checks, key, [one.check for one in output.checks])
            report, lineage = self._run(
                node,
                replace(project, checks=checks),
                log,
                part=output.part,
                with_tests=bool(output.checks),
                standing=output.standing,
            )
            return T4tRan(node, project, report, lineage, output.set_data_version)

    def tested(
        self,
        node: Model | Seed,
        project: Project,
        checks: Sequence[Check],
        log: logging.Logger,
        standing: Standing | None = None,
    ) -> tuple[CheckReport, ...]:
        """What data tests of a model find in its table as it is.

        Args:
            node: The model or seed.
            project: The project that it stands in.
            checks: Some of its checks.
            log: Of the step.
            standing: The step, where the database may stay open after it.

        Raises:
            dagster.Failure: A variable is missing, or the database cannot be opened.
            dagster.RetryRequested: Another process holds the database.
        """
        with _told_to_dagster(log), shown_in(log):
            project = self._project_of(project)
            request = Request(variables=project.variables)
            missing = check_placeholders(checks, project.variables)
            if missing:
                raise ProjectError(tuple(missing))
            with self._database.reading(project, self.duckdb, standing) as warehouse:
                register_functions(project.graph, warehouse)
                return run_checks(checks, node, project, request, warehouse)

    def load_input(self, context: dg.InputContext) -> Any:
        """The table of an upstream asset, in the form that the input's annotation asks for.

        A relation is a copy in memory, so that it holds no lock.

        Raises:
            dagster.Failure: There is no such table.
            dagster.RetryRequested: Another process holds the database.
        """
        with (
            _told_to_dagster(context.log),
            self._database.reading(self.project, self.duckdb, None) as warehouse,
        ):
            return input_rows(context, self.project, self.translator, warehouse)

    def _written(self, context: dg.OutputContext, rows: Any) -> T4tRan:
        """The run that writes what an asset of other code returned."""
        with _told_to_dagster(context.log):
            require_table(rows, context)
            project = self._project_of(self.project)
            described = foreign_model(context, project)
            node = project.graph.nodes.get(described.name.key, described)
            part = part_of_rows(node, context, full_refresh=self.full_refresh)
            report, lineage = self._run(node, project, context.log, Given(rows), part=part)
            return T4tRan(node, project, report, lineage, None)

    def _run(
        self,
        node: Model | Seed,
        project: Project,
        log: logging.Logger,
        given: Given | None = None,
        *,
        part: Part | None = None,
        with_tests: bool = False,
        standing: Standing | None = None,
    ) -> tuple[ModelReport, Lineage]:
        is_default = project.settings.flags.only_changed
        request = Request(
            variables=project.variables,
            full_refresh=self.full_refresh,
            with_tests=with_tests,
            only_changed=is_default if self.only_changed is None else self.only_changed,
        )
        request = with_part(request, node, part)
        require_variables(project, [node], request)
        with shown_in(log), self._database.session(project, self.duckdb, standing) as session:
            report = session.run(node, request, given, with_columns=True)
            lineage = _lineage(report, node, project, request, session.warehouse, log)
        if report.status == "failed":
            # The step may be tried again much later.
            self._database.close()
        return report, lineage

    def _project_of(self, project: Project) -> Project:
        """The project that an output belongs to, with the variables of code and run."""
        is_ours = project.settings.folder == self.project.settings.folder
        asked = self.project if is_ours else project
        folder = asked.settings.folder
        if folder not in self._projects:
            self._projects[folder] = with_variables(asked, self.vars)
        return self._projects[folder]


@contextmanager
def _told_to_dagster(log: logging.Logger) -> Iterator[None]:
    """Errors as what Dagster knows.

    Raises:
        dagster.Failure: For an error; tried again only where nothing has to be changed for it.
        dagster.RetryRequested: Where another process holds the database.
    """
    try:
        yield
    except LockedError as error:
        log.info(str(error))
        raise dg.RetryRequested(_LOCK_RETRIES, _LOCK_PAUSE_S) from error
    except T4tError as error:
        raise dg.Failure(str(error), allow_retries=error.is_transient) from error


def _lineage(
    report: ModelReport,
    node: Model | Seed,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    log: logging.Logger,
) -> Lineage:
    """The lineage of a model that has run; the run is committed, so no error may fail it now."""
    if report.status != "success":
        return {}
    try:
        return lineage_of(node, project, request, warehouse)
    except T4tError as error:
        log.warning("no column lineage: %s", error)
        return {}
