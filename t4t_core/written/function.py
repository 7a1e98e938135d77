"""What users write in a function's metadata."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from t4t_core.written.base import Written
from t4t_core.written.dialect import Dialect
from t4t_core.written.model import WrittenColumn


class WrittenParameter(Written):
    """One parameter of a function."""

    name: str = Field(min_length=1)
    type: str | None = None
    description: str | None = None
    default: Any = None
    mode: Literal["IN"] = "IN"


class WrittenResultColumn(WrittenColumn):
    """One column that a table function gives."""

    type: str | None = None


class WrittenFunction(Written):
    """A function's metadata.

    What the statement or the Python function says itself, its name, parameters and result, may
    stand here too. `metadata`, `language`, `database_name` and `object_tags` change nothing.
    """

    function_name: str | None = None
    schema_: str | None = Field(None, alias="schema")
    description: str | None = None
    function_type: Literal["scalar", "table"] | None = None
    language: Literal["sql", "python"] | None = None
    parameters: tuple[WrittenParameter, ...] | None = None
    return_type: str | None = None
    return_table_schema: tuple[WrittenResultColumn, ...] | None = None
    deterministic: bool | None = None
    source_sql_dialect: Dialect | None = None
    database_name: str | None = None
    null_handling: Literal["default", "special"] = "default"
    tests: tuple[Any, ...] | None = None
    tags: tuple[str, ...] | None = None
    object_tags: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
