"""Models that a Python file declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar, overload

from msgspec import Struct

from t4t_core.errors import UsageError

Function = TypeVar("Function", bound=Callable[..., object])


class Declaration(Struct, frozen=True):
    """One `@model` or `create_model`.

    Attributes:
        table_name: `name` or `schema.name`.
        function: What gives the rows, or None where `sql` does.
        sql: The query, or None where a function gives it.
        inputs: Parameter and the upstream table it takes, where they are not called the same.
        metadata: The rest, as in a model's metadata.
    """

    table_name: str
    function: Callable[..., object] | None
    sql: str | None
    inputs: Mapping[str, str]
    metadata: Mapping[str, Any]


_COLLECTED: ContextVar[list[Declaration] | None] = ContextVar("t4t_declared", default=None)


@contextmanager
def collecting() -> Iterator[list[Declaration]]:
    """Gives the list that `model` and `create_model` add to while this is open."""
    found: list[Declaration] = []
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


@overload
def model(table_name: Function) -> Function: ...


@overload
def model(
    table_name: str | None = None,
    description: str | None = None,
    variables: Sequence[str] | None = None,
    *,
    inputs: Mapping[str, str] | None = None,
    **metadata: Any,
) -> Callable[[Function], Function]: ...


def model(
    table_name: str | Callable[..., object] | None = None,
    description: str | None = None,
    variables: Sequence[str] | None = None,
    *,
    inputs: Mapping[str, str] | None = None,
    **metadata: Any,
) -> Any:
    """Makes a function a model.

    The function returns SQL text, a pandas, Polars or PyArrow table, or a DuckDB relation. Each
    parameter takes the upstream table of its name, in the form that its annotation says (a DuckDB
    relation without one); one called `context`, or annotated `RunContext`, takes the run's bounds,
    variables and connection. A function without parameters and without a return annotation, or
    with `-> str`, is called when the project is loaded, to read its SQL.

    Args:
        table_name: `name` or `schema.name`; the function's own name by default.
        description: What the table holds.
        variables: Accepted for projects of the public t4t, which lists the variables read.
        inputs: The upstream table of a parameter, where they are not called the same.
        metadata: The keys of a model's metadata.
    """
    if callable(table_name):
        return model()(table_name)

    def declare(function: Function) -> Function:
        _add(
            Declaration(
                table_name=table_name or function.__name__,
                function=function,
                sql=None,
                inputs=MappingProxyType(dict(inputs or {})),
                metadata=_described(metadata, description),
            )
        )
        return function

    return declare


def create_model(
    table_name: str,
    sql: str | None = None,
    description: str | None = None,
    variables: Sequence[str] | None = None,
    **metadata: Any,
) -> None:
    """Makes a model from SQL text; call it in a loop to make many.

    Args:
        table_name: `name` or `schema.name`.
        sql: The query.
        description: What the table holds.
        variables: Accepted for projects of the public t4t, which lists the variables read.
        metadata: The keys of a model's metadata.

    Raises:
        UsageError: There is no SQL.
    """
    if not isinstance(sql, str) or not sql.strip():
        raise UsageError(f"create_model({table_name!r}) needs sql, a query as text")
    _add(
        Declaration(
            table_name=table_name,
            function=None,
            sql=sql,
            inputs=MappingProxyType({}),
            metadata=_described(metadata, description),
        )
    )


def _described(metadata: Mapping[str, Any], description: str | None) -> Mapping[str, Any]:
    whole = dict(metadata.get("metadata") or {}) | {
        key: value for key, value in metadata.items() if key != "metadata"
    }
    if description is not None:
        whole["description"] = description
    return MappingProxyType(whole)


def _add(declaration: Declaration) -> None:
    collected = _COLLECTED.get()
    if collected is not None:
        collected.append(declaration)
