"""Calling a Python model, and handing its result to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized

import duckdb

from t4t_core.context import RunContext
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, Place, RunError, T4tError
from t4t_core.forms import in_form, is_table
from t4t_core.graph import Graph
from t4t_core.models import Model, PythonSource
from t4t_core.planning.compiled import compiled, compiled_query, table_read
from t4t_core.planning.facts import Column
from t4t_core.project.python_files import public_names, raised_at
from t4t_core.project.settings import Settings
from t4t_core.sql.names import dotted, identifier, named, type_name
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import select
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, listed, sql

RESULT = "t4t_result"
_HELD_RESULT = "t4t_held_result"


def result_query(
    model: Model,
    source: PythonSource,
    graph: Graph,
    context: RunContext,
    warehouse: Warehouse,
    settings: Settings,
    held: Sequence[Column] = (),
) -> QueryText:
    """Calls the model's function; gives a query over what it returned.

    Args:
        model: The model.
        source: Its function.
        graph: The project's.
        context: What the function may take.
        warehouse: With the open transaction.
        settings: The project's.
        held: The columns of the table that the rows are for; none where it is made anew.

    Raises:
        RunError: It raised, or returned what is no table.
    """
    connection = warehouse.connection
    arguments: dict[str, object] = {
        name: _upstream(ref, annotation, model, graph, context.variables, connection)
        for (name, ref), annotation in zip(source.inputs, source.annotations, strict=True)
    }
    if source.context_parameter is not None:
        arguments[source.context_parameter] = context
        warehouse.keep_session()
    connection.execute("SET python_enable_replacements = true")
    transaction = warehouse.number("SELECT txid_current()")
    try:
        with public_names(settings.folder):
            result = source.function(**arguments)
    except T4tError:
        raise
    except (Exception, SystemExit) as error:
        line = raised_at(error, model.place.file)
        raise RunError(
            f"{source.function.__name__}() raised {type(error).__name__}: {error}",
            place=Place(model.place.file, line or model.place.line),
            hint="-v shows the traceback",
        ) from error
    _require_transaction(transaction, source.function.__name__, model, warehouse)
    is_relation = isinstance(result, duckdb.DuckDBPyRelation)
    if is_relation:
        _register(result, model, warehouse)
    connection.execute("SET python_enable_replacements = false")
    rows = _under_own_settings(warehouse, is_lazy=is_relation)
    if isinstance(result, str):
        return _returned_sql(result, model, source, graph, context.variables, settings.dialect)
    if model.config.materialization == "view":
        raise RunError(
            "a view is a query, but the function returned rows",
            place=model.place,
            hint='return SQL text, or make it a "table"',
        )
    if not is_relation:
        return rows_query(result, model, warehouse, held)
    return QueryText.of_table(identifier(rows))


def _require_transaction(number: int, function: str, model: Model, warehouse: Warehouse) -> None:
    """Checks that the model's transaction goes on after its function.

    Raises:
        RunError: It does not.
    """
    try:
        if warehouse.number("SELECT txid_current()") == number:
            return
        what = f"{function}() ended the model's transaction"
    except DatabaseError as error:
        # It is closed; or DuckDB (2.0) refuses what follows an error that the function has caught.
        what = f"{function}() left context.connection unusable: {error.what}"
    raise RunError(
        what,
        place=model.place,
        hint="do not commit, roll back or close context.connection, nor catch its errors",
    )


def _under_own_settings(warehouse: Warehouse, *, is_lazy: bool) -> str:
    """Undoes the settings of a function that returned; gives the name that its rows are read by.

    Args:
        warehouse: With the open transaction.
        is_lazy: It returned a relation, which means what it does under the function's settings.
    """
    if not warehouse.has_other_settings():
        return RESULT
    if is_lazy:
        warehouse.execute(f"CREATE TEMP TABLE {_HELD_RESULT} AS FROM {RESULT}")
    warehouse.put_settings_back()
    return _HELD_RESULT if is_lazy else RESULT


def rows_query(
    rows: object, model: Model, warehouse: Warehouse, held: Sequence[Column] = ()
) -> QueryText:
    """A query over a table of pandas, Polars or PyArrow, which is readable as `t4t_result`.

    Where it has no rows its columns take the types of the table that it is for: nothing in an empty
    DataFrame says what they would hold.

    Args:
        rows: The table.
        model: The model.
        warehouse: With the open transaction.
        held: The columns of the table that the rows are for; none where it is made anew.

    Raises:
        RunError: It is no such table.
    """
    if not is_table(rows):
        raise RunError(
            f"the model gave a {type(rows).__qualname__}",
            place=model.place,
            hint="return SQL text, a pandas, Polars or PyArrow table, or a DuckDB relation",
        )
    _register(rows, model, warehouse)
    query = QueryText.of_table(identifier(RESULT))
    if not held or not isinstance(rows, Sized) or len(rows) > 0:
        return query
    types = {one.name.lower(): one.type for one in held}
    given = warehouse.columns(query.sql)
    selected = [_of_type(one.name, types.get(one.name.lower(), one.type)) for one in given]
    return QueryText(select(listed(selected), identifier(RESULT)))


def _of_type(name: str, type_: str) -> Sql:
    return named(sql("CAST(NULL AS {type})", type=type_name(type_)), name)


def _register(rows: object, model: Model, warehouse: Warehouse) -> None:
    try:
        warehouse.connection.register(RESULT, rows)
    except (duckdb.Error, TypeError, ImportError) as error:
        raise RunError(
            f"DuckDB cannot read the model's {type(rows).__qualname__}: {error}", place=model.place
        ) from error


def _upstream(
    ref: TableRef,
    annotation: str,
    model: Model,
    graph: Graph,
    variables: Mapping[str, object],
    connection: duckdb.DuckDBPyConnection,
) -> object:
    key = graph.resolve(ref, model.name.schema)
    node = None if key is None else graph.nodes[key]
    if isinstance(node, Model) and node.is_ephemeral:
        query = compiled_query(node, graph, variables)
    elif node is not None:
        query = QueryText.of_table(table_read(node.name, graph))
    else:
        query = QueryText.of_table(dotted(ref.catalog, ref.schema, ref.name))
    try:
        relation = connection.sql(query.sql)
        return in_form(relation, annotation)
    except duckdb.Error as error:
        raise DatabaseError(str(error), sql=query.sql) from error
    except ImportError as error:
        raise RunError(f"{annotation} needs a package: {error}", place=model.place) from error


def _returned_sql(
    text: str,
    model: Model,
    source: PythonSource,
    graph: Graph,
    variables: Mapping[str, object],
    dialect: str,
) -> QueryText:
    from t4t_core.parsing.query import parse_query

    query = parse_query(text, model.place, dialect)
    known = {graph.resolve(ref, model.name.schema) for ref in source.tables}
    for ref in query.calls:
        function = graph.called(ref, model.name.schema)
        if function is not None:
            raise RunError(
                f"the SQL it returned calls the function {function}, which nothing made for it",
                place=model.place,
                hint="write the model in SQL, or return the SQL from a function without parameters",
            )
    for ref in query.tables:
        key = graph.resolve(ref, model.name.schema)
        if key is not None and key not in known:
            raise RunError(
                f"the SQL it returned reads {graph.nodes[key]}, which is none of its inputs, so "
                "nothing makes sure that it runs first",
                place=model.place,
                hint=f"give the function a parameter {ref.name!r}",
            )
    return compiled(query, model, graph, variables)
