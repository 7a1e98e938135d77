"""The IO manager that runs models: the same code as `t4t run`."""

import logging
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource
from pydantic import Field

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import LockedError, T4tError
from t4t_core.models import Model
from t4t_core.one_model import Given
from t4t_core.project import Project, with_variables
from t4t_core.report import ModelReport
from t4t_core.request import Request
from t4t_core.run import require_variables
from t4t_core.seed import Seed
from t4t_core.session import open_session
from t4t_core.sql.lineage import Lineage
from t4t_dagster.assets import T4tOutput
from t4t_dagster.foreign_model import foreign_model
from t4t_dagster.inputs import input_rows
from t4t_dagster.lineage import lineage_of
from t4t_dagster.logs import shown_in
from t4t_dagster.metadata import column_lineage, materialization_metadata
from t4t_dagster.translator import T4tTranslator
from t4t_dagster.warehouse import open_warehouse

_LOCK_RETRIES = 60
_LOCK_PAUSE_S = 5


class T4tIOManager(dg.ConfigurableIOManager):
    """Runs t4t models and loads their tables.

    `vars` are the variables of the run, over `[vars]` of project.toml; `full_refresh` builds
    incremental tables anew. Make one with `T4tIOManager.of(project)`.
    """

    project: dg.ResourceDependency[Project]
    translator: dg.ResourceDependency[T4tTranslator]
    duckdb: dg.ResourceDependency[DuckDBResource | None]
    vars: dict[str, Any] = Field(
        default={}, description="Variables for @name and {{ name }}, over [vars] of project.toml."
    )
    full_refresh: bool = Field(
        default=False, description="Build the tables of incremental models anew."
    )

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

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Runs the model that an asset handed over, or writes the rows that it returned.

        Raises:
            dagster.Failure: The model failed; nothing was published.
            dagster.RetryRequested: Another process holds the database.
        """
        given = None if isinstance(obj, T4tOutput) else Given(obj)
        try:
            project = self._project_of(obj)
            node = obj.node if given is None else foreign_model(context, project)
            node = project.graph.nodes.get(node.name.key, node)
            request = Request(variables=project.variables, full_refresh=self.full_refresh)
            require_variables(project, [node], request)
            with (
                shown_in(context.log),
                open_warehouse(project, self.duckdb) as warehouse,
                open_session(project, warehouse) as session,
            ):
                report = session.run(node, request, given, with_columns=True)
                lineage = _lineage(report, node, project, request, session.warehouse, context.log)
        except LockedError as error:
            context.log.info(str(error))
            raise dg.RetryRequested(_LOCK_RETRIES, _LOCK_PAUSE_S) from error
        except T4tError as error:
            raise dg.Failure(str(error), allow_retries=error.is_transient) from error
        if report.status == "failed":
            raise dg.Failure(
                report.error,
                metadata=materialization_metadata(report, node, project),
                allow_retries=report.is_transient,
            )
        metadata = materialization_metadata(report, node, project)
        if lineage and isinstance(node, Model):
            metadata["dagster/column_lineage"] = column_lineage(
                lineage, project, node, self.translator
            )
        context.add_output_metadata(metadata)
        if isinstance(obj, T4tOutput) and report.data_version is not None:
            obj.set_data_version(dg.DataVersion(report.data_version))

    def load_input(self, context: dg.InputContext) -> Any:
        """The table of an upstream asset, in the form that the input's annotation asks for.

        A relation is a copy in memory, so that it holds no lock.

        Raises:
            dagster.Failure: There is no such table.
            dagster.RetryRequested: Another process holds the database.
        """
        try:
            with open_warehouse(self.project, self.duckdb, is_reading=True) as warehouse:
                return input_rows(context, self.project, self.translator, warehouse)
        except LockedError as error:
            context.log.info(str(error))
            raise dg.RetryRequested(_LOCK_RETRIES, _LOCK_PAUSE_S) from error
        except T4tError as error:
            raise dg.Failure(str(error), allow_retries=error.is_transient) from error

    def _project_of(self, obj: Any) -> Project:
        """The project that an output belongs to, with the variables of code and run."""
        project = self.project
        if isinstance(obj, T4tOutput) and obj.project.settings.folder != project.settings.folder:
            project = obj.project
        return with_variables(project, self.vars)


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
