"""Functions for models' SQL that a Python file declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from msgspec import Struct

Function = TypeVar("Function", bound=Callable[..., object])


class FunctionDeclaration(Struct, frozen=True):
    """One `@functions.sql` or `@functions.python`.

    Attributes:
        function: Gives the function's SQL, or is the function itself.
        metadata: The keys of a function's metadata.
    """

    language: Literal["sql", "python"]
    function: Callable[..., object]
    metadata: Mapping[str, Any]


_COLLECTED: ContextVar[list[FunctionDeclaration] | None] = ContextVar(
    "t4t_declared_functions", default=None
)


@contextmanager
def collecting_functions() -> Iterator[list[FunctionDeclaration]]:
    """Gives the list that the decorators add to while this is open."""
    found: list[FunctionDeclaration] = []
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


class functions:  # noqa: N801  the public t4t's name, written as a decorator
    """The decorators that make a Python function one that models' SQL may call."""

    @staticmethod
    def sql(function_name: Any = None, **metadata: Any) -> Any:
        """Makes a function that returns SQL one that models may call.

        It is called when the project is loaded, with the names of its parameters, and returns an
        expression over them or a CREATE FUNCTION statement; a parameter called `adapter_type` gets
        'duckdb'. A dict gives the SQL for each kind of database.

        Args:
            function_name: `name` or `schema.name`; the function's own name by default.
            metadata: The keys of a function's metadata.
        """
        return _declare("sql", function_name, metadata)

    @staticmethod
    def python(function_name: Any = None, **metadata: Any) -> Any:
        """Makes a function one that models may call; DuckDB calls it for each row.

        Types come from its annotations, or from `parameters` and `return_type`. An argument that is
        NULL makes the result NULL without a call, unless `null_handling` is "special".

        Args:
            function_name: `name` or `schema.name`; the function's own name by default.
            metadata: The keys of a function's metadata.
        """
        return _declare("python", function_name, metadata)


def _declare(
    language: Literal["sql", "python"], function_name: Any, metadata: Mapping[str, Any]
) -> Any:
    if callable(function_name):
        return _declare(language, None, {})(function_name)

    def declare(function: Function) -> Function:
        collected = _COLLECTED.get()
        if collected is not None:
            written = {"function_name": function_name or function.__name__, **metadata}
            collected.append(FunctionDeclaration(language, function, MappingProxyType(written)))
        return function

    return declare
