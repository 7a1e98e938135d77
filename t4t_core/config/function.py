"""What a function's metadata says."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from t4t_core.config.model import ColumnConfig


class ParameterConfig(Struct, frozen=True, kw_only=True):
    """One parameter of a function."""

    name: str
    type: str | None
    description: str | None
    default: Any
    mode: Literal["IN"]


class ResultColumnConfig(ColumnConfig, frozen=True, kw_only=True):
    """One column that a table function gives."""

    type: str | None


class FunctionConfig(Struct, frozen=True, kw_only=True):
    """A function's metadata.

    What the statement or the Python function says itself, its name, parameters and result, may
    stand here too. `metadata`, `language`, `database_name` and `object_tags` change nothing.
    """

    function_name: str | None
    schema_: str | None = field(name="schema")
    description: str | None
    function_type: Literal["scalar", "table"] | None
    language: Literal["sql", "python"] | None
    parameters: tuple[ParameterConfig, ...] | None
    return_type: str | None
    return_table_schema: tuple[ResultColumnConfig, ...] | None
    deterministic: bool | None
    source_sql_dialect: str | None
    database_name: str | None
    null_handling: Literal["default", "special"]
    tests: tuple[Any, ...] | None
    tags: tuple[str, ...] | None
    object_tags: dict[str, Any] | None
    metadata: dict[str, Any] | None
