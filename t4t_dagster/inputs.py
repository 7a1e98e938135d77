"""A model's table as the input of another asset."""

from __future__ import annotations

from typing import Any

import dagster as dg
import duckdb

from t4t_core.deferral import with_deferred
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, UsageError
from t4t_core.forms import FORMS, HINT, RELATION, form_of, in_form
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.planning.compiled import table_read
from t4t_core.planning.facts import column_named
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_core.sql.names import table
from t4t_core.sql.statements import rows_of
from t4t_core.sql.text import Sql
from t4t_dagster.partitions import part_of_input
from t4t_dagster.translator import T4tTranslator


def _node_of(key: dg.AssetKey, project: Project, translator: T4tTranslator) -> Model | Seed | None:
    """The node behind an asset's key, or None where another asset made the table."""
    nodes = project.graph.nodes.values()
    return next((node for node in nodes if translator.get_asset_key(node, project) == key), None)


def _other_table(key: dg.AssetKey, project: Project) -> TableName:
    """`[schema, name]`."""
    schema = key.path[-2] if len(key.path) > 1 else project.settings.default_schema
    return TableName(schema, key.path[-1])


def input_rows(
    context: dg.InputContext, project: Project, translator: T4tTranslator, warehouse: Warehouse
) -> Any:
    """The upstream table: pandas, Polars, PyArrow, or a DuckDB relation where nothing is asked.

    Of a partitioned model, the rows of the partitions that the input is of.

    Raises:
        DatabaseError: There is no such table.
        UsageError: The annotation asks for what a table cannot be.
    """
    node = _node_of(context.asset_key, project, translator)
    name = _other_table(context.asset_key, project) if node is None else node.name
    read = _table(name, node, project, warehouse)
    part = _part(context, node, read, warehouse) if isinstance(node, Model) else None
    query = rows_of(read, part)
    form = form_of(context.dagster_type.typing_type)
    if form and form not in FORMS:
        raise UsageError(f"an input cannot be a {form}", hint=HINT)
    try:
        if form in ("", RELATION):
            return _copied(warehouse.connection, query)
        return in_form(warehouse.connection.sql(query), form)
    except duckdb.Error as error:
        raise DatabaseError(
            str(error).splitlines()[0],
            sql=query,
            hint="materialize the upstream asset first",
        ) from error
    except ImportError as error:
        raise UsageError(
            f"this form of input needs a package that is not installed: {error}",
            hint="pip install 't4t-dagster[arrow]' (or [pandas], [polars])",
        ) from error


def _table(
    name: TableName, node: Model | Seed | None, project: Project, warehouse: Warehouse
) -> Sql:
    """The table, in the database of `defer_to` where the project's own lacks it."""
    if node is None:
        return table(name, project.settings.catalog)
    return table_read(name, with_deferred(project, [name.key], warehouse).graph)


def _part(context: dg.InputContext, node: Model, read: Sql, warehouse: Warehouse) -> Sql | None:
    """Whether a row belongs to the partitions that the input is of; None for every row."""
    time = None
    if context.has_asset_partitions and node.window is not None:
        try:
            time = column_named(warehouse.columns(rows_of(read)), node.window.time_column)
        except DatabaseError:
            return None  # there is no such table, which reading it says better
    return part_of_input(context, node, None if time is None else time.kind)


def _copied(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The rows in memory, on DuckDB's default connection, which no one closes."""
    return duckdb.from_arrow(connection.sql(query).to_arrow_table())
