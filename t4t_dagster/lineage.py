"""The column lineage of a model that was just run."""

from __future__ import annotations

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.models import Model, PythonSource
from t4t_core.names import TableName
from t4t_core.other_database import DEFERRED
from t4t_core.planning.bounds import with_window_values
from t4t_core.planning.compiled import compiled_query
from t4t_core.planning.request import Request
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_core.sql.names import table_in
from t4t_core.sql.origins import Lineage
from t4t_core.sql.statements import rows_of
from t4t_core.sql.table_ref import TableRef


def lineage_of(
    node: Model | Seed, project: Project, request: Request, warehouse: Warehouse
) -> Lineage:
    """Which upstream columns each column comes from; empty for seeds and Python models."""
    if isinstance(node, Seed) or isinstance(node.source, PythonSource):
        return {}
    from t4t_core.parsing.lineage import column_origins
    from t4t_core.parsing.query import parse_query

    request = with_window_values(node, request, None)
    compiled = compiled_query(node, project.graph, request.variables)
    query = parse_query(compiled.sql, node.place)
    columns = {ref: _columns(ref, node, project, warehouse) for ref in query.tables}
    return column_origins(query, columns)


def _columns(ref: TableRef, node: Model, project: Project, warehouse: Warehouse) -> list[str]:
    """The columns of a table that a model reads, in this database or another; none if not known."""
    graph = project.graph
    key = graph.resolve(ref, node.name.schema)
    parts = graph.source_name(ref)
    name = TableName(*parts[-2:]) if key is None else graph.nodes[key].name
    catalog = parts[0] if key is None and len(parts) > 2 else None
    if catalog is None:
        target = warehouse.target(name, with_columns=True)
        if target is not None:
            return [column.name for column in target.columns]
        if key is None or not project.settings.is_deferring:
            return []
        catalog = DEFERRED
    try:
        return [column.name for column in warehouse.columns(rows_of(table_in(catalog, name)))]
    except DatabaseError:
        return []
