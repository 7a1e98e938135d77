"""Which of the project's functions a model calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from t4t_core.errors import UsageError
from t4t_core.models import Model
from t4t_core.resolution import Key, resolved
from t4t_core.seeds.seed import Seed
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql_functions.function import Function, PythonFunction


def functions_called(
    caller: Model | Function,
    functions: Mapping[Key, Function],
    catalog: str,
    default_schema: str,
) -> tuple[Function, ...]:
    """What a model or function calls, at any distance; what others call comes before them.

    Raises:
        UsageError: Functions call each other in a circle.
    """
    start = (caller.name.key,) if isinstance(caller, Function) else ()
    conditions = caller.conditions if isinstance(caller, Model) else ()
    calls = [*caller.source.calls, *(ref for condition in conditions for ref in condition.calls)]
    return functions_behind(calls, caller.name.schema, functions, catalog, default_schema, start)


def functions_behind(
    calls: Iterable[TableRef],
    schema: str,
    functions: Mapping[Key, Function],
    catalog: str,
    default_schema: str,
    start: tuple[Key, ...] = (),
) -> tuple[Function, ...]:
    """What calls in SQL of a schema reach, at any distance; what others call comes before them.

    Args:
        calls: As they are written.
        schema: Where a name without one is looked for first.
        functions: The project's.
        catalog: The database's own catalog name.
        default_schema: `[connection] schema`.
        start: The function that the calls stand in.

    Raises:
        UsageError: Functions call each other in a circle.
    """
    found: dict[Key, Function] = {}

    def collect(schema: str, calls: Iterable[TableRef], above: tuple[Key, ...]) -> None:
        for ref in calls:
            key = resolved(ref, schema, functions, catalog, default_schema)
            if key is None or key in found:
                continue
            function = functions[key]
            if key in above:
                names = [str(functions[k]) for k in (*above[above.index(key) :], key)]
                raise UsageError(
                    f"the functions call each other in a circle: {' calls '.join(names)}",
                    place=function.place,
                    hint="take one of these calls out",
                )
            collect(function.name.schema, function.source.calls, (*above, key))
            found[key] = function

    collect(schema, calls, start)
    return tuple(found.values())


def refuse_ephemeral(
    function: Function, nodes: Mapping[Key, Model | Seed], catalog: str, default_schema: str
) -> None:
    """Refuses a function that reads an ephemeral model, which is no table.

    Raises:
        UsageError: It reads one.
    """
    for ref in function.source.tables:
        key = resolved(ref, function.name.schema, nodes, catalog, default_schema)
        node = None if key is None else nodes[key]
        if isinstance(node, Model) and node.is_ephemeral:
            raise UsageError(
                f"the function {function} reads the ephemeral model {node}, which is no table",
                place=function.place,
                hint='make the model a "view"',
            )


def refuse_unusable(
    model: Model,
    called: Iterable[Function],
    functions: Mapping[Key, Function],
    catalog: str,
    default_schema: str,
) -> None:
    """Refuses calls that could not work.

    Raises:
        UsageError: A view calls a Python function, which is gone when t4t is; or a condition over
            the table calls one, or calls a function without its schema.
    """
    if model.config.materialization == "view":
        for function in called:
            if isinstance(function.source, PythonFunction):
                raise UsageError(
                    f"a view cannot call the Python function {function}, which is there only while "
                    "t4t runs: nobody could read the view afterwards",
                    place=model.place,
                    model=str(model),
                    hint='make it a "table", or write the function in SQL',
                )
    for ref in (ref for condition in model.conditions for ref in condition.calls):
        key = resolved(ref, model.name.schema, functions, catalog, default_schema)
        if key is None:
            continue
        function = functions[key]
        if not ref.schema or isinstance(function.source, PythonFunction):
            raise UsageError(
                f"a condition over the table cannot call the function {ref} so",
                place=model.config_place,
                model=str(model),
                hint=f"write it with its schema: {function}"
                if not isinstance(function.source, PythonFunction)
                else "write the function in SQL",
            )
