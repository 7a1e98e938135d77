"""A model's query as the database gets it: values filled in, names resolved, ephemerals inlined."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from t4t_core.errors import Place, T4tError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.other_database import DEFERRED
from t4t_core.resolution import MAIN_SCHEMA
from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.names import table, table_in
from t4t_core.sql.query import Query
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, subquery
from t4t_core.sql.unset import unset_variable
from t4t_core.sql_functions.names import function_name


def compiled_query(
    model: Model,
    graph: Graph,
    values: Mapping[str, object],
    call: Callable[[TableRef, str], TableRef | None] | None = None,
) -> QueryText:
    """A SQL model's query.

    Args:
        model: The model.
        graph: Its graph.
        values: Of its placeholders.
        call: Gives the function to call for one that a schema's model names, or None to leave it;
            by default the project's own by names that DuckDB finds.

    Raises:
        VariableError: A placeholder has no value.
    """
    assert isinstance(model.source, Query), "a function's rows are compiled when they are there"
    return compiled(model.source, model, graph, values, call)


def compiled(
    query: Query,
    model: Model,
    graph: Graph,
    values: Mapping[str, object],
    call: Callable[[TableRef, str], TableRef | None] | None = None,
) -> QueryText:
    """A query that stands in a model; see `compiled_query`.

    Raises:
        VariableError: A placeholder has no value.
    """
    schema = model.name.schema
    fill = Fill(
        place=query.place,
        values=values,
        folder=graph.folder,
        table=lambda ref: _stand_in(ref, model, graph, values, call),
        call=lambda ref: function_name(ref, schema, graph) if call is None else call(ref, schema),
    )
    try:
        return query.filled(fill)
    except T4tError as error:
        raise error.located(model=str(model)) from error


def _stand_in(
    ref: TableRef,
    model: Model,
    graph: Graph,
    values: Mapping[str, object],
    call: Callable[[TableRef, str], TableRef | None] | None,
) -> StandIn | None:
    """What stands for a table of a model's query, or None where it stays as it is written."""
    key = graph.resolve(ref, model.name.schema)
    node = None if key is None or key == model.name.key else graph.nodes[key]
    if isinstance(node, Model) and node.is_ephemeral:
        return StandIn(subquery(compiled_query(node, graph, values, call).sql))
    if node is None:
        # Inlined, a bare name could meet a common table expression of the model around it.
        if model.is_ephemeral and not ref.schema and not ref.is_file:
            return StandIn(table(TableName(MAIN_SCHEMA, ref.name)), ref.name)
        return None
    is_foreign = key in graph.deferred
    if is_foreign or not ref.schema or ref.schema.lower() == graph.catalog.lower():
        return StandIn(table_read(node.name, graph), node.name.name)
    return None


def table_read(name: TableName, graph: Graph) -> Sql:
    """The table that is read for a model or seed, in the database where it is."""
    return table_in(DEFERRED, name) if name.key in graph.deferred else table(name, graph.catalog)


def function_fingerprints(model: Model, graph: Graph) -> tuple[tuple[str, str], ...]:
    """Name and fingerprint of each function that a model calls, at any distance."""
    return tuple(sorted((str(f).lower(), f.source.fingerprint) for f in graph.functions_of(model)))


def query_fingerprint(model: Model, graph: Graph) -> str:
    """The fingerprint of a model's query with those of the ephemeral models in it."""
    inlined = [
        query_fingerprint(node, graph)
        for key in graph.parents.get(model.name.key, ())
        if isinstance(node := graph.nodes[key], Model) and node.is_ephemeral
    ]
    own = model.source.fingerprint
    if not inlined:
        return own
    return hashlib.sha256("".join([own, *inlined]).encode()).hexdigest()


def check_variables(model: Model, values: Mapping[str, object]) -> list[T4tError]:
    """The error for each placeholder of the model that nothing sets."""
    place = model.place
    is_file_of_sql = place.file.suffix == ".sql"
    needed = [
        (p.name, Place(place.file, p.line, p.column) if is_file_of_sql else place)
        for p in model.source.placeholders
        if p.name not in model.source.defaults
    ]
    settings = model.strategy
    if settings is not None:
        names = [str(value)[1:] for value in settings.read_later if str(value).startswith("@")]
        needed += [(name, model.config_place) for name in names]
    if model.where_condition is not None:
        # There, @start_date is the start of the window where no variable has that name.
        needed += [
            (placeholder.name, model.config_place)
            for placeholder in model.where_condition.placeholders
            if placeholder.name != "start_date"
        ]
    for condition in (model.delete_when, *model.predicates):
        if condition is not None:
            needed += [(p.name, model.config_place) for p in condition.placeholders]
    for hook in (*model.pre_hooks, *model.post_hooks):
        needed += [(name, model.config_place) for name in hook.variables]
    return [
        unset_variable(name, place).located(model=str(model))
        for name, place in dict.fromkeys(needed)
        if name not in values
    ]
