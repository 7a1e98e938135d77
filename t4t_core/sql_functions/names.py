"""What DuckDB calls the project's functions."""

from __future__ import annotations

from t4t_core.graph import Graph
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql_functions.function import Function, PythonFunction


def function_name(ref: TableRef, schema: str, graph: Graph) -> TableRef | None:
    """The name to call a function by, or None where DuckDB finds it as it is written.

    Args:
        ref: What the call says.
        schema: Of the model or function that calls.
        graph: The project's graph.
    """
    function = graph.called(ref, schema)
    if function is None:
        return None
    if isinstance(function.source, PythonFunction):
        return TableRef("", "", function.registered_name)
    is_as_written = ref.schema and ref.schema.lower() != graph.catalog.lower()
    return None if is_as_written else qualified_name(function, graph)


def qualified_name(function: Function, graph: Graph) -> TableRef:
    """Schema and name, with the catalog where DuckDB could take the schema for it."""
    is_ambiguous = function.name.schema.lower() == graph.catalog.lower()
    catalog = graph.catalog if is_ambiguous else ""
    return TableRef(catalog, function.name.schema, function.name.name)


def temporary_function(ref: TableRef, schema: str, graph: Graph) -> TableRef | None:
    """The name to call a function by in a preview; otherwise as `function_name`."""
    function = graph.called(ref, schema)
    if function is None or isinstance(function.source, PythonFunction):
        return function_name(ref, schema, graph)
    return TableRef("", "", temporary_name(function))


def temporary_name(function: Function) -> str:
    """The name of a function of SQL in a preview, which has no schema."""
    return str(function)
