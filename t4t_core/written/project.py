"""What users write in `project.toml`."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from t4t_core.written.base import Written
from t4t_core.written.dialect import Dialect

MOST_THREADS: Final = 64


class WrittenLimits(Written):
    """`[connection.limits]`: what DuckDB may use; what is not set is as DuckDB has it.

    The names are DuckDB's own. Nothing here changes what a table holds.
    """

    memory_limit: str | None = Field(None, min_length=1)
    threads: int | None = Field(None, ge=1, strict=True)
    temp_directory: str | None = Field(None, min_length=1)
    max_temp_directory_size: str | None = Field(None, min_length=1)
    preserve_insertion_order: StrictBool | None = None


class WrittenConnection(Written):
    """`[connection]`: which database, and the schema of models that stand straight in `models/`."""

    type: Literal["duckdb"] = "duckdb"
    path: str
    schema_: str = Field("main", alias="schema", min_length=1)
    lock_timeout_s: float = Field(60, ge=0)
    limits: WrittenLimits = WrittenLimits()


class WrittenFlags(Written):
    """`[flags]`: what a run does when a model is no longer what it was, or is still."""

    materialization_change_behavior: Literal["warn", "error", "ignore"] = "warn"
    definition_change_behavior: Literal["full_refresh", "continue", "error"] = "full_refresh"
    only_changed: StrictBool = False
    threads: int = Field(1, ge=1, le=MOST_THREADS, strict=True)


class WrittenState(Written):
    """`[state]`: where the readable copy of the state is kept."""

    path: str = "data/tee_state.db"


class WrittenAttach(Written):
    """`[attach.NAME]`: another database that models read as `NAME.schema.table`."""

    path: str = Field(min_length=1)
    type: Literal["duckdb", "sqlite", "postgres", "mysql"] = "duckdb"
    read_only: StrictBool = True


class WrittenProject(Written):
    """`project.toml`."""

    project_folder: str | None = None
    connection: WrittenConnection
    flags: WrittenFlags = WrittenFlags()
    defer_to: str | None = Field(None, min_length=1)
    attach: dict[str, WrittenAttach] = Field(default_factory=dict)
    vars: dict[str, Any] = Field(default_factory=dict)
    state: WrittenState = WrittenState()
    source_sql_dialect: Dialect = "duckdb"
