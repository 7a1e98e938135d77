"""A model's table as the input of another asset."""

from __future__ import annotations

from typing import Any

import dagster as dg
import duckdb
from sqlglot import exp

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, UsageError
from t4t_core.names import TableName
from t4t_core.project import Project
from t4t_core.sql.names import rendered, table


def input_rows(context: dg.InputContext, project: Project, warehouse: Warehouse) -> Any:
    """The upstream table: pandas, Polars, PyArrow, or a DuckDB relation where nothing is asked.

    Raises:
        DatabaseError: There is no such table.
        UsageError: The annotation asks for what a table cannot be.
    """
    path = context.asset_key.path
    schema = path[-2] if len(path) > 1 else project.settings.default_schema
    name = TableName(schema, path[-1])
    query = rendered(exp.select("*").from_(table(name, project.settings.catalog)))
    wanted = context.dagster_type.typing_type
    kind = (
        f"{getattr(wanted, '__module__', '').partition('.')[0]}.{getattr(wanted, '__name__', '')}"
    )
    try:
        return _in_form(kind, warehouse.connection, query)
    except duckdb.Error as error:
        raise DatabaseError(
            str(error).splitlines()[0],
            sql=query,
            hint="materialize the upstream asset first",
        ) from error


def _in_form(kind: str, connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    match kind:
        case "pandas.DataFrame":
            return connection.sql(query).df()
        case "polars.DataFrame":
            return connection.sql(query).pl()
        case "polars.LazyFrame":
            return connection.sql(query).pl().lazy()
        case "pyarrow.Table":
            return connection.sql(query).to_arrow_table()
        case (
            "typing.Any"
            | "duckdb.DuckDBPyRelation"
            | "_duckdb.DuckDBPyRelation"
            | "builtins.object"
        ):
            return _copied(connection, query)
        case _:
            raise UsageError(
                f"an input cannot be a {kind}",
                hint="annotate it pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table or "
                "duckdb.DuckDBPyRelation",
            )


def _copied(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The rows in a database in memory of their own, which lives as long as the relation."""
    own = duckdb.connect()
    own.register("t4t_input", connection.sql(query).to_arrow_table())
    own.execute("CREATE TABLE input AS SELECT * FROM t4t_input")
    own.unregister("t4t_input")
    return own.table("input")
