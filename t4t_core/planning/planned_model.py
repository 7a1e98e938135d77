"""The plan of one model, from the facts as they are now."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit, Definition
from t4t_core.config import CheckHistoryConfig, TimestampHistoryConfig
from t4t_core.context import RunContext
from t4t_core.deferral import with_deferred
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import RunError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.bounds import bounds, depends_on_greatest, with_window_values
from t4t_core.planning.compiled import compiled_query, function_fingerprints, query_fingerprint
from t4t_core.planning.definition import definition_of
from t4t_core.planning.drift import Decision, decision, settled
from t4t_core.planning.facts import Facts
from t4t_core.planning.history_drift import history_decision
from t4t_core.planning.numbered import with_number
from t4t_core.planning.plan import Plan, plan
from t4t_core.planning.request import Request
from t4t_core.planning.tables_read import may_read_target, reads_by_scan
from t4t_core.project.load import Project
from t4t_core.running.python_rows import result_query, rows_query
from t4t_core.running.time_values import greatest_in_table
from t4t_core.schema.contract import check_contract
from t4t_core.schema.facts import with_schema
from t4t_core.schema.fit import time_kind_of
from t4t_core.sql.query import Query
from t4t_core.sql.query_text import QueryText
from t4t_core.sql_functions.names import temporary_function
from t4t_core.windows.partial_runs import within_part


class Given(Struct, frozen=True):
    """Rows that stand for a model's own: what a Dagster asset returned.

    Attributes:
        rows: A pandas, Polars or PyArrow table.
    """

    rows: object


def plan_model(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    commit: Commit | None,
    given: Given | None = None,
    *,
    is_preview: bool = False,
) -> tuple[Plan, Facts]:
    """The plan of a model from the facts as they are now.

    A Python model is called, since its rows have columns only then.

    Args:
        model: The model.
        project: Its project.
        request: What the run is asked to do.
        warehouse: With an open transaction.
        commit: The model's last one.
        given: Rows that stand for the model's own.
        is_preview: Nothing is to be changed: the functions it calls are there as temporary ones.

    Raises:
        T4tError: The model cannot run.
    """
    project = with_deferred(project, project.graph.parents.get(model.name.key, ()), warehouse)
    has_columns = model.strategy is not None or model.config.numbered is not None
    target = warehouse.target(model.name, with_columns=has_columns)
    facts = Facts(target=target, commit=commit)
    watermark = None if commit is None else commit.watermark
    known_kind = None if watermark is None else watermark.kind
    request = with_window_values(model, request, known_kind)
    if commit is not None and depends_on_greatest(model, commit):
        facts = replace(facts, greatest=greatest_in_table(model, facts, project.graph, warehouse))
    definition = current_definition(model, project.graph)
    keeps_history = isinstance(model.strategy, TimestampHistoryConfig | CheckHistoryConfig)
    decide = history_decision if keeps_history else decision
    decided = decide(model, definition, facts, request, project.settings.flags)
    query = _query(model, project, request, warehouse, facts, decided, given)

    def described(query: QueryText) -> QueryText:
        is_of_model = given is None and isinstance(model.source, Query)
        return previewed(model, project.graph, request) if is_preview and is_of_model else query

    if has_columns or model.config.schema_:
        facts = _with_columns(facts, described(query), model, warehouse)
    if model.strategy is not None:
        if request.window is not None and model.window is not None:
            # The window's bounds have the type of the time column, which is known for certain now.
            kind = time_kind_of(model.window.time_column, facts.query_columns)
            request = with_window_values(model, request, kind)
            if given is None and isinstance(model.source, Query):
                query = compiled_query(model, project.graph, request.variables)
        can_read = may_read_target(model, project.graph, warehouse)
        facts = replace(facts, may_read_target=can_read)
        before, decided = decided, settled(model, decided, facts, request, project.settings.flags)
        if decided.is_full and not before.is_full:
            _refuse_given(given, decided)
            query = _query(model, project, request, warehouse, facts, decided, given)
            facts = _with_columns(facts, described(query), model, warehouse)
        decided = within_part(model, decided, request, target, commit)
        if not decided.is_full:
            is_scan = reads_by_scan(model, query, project.graph, warehouse)
            facts = replace(facts, reads_by_scan=is_scan)
    facts = with_schema(facts, model, decided, warehouse)
    if facts.indexes and not facts.query_columns:
        facts = _with_columns(facts, described(query), model, warehouse)
    decided = decided.with_warning(check_contract(model, facts))
    made = plan(model, query, definition, decided, facts, request, project.settings.catalog)
    return made, facts


def previewed(model: Model, graph: Graph, request: Request) -> QueryText:
    """A SQL model's query for a preview, where the functions it calls are temporary ones."""
    return compiled_query(
        model,
        graph,
        request.variables,
        lambda ref, schema: temporary_function(ref, schema, graph),
    )


def _with_columns(facts: Facts, query: QueryText, model: Model, warehouse: Warehouse) -> Facts:
    """The facts with the columns that the query gives."""
    columns = warehouse.columns(query.sql)
    return with_number(model, replace(facts, query_columns=columns))


def _refuse_given(given: Given | None, decided: Decision) -> None:
    """Rows that an asset returned may be the new ones alone, so no table is made of them unasked.

    Raises:
        RunError: There are such rows.
    """
    if given is not None:
        raise RunError(
            f"{decided.reason}, but the rows at hand may be only the new ones",
            hint="run it with full_refresh, and return every row",
        )


def current_definition(model: Model, graph: Graph) -> Definition:
    """The model's definition, with the functions that it calls."""
    own = definition_of(model, query_fingerprint(model, graph))
    return replace(own, functions=function_fingerprints(model, graph))


def _query(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    facts: Facts,
    decided: Decision,
    given: Given | None,
) -> QueryText:
    held = () if decided.is_full or facts.target is None else facts.target.columns
    if given is not None:
        return rows_query(given.rows, model, warehouse, held)
    if isinstance(model.source, Query):
        return compiled_query(model, project.graph, request.variables)
    commit = facts.commit
    reach = None
    kind = commit.watermark.kind if commit is not None and commit.watermark is not None else None
    if model.window is not None and kind is not None:
        reach = bounds(model, kind, decided, facts, request)
    context = RunContext(
        model=str(model),
        is_full=decided.is_full,
        lower=None if reach is None else reach.lower,
        upper=None if reach is None else reach.upper,
        watermark=None if commit is None else commit.watermark,
        variables=MappingProxyType(dict(request.variables)),
        connection=warehouse.connection,
    )
    return result_query(
        model, model.source, project.graph, context, warehouse, project.settings, held
    )
