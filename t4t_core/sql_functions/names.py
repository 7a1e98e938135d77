"""What DuckDB calls the project's functions."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.graph import Graph
from t4t_core.sql.calls import with_calls
from t4t_core.sql.tables import TableRef
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


def with_function_names(tree: exp.Expr, schema: str, graph: Graph) -> exp.Expr:
    """The tree, changed in place, with functions called by names that DuckDB finds."""
    if not graph.functions:
        return tree
    return with_calls(tree, lambda ref: function_name(ref, schema, graph))


def with_temporary_functions(tree: exp.Expr, schema: str, graph: Graph) -> exp.Expr:
    """The tree, changed in place, with the temporary functions of a preview called."""
    if not graph.functions:
        return tree

    def name(ref: TableRef) -> TableRef | None:
        function = graph.called(ref, schema)
        if function is None or isinstance(function.source, PythonFunction):
            return None
        return TableRef("", "", temporary_name(function))

    return with_calls(tree, name)


def temporary_name(function: Function) -> str:
    """The name of a function of SQL in a preview, which has no schema."""
    return str(function)
