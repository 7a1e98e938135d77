"""The column lineage of a model that was just run."""

from __future__ import annotations

from t4t_core.engines.duckdb import Warehouse
from t4t_core.models import Model, PythonSource
from t4t_core.names import TableName
from t4t_core.planning.bounds import with_window_values
from t4t_core.planning.compiled import compiled_query
from t4t_core.planning.request import Request
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_core.sql.lineage import Lineage, column_origins
from t4t_core.sql.tables import table_refs


def lineage_of(
    node: Model | Seed, project: Project, request: Request, warehouse: Warehouse
) -> Lineage:
    """Which upstream columns each column comes from; empty for seeds and Python models."""
    if isinstance(node, Seed) or isinstance(node.source, PythonSource):
        return {}
    request = with_window_values(node, request, None)
    query = compiled_query(node, project.graph, request.variables)
    columns = {}
    for ref in table_refs(query):
        key = project.graph.resolve(ref, node.name.schema)
        name = (
            project.graph.nodes[key].name
            if key is not None
            else TableName(*project.graph.source_name(ref)[-2:])
        )
        target = warehouse.target(name, with_columns=True)
        if target is not None:
            columns[ref] = [column.name for column in target.columns]
    return column_origins(query, columns)
