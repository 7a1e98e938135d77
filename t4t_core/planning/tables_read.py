"""What the database says of the tables that a model's query reads."""

from __future__ import annotations

from t4t_core.config import AppendConfig, DeleteInsertConfig
from t4t_core.engines.duckdb import Warehouse
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.sql.query import Query
from t4t_core.sql.query_text import QueryText


def may_read_target(model: Model, graph: Graph, warehouse: Warehouse) -> bool:
    """Whether something the model reads could be, or look at, its own table.

    A model's query cannot, since the graph has no cycles; nor can a table. A view that the project
    does not make may, and so may a function. Only delete_insert depends on it, so for the others
    the database is not asked.
    """
    is_asked = isinstance(model.strategy, DeleteInsertConfig)
    if not is_asked or not isinstance(model.source, Query):
        return True
    names = [graph.source_name(ref) for ref in graph.sources_through_ephemerals(model)]
    return not all(_is_table(name, warehouse) for name in names)


def reads_by_scan(model: Model, query: QueryText, graph: Graph, warehouse: Warehouse) -> bool:
    """Whether the model's query is a scan of one table of this database.

    Then two statements about parts of its rows cost little more than one about all of them. Only
    append depends on it, so for the others the database is not asked.
    """
    settings = model.strategy
    if not isinstance(settings, AppendConfig) or not isinstance(model.source, Query):
        return False
    if query.outermost is None or query.source_of(settings.time_column) is None:
        return False
    # Rows that an asset returned stand for the query; of them the model's text says nothing.
    named = [ref for ref in model.source.tables if ref.name == query.outermost.scans]
    if len(named) != 1:
        return False
    (read,) = named
    key = graph.resolve(read, model.name.schema)
    if key is None:
        return _is_table(graph.source_name(read), warehouse)
    node = graph.nodes[key]
    is_view = isinstance(node, Model) and node.config.materialization == "view"
    return not is_view and key not in graph.deferred


def _is_table(name: tuple[str, ...], warehouse: Warehouse) -> bool:
    target = warehouse.target(TableName(*name)) if len(name) == 2 else None
    return target is not None and target.kind == "table"
