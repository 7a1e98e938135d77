"""What a model's files and variables say that its rows depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct, to_builtins
from msgspec.structs import asdict

from t4t_core.config import DeleteInsertConfig, ModelConfig
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.compiled import function_fingerprints, query_fingerprint
from t4t_core.planning.request import Request
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.sql.file_names import READERS
from t4t_core.sql.macro import Macro
from t4t_core.sql.query import Query
from t4t_core.sql.steady_names import IN_WITH
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql_functions.function import Function

# Metadata that says something about a table and changes nothing in it. A hook is never known.
_DESCRIBING: Final = frozenset(
    {
        "description",
        "tests",
        "tags",
        "owners",
        "object_tags",
        "dagster",
        "partitions",
        "table_type",
        "data_model",
        "hierarchy",
        "conformed_dimension",
        "disable_default_tests",
        "fk_to",
        "dimension",
    }
)


def definition_inputs(model: Model, graph: Graph, request: Request) -> dict[str, str]:
    """What the project's files and variables say of a model.

    Raises:
        UnknownInputError: They say something that may give other rows each time.
    """
    refuse_unknown(model, graph, request)
    metadata = json.dumps(to_builtins(_bearing(model.config)), sort_keys=True)
    found = {
        "the query": query_fingerprint(model, graph),
        "the SQL dialect": ", ".join(_dialects(model, graph)),
        "the metadata": hashlib.sha256(metadata.encode()).hexdigest(),
        "the database's name": f"{graph.catalog}.{graph.default_schema}",
    }
    found |= {f"function {name}": text for name, text in function_fingerprints(model, graph)}
    for name in sorted(set(_variables(model, graph))):
        value = request.variables.get(name)
        found[f"variable {name}"] = f"{type(value).__name__} {value!r}"
    return found


def _bearing(config: ModelConfig) -> dict[str, Any]:
    """The metadata that a table depends on."""
    found = _but_describing(config)
    return {**found, "schema_": [_but_describing(column) for column in config.schema_]}


def _but_describing(config: Struct) -> dict[str, Any]:
    return {name: value for name, value in asdict(config).items() if name not in _DESCRIBING}


def _dialects(model: Model, graph: Graph) -> Iterator[str]:
    """Those that the query and its functions are written in, which no fingerprint of text tells."""
    if isinstance(model.source, Query):
        yield model.source.dialect
    for function in graph.functions_of(model):
        yield function.config.source_sql_dialect or ""


def refuse_unknown(model: Model, graph: Graph, request: Request) -> None:
    """Refuses what may give other rows although all tables and files are as they were.

    Raises:
        UnknownInputError: The model has it.
    """
    query = model.source
    if not isinstance(query, Query):
        raise UnknownInputError("it is written in Python")
    if model.pre_hooks or model.post_hooks:
        raise UnknownInputError("it has hooks")
    functions = graph.functions_of(model)
    if functions and model.config.materialization == "view":
        raise UnknownInputError("it is a view that calls functions")
    conditions = model.conditions
    if any(condition.tables for condition in conditions):
        raise UnknownInputError("a condition in its metadata reads a table")
    _refuse_window(model, request)
    words = tuple(word for word in query.unsteady if word.removesuffix("()") not in READERS)
    _refuse_unsteady(words, query.calls, model.name.schema, graph)
    for condition in conditions:
        _refuse_unsteady(condition.unsteady, condition.calls, model.name.schema, graph)
    for function in functions:
        _refuse_unsteady_function(function, graph)


def may_write_others(model: Model) -> bool:
    """Whether a run of the model may write other tables than its own."""
    query = model.source
    if model.pre_hooks or model.post_hooks or not isinstance(query, Query):
        return True
    return any(word.endswith(IN_WITH) for word in query.unsteady)


def _refuse_window(model: Model, request: Request) -> None:
    """Refuses a window that may be another one in the next run."""
    start = _start(model, request)
    if start == "current_date":
        raise UnknownInputError("its start_date is CURRENT_DATE")
    if not isinstance(model.strategy, DeleteInsertConfig):
        return
    if model.where_condition is not None:
        # A full load keeps rows that it says nothing of, and each later run may delete, or be
        # refused for, rows that it says more of than the window.
        raise UnknownInputError("it has a where_condition")
    if start == "auto":
        # Where rows left the source, the next window starts before the last one.
        raise UnknownInputError("its start_date follows its own rows")


def _refuse_unsteady_function(function: Function, graph: Graph) -> None:
    macro = function.source
    if not isinstance(macro, Macro):
        raise UnknownInputError(f"the function {function} is written in Python")
    _refuse_unsteady(macro.unsteady, macro.calls, function.name.schema, graph)


def _refuse_unsteady(
    words: tuple[str, ...], calls: tuple[TableRef, ...], schema: str, graph: Graph
) -> None:
    own = {_written(ref) for ref in calls if graph.called(ref, schema) is not None}
    for word in words:
        if word not in own:
            raise UnknownInputError(f"{word} may give something else each time")


def _written(ref: TableRef) -> str:
    """A call as `unsteady` names it."""
    return ".".join(filter(None, (ref.catalog, ref.schema, ref.name))).lower() + "()"


def _start(model: Model, request: Request) -> str:
    """The start of a model's window as it is written, in lower case; `none` without one."""
    settings = model.window
    if settings is None:
        return "none"
    start: object = settings.start_date
    if settings.is_start_placed:
        start = request.variables.get(str(start)[1:])
    return str(start).strip().lower().removesuffix("()")


def _variables(model: Model, graph: Graph) -> Iterator[str]:
    """The variables whose values are part of a model's statements."""
    yield from (placeholder.name for placeholder in model.source.placeholders)
    for condition in model.conditions:
        yield from (placeholder.name for placeholder in condition.placeholders)
    if model.strategy is not None:
        written = (str(value) for value in model.strategy.read_later)
        yield from (text[1:] for text in written if text.startswith("@"))
    for parent in _inlined(model, graph):
        yield from _variables(parent, graph)


def _inlined(model: Model, graph: Graph) -> Iterator[Model]:
    for key in graph.parents[model.name.key]:
        node = graph.nodes[key]
        if isinstance(node, Model) and node.is_ephemeral:
            yield node
