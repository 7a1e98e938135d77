"""A model's query as the database gets it: values filled in, names resolved, ephemerals inlined."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlglot import exp

from t4t_core.errors import Place, T4tError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.other_database import DEFERRED
from t4t_core.resolution import MAIN_SCHEMA
from t4t_core.sql.files import with_files
from t4t_core.sql.filled import unset_variable, with_values
from t4t_core.sql.names import table, table_in
from t4t_core.sql.query import Query
from t4t_core.sql.tables import TableRef, with_tables
from t4t_core.sql.window import subquery
from t4t_core.sql_functions.names import function_name, with_function_names


def compiled_query(
    model: Model, graph: Graph, values: Mapping[str, object], *, is_to_run: bool = True
) -> exp.Expr:
    """The tree of a SQL model's query; a fresh one each time.

    Args:
        model: The model.
        graph: Its graph.
        values: Of its placeholders.
        is_to_run: Calls of functions are in the user's own words, and no longer nodes.

    Raises:
        VariableError: A placeholder has no value.
    """
    assert isinstance(model.source, Query), "a function's rows are compiled when they are there"
    return compiled(model.source, model, graph, values, is_to_run=is_to_run)


def compiled(
    query: Query,
    model: Model,
    graph: Graph,
    values: Mapping[str, object],
    *,
    is_to_run: bool = True,
) -> exp.Expr:
    """The tree of a query that stands in a model; see `compiled_query`.

    Raises:
        VariableError: A placeholder has no value.
    """
    written = query.tree_to_run if is_to_run else query.tree
    try:
        tree = with_values(written, query.placeholders, {**query.defaults, **values}, query.place)
    except T4tError as error:
        raise error.located(model=str(model)) from error

    tree = with_files(tree, graph.folder)
    # Calls come first: those of ephemeral models are written for their own schema.
    tree = with_function_names(tree, model.name.schema, graph)
    return with_tables(tree, lambda ref: _replacement(ref, model, graph, values, is_to_run))


def query_to_run(model: Model, graph: Graph, values: Mapping[str, object]) -> exp.Expr:
    """The query that the statements of a SQL model are made of; a fresh tree each time.

    The query of a table or view in which nothing is to be replaced is the user's own text, so that
    nothing in it, not even the name DuckDB gives to a column without one, depends on how sqlglot
    writes SQL. An incremental model's query is taken apart, so it is always written from its tree.

    Raises:
        VariableError: A placeholder has no value.
    """
    query = model.source
    assert isinstance(query, Query), "a function's rows are compiled when they are there"
    is_alone = model.strategy is None and model.config.numbered is None
    is_whole = is_alone and query.is_select
    is_as_written = query.dialect == "duckdb" and not query.placeholders
    if is_whole and is_as_written:
        replaced = (_replacement(ref, model, graph, values, True) for ref in query.tables)
        called = (function_name(ref, model.name.schema, graph) for ref in query.calls)
        is_kept = all(replacement is None for replacement in (*replaced, *called))
        if is_kept and not query.has_relative_files:
            return exp.Var(this=query.statement)
    return compiled(query, model, graph, values)


def _replacement(
    ref: TableRef, model: Model, graph: Graph, values: Mapping[str, object], is_to_run: bool
) -> exp.Expr | None:
    """What stands for a table of a model's query, or None where it stays as it is written."""
    key = graph.resolve(ref, model.name.schema)
    node = None if key is None or key == model.name.key else graph.nodes[key]
    if isinstance(node, Model) and node.is_ephemeral:
        return subquery(compiled_query(node, graph, values, is_to_run=is_to_run))
    if node is None:
        # Inlined, a bare name could meet a common table expression of the model around it.
        if model.is_ephemeral and not ref.schema and not ref.is_file:
            return table(TableName(MAIN_SCHEMA, ref.name))
        return None
    is_foreign = key in graph.deferred
    if is_foreign or not ref.schema or ref.schema.lower() == graph.catalog.lower():
        return table_read(node.name, graph)
    return None


def table_read(name: TableName, graph: Graph) -> exp.Table:
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
