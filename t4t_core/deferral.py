"""Reading from another database what was not built in this one."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from t4t_core.engines.duckdb import Warehouse
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.other_database import DEFERRED
from t4t_core.project.load import Project
from t4t_core.resolution import Key

log = logging.getLogger("ExecutionEngine")

# Each model that reads one asks again; once is enough as long as the database is open.
_TOLD: WeakKeyDictionary[Warehouse, set[Key]] = WeakKeyDictionary()


def with_deferred(project: Project, keys: Iterable[Key], warehouse: Warehouse) -> Project:
    """The project in which a reader of these models finds each where it is.

    One that is not in this database, but in that of `defer_to`, is read there. Without `defer_to`
    the project is as it was.

    Args:
        project: The project.
        keys: What is read; ephemeral models stand for what they read.
        warehouse: With the other database attached.
    """
    if not project.settings.is_deferring:
        return project
    wanted = _built(keys, project.graph)
    here, there = (_existing(warehouse, database) for database in ("", DEFERRED))
    deferred = frozenset(key for key in wanted if key not in here and key in there)
    told = _TOLD.setdefault(warehouse, set())
    for key in sorted(deferred - told):
        told.add(key)
        log.info("%s is not in this database and is read from %s", ".".join(key), DEFERRED)
    return replace(project, graph=replace(project.graph, deferred=deferred))


def _built(keys: Iterable[Key], graph: Graph) -> set[Key]:
    found: set[Key] = set()
    for key in keys:
        node = graph.nodes[key]
        if isinstance(node, Model) and node.is_ephemeral:
            found |= _built(graph.parents[key], graph)
        else:
            found.add(key)
    return found


def _existing(warehouse: Warehouse, database: str) -> set[Key]:
    """Tables and views of an attached database, or of the warehouse's own."""
    rows = warehouse.rows(
        "SELECT schema_name, table_name FROM (SELECT database_name, schema_name, "
        "table_name FROM duckdb_tables() UNION ALL SELECT database_name, schema_name, view_name "
        "FROM duckdb_views()) WHERE database_name = coalesce(nullif(?, ''), current_database())",
        (database,),
    )
    return {TableName(str(schema), str(name)).key for schema, name in rows}
