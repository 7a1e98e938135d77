"""A model's table as the input of another asset."""

from __future__ import annotations

from typing import Any

import dagster as dg
import duckdb
from sqlglot import exp

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, UsageError
from t4t_core.forms import FORMS, HINT, RELATION, form_of, in_form
from t4t_core.names import TableName
from t4t_core.project import Project
from t4t_core.sql.names import rendered, table
from t4t_dagster.translator import T4tTranslator


def _table_of(key: dg.AssetKey, project: Project, translator: T4tTranslator) -> TableName:
    """The table behind an asset's key: a node's own, or else `[schema, name]`."""
    for node in project.graph.nodes.values():
        if translator.get_asset_key(node, project) == key:
            return node.name
    schema = key.path[-2] if len(key.path) > 1 else project.settings.default_schema
    return TableName(schema, key.path[-1])


def input_rows(
    context: dg.InputContext, project: Project, translator: T4tTranslator, warehouse: Warehouse
) -> Any:
    """The upstream table: pandas, Polars, PyArrow, or a DuckDB relation where nothing is asked.

    Raises:
        DatabaseError: There is no such table.
        UsageError: The annotation asks for what a table cannot be.
    """
    name = _table_of(context.asset_key, project, translator)
    query = rendered(exp.select("*").from_(table(name, project.settings.catalog)))
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


def _copied(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The rows in memory, on DuckDB's default connection, which no one closes."""
    return duckdb.from_arrow(connection.sql(query).to_arrow_table())
