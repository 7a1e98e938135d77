"""A model's query as the database gets it: values filled in, names resolved, ephemerals inlined."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlglot import exp

from t4t_core.errors import Place, T4tError
from t4t_core.graph import MAIN_SCHEMA, Graph
from t4t_core.model import Model
from t4t_core.names import TableName
from t4t_core.sql.names import table
from t4t_core.sql.query import Query, with_values
from t4t_core.sql.tables import TableRef, with_tables
from t4t_core.sql.window import subquery


def compiled_query(model: Model, graph: Graph, values: Mapping[str, object]) -> exp.Expression:
    """The tree of a SQL model's query, ready to run; a fresh one each time.

    Raises:
        VariableError: A placeholder has no value.
    """
    assert isinstance(model.source, Query), "a function's rows are compiled when they are there"
    return compiled(model.source, model, graph, values)


def compiled(
    query: Query, model: Model, graph: Graph, values: Mapping[str, object]
) -> exp.Expression:
    """The tree of a query that stands in a model, ready to run.

    Raises:
        VariableError: A placeholder has no value.
    """
    try:
        tree = with_values(query.tree, query.placeholders, values, query.place)
    except T4tError as error:
        raise error.located(model=str(model)) from error

    def replacement(ref: TableRef) -> exp.Expression | None:
        key = graph.resolve(ref, model.name.schema)
        node = None if key is None or key == model.name.key else graph.nodes[key]
        if isinstance(node, Model) and node.is_ephemeral:
            return subquery(compiled_query(node, graph, values))
        if node is None:
            # Inlined, a bare name could meet a common table expression of the model around it.
            if model.is_ephemeral and not ref.schema:
                return table(TableName(MAIN_SCHEMA, ref.name))
            return None
        if not ref.schema or ref.schema.lower() == graph.catalog.lower():
            return table(node.name, graph.catalog)
        return None

    return with_tables(tree, replacement)


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


def check_variables(model: Model, graph: Graph, values: Mapping[str, object]) -> list[T4tError]:
    """The error for each placeholder of the model that nothing sets."""
    from t4t_core.sql.query import unset_variable

    found: list[T4tError] = []
    for placeholder in model.source.placeholders:
        if placeholder.name not in values:
            place = Place(model.place.file, placeholder.line, placeholder.column)
            found.append(unset_variable(placeholder.name, place).located(model=str(model)))
    settings = model.strategy
    if settings is None:
        return found
    for value in (settings.start_date, settings.lookback):
        if isinstance(value, str) and value.startswith("@") and value[1:] not in values:
            found.append(unset_variable(value[1:], model.place).located(model=str(model)))
    own = {"start_date"}
    for placeholder in model.where_condition.placeholders if model.where_condition else ():
        if placeholder.name not in values and placeholder.name not in own:
            found.append(unset_variable(placeholder.name, model.place).located(model=str(model)))
    return found
