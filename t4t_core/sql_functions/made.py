"""Making functions of SQL in the database."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

from msgspec import Struct

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_functions import macro_kinds, register
from t4t_core.errors import DatabaseError, RunError
from t4t_core.graph import Graph
from t4t_core.planning.request import Request
from t4t_core.resolution import resolved
from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.macro import Macro, create_macro, create_temporary_macro, drop_macro
from t4t_core.sql.names import table
from t4t_core.sql.statements import create_schema
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql_functions.function import Function, PythonFunction
from t4t_core.sql_functions.names import (
    function_name,
    temporary_function,
    temporary_name,
)
from t4t_core.state.ledger import last_commit, write_commit
from t4t_core.state.ledger_tables import has_ledger

log = logging.getLogger("ExecutionEngine")


class _Making(Struct, frozen=True):
    """A function that is not what the project says.

    Attributes:
        statements: What makes it so, in order.
        digest: SHA-256 of the last of them, which the ledger keeps.
    """

    function: Function
    before: Commit | None
    statements: tuple[str, ...]
    digest: str


def make_functions(
    functions: Sequence[Function], graph: Graph, request: Request, warehouse: Warehouse
) -> tuple[str, ...]:
    """Makes functions of SQL where they are not there or were changed; gives what ran.

    It happens in the open transaction, so a model that fails leaves its functions as they were.
    Python functions are left out: they are registered when the database is opened.

    Args:
        functions: Those that others call come before them.
        graph: The project's graph.
        request: What the run is asked to do.
        warehouse: With an open transaction.

    Raises:
        RunError: A function of the name is there that t4t did not make, or the database refused
            one.
    """
    done: list[str] = []
    for making in _makings(functions, graph, request, warehouse):
        try:
            for statement in making.statements:
                warehouse.execute(statement)
        except DatabaseError as error:
            if error.is_transient:
                raise
            raise RunError(
                f"the function {making.function} cannot be made: {error.what}",
                place=making.function.place,
            ) from error
        write_commit(warehouse, _commit(making))
        log.info("Created function: %s", making.function)
        done += making.statements
    return tuple(done)


def preview_functions(
    functions: Sequence[Function], graph: Graph, request: Request, warehouse: Warehouse
) -> tuple[str, ...]:
    """Makes functions of SQL for a look at a plan, as temporary ones; gives what a run would do.

    A preview opens the database for reading, so it cannot make them where they belong.
    `temporary_function` has a query call these.

    Raises:
        RunError: As `make_functions`.
    """
    makings = _makings(functions, graph, request, warehouse)
    for function in functions:
        if not isinstance(function.source, Macro):
            continue
        try:
            warehouse.execute(_temporary_statement(function, function.source, graph))
        except DatabaseError as error:
            raise RunError(
                f"the function {function} cannot be made: {error.what}", place=function.place
            ) from error
    return tuple(statement for making in makings for statement in making.statements)


def unmade_functions(
    functions: Sequence[Function], graph: Graph, request: Request, warehouse: Warehouse
) -> tuple[Function, ...]:
    """Which functions of SQL `make_functions` would make.

    Raises:
        RunError: A function of the name is there that t4t did not make.
    """
    return tuple(making.function for making in _makings(functions, graph, request, warehouse))


def first_statements(functions: Sequence[Function], graph: Graph) -> tuple[str, ...]:
    """What makes functions of SQL where there are none yet."""
    return tuple(
        statement
        for function in functions
        if isinstance(function.source, Macro)
        for statement in (
            create_schema(function.name, graph.catalog),
            _statement(function, function.source, graph),
        )
    )


def register_functions(graph: Graph, warehouse: Warehouse) -> None:
    """Makes the project's Python functions callable, for as long as the database is open.

    Raises:
        RunError: DuckDB does not take one.
    """
    for function in graph.functions.values():
        if isinstance(function.source, PythonFunction):
            try:
                register(warehouse, function.registered_name, function.source)
            except RunError as error:
                raise error.located(place=function.place) from error


def ledger_name(function: Function) -> str:
    """What the ledger calls a function: no model has such a name."""
    return f"{function}()"


def _makings(
    functions: Sequence[Function], graph: Graph, request: Request, warehouse: Warehouse
) -> list[_Making]:
    found = []
    knows_commits = bool(functions) and has_ledger(warehouse)
    for function in functions:
        macro = function.source
        if not isinstance(macro, Macro):
            continue
        create = _statement(function, macro, graph)
        digest = hashlib.sha256(create.encode()).hexdigest()
        before = last_commit(warehouse, ledger_name(function)) if knows_commits else None
        kinds = macro_kinds(warehouse, function.name)
        if kinds and before is None and not request.full_refresh:
            raise RunError(
                f"a function {function} exists, and t4t did not make it",
                place=function.place,
                hint="rename or drop it, or replace it by a run with --full-refresh",
            )
        kind = "TABLE" if macro.overloads[0].is_table else "SCALAR"
        if before is not None and before.sql_hash == digest and kinds == {kind}:
            continue
        others = [
            drop_macro(function.name, graph.catalog, other) for other in sorted(kinds - {kind})
        ]
        statements = (create_schema(function.name, graph.catalog), *others, create)
        found.append(_Making(function, before, statements, digest))
    return found


def _statement(function: Function, macro: Macro, graph: Graph) -> str:
    """The statement that makes a function."""
    schema = function.name.schema
    fill = _fill(function, graph, lambda ref: function_name(ref, schema, graph))
    return create_macro(function.name, graph.catalog, macro, fill)


def _temporary_statement(function: Function, macro: Macro, graph: Graph) -> str:
    schema = function.name.schema
    fill = _fill(function, graph, lambda ref: temporary_function(ref, schema, graph))
    return create_temporary_macro(temporary_name(function), macro, fill)


def _fill(function: Function, graph: Graph, call: Callable[[TableRef], TableRef | None]) -> Fill:
    schema = function.name.schema
    return Fill(
        place=function.place,
        folder=graph.folder,
        table=lambda ref: _table(ref, schema, graph),
        call=call,
    )


def _table(ref: TableRef, schema: str, graph: Graph) -> StandIn | None:
    """The table that stands for one in a function, or None where DuckDB finds it by itself."""
    key = resolved(ref, schema, graph.nodes, graph.catalog, graph.default_schema)
    if key is None or (ref.schema and ref.schema.lower() != graph.catalog.lower()):
        return None
    name = graph.nodes[key].name
    return StandIn(table(name, graph.catalog), name.name)


def _commit(making: _Making) -> Commit:
    before = making.before
    if before is None:
        reason = "this is the first run"
    else:
        reason = "it changed" if before.sql_hash != making.digest else "it was gone"
    return Commit.of_file(
        ledger_name(making.function),
        before,
        materialization="function",
        reason=reason,
        digest=making.digest,
        data_version=making.digest[:32],
    )
