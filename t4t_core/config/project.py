"""What users write in `project.toml`."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from t4t_core.config.dialect import Dialect
from t4t_core.config.written import Written

MOST_THREADS: Final = 64


class LimitsConfig(Written):
    """`[connection.limits]`: what DuckDB may use; what is not set is as DuckDB has it.

    The names are DuckDB's own. Nothing here changes what a table holds.
    """

    memory_limit: str | None = Field(None, min_length=1)
    threads: int | None = Field(None, ge=1, strict=True)
    temp_directory: str | None = Field(None, min_length=1)
    max_temp_directory_size: str | None = Field(None, min_length=1)
    preserve_insertion_order: StrictBool | None = None


class ConnectionConfig(Written):
    """`[connection]`: which database, and the schema of models that stand straight in `models/`."""

    type: Literal["duckdb"] = "duckdb"
    path: str
    schema_: str = Field("main", alias="schema", min_length=1)
    lock_timeout_s: float = Field(60, ge=0)
    limits: LimitsConfig = LimitsConfig()


class FlagsConfig(Written):
    """`[flags]`: what a run does when a model is no longer what it was, or is still."""

    materialization_change_behavior: Literal["warn", "error", "ignore"] = "warn"
    definition_change_behavior: Literal["full_refresh", "continue", "error"] = "full_refresh"
    only_changed: StrictBool = False
    threads: int = Field(1, ge=1, le=MOST_THREADS, strict=True)


class StateConfig(Written):
    """`[state]`: where the readable copy of the state is kept."""

    path: str = "data/tee_state.db"


class AttachConfig(Written):
    """`[attach.NAME]`: another database that models read as `NAME.schema.table`."""

    path: str = Field(min_length=1)
    type: Literal["duckdb", "sqlite", "postgres", "mysql"] = "duckdb"
    read_only: StrictBool = True


class ProjectConfig(Written):
    """`project.toml`."""

    project_folder: str | None = None
    connection: ConnectionConfig
    flags: FlagsConfig = FlagsConfig()
    defer_to: str | None = Field(None, min_length=1)
    attach: dict[str, AttachConfig] = Field(default_factory=dict)
    vars: dict[str, Any] = Field(default_factory=dict)
    state: StateConfig = StateConfig()
    source_sql_dialect: Dialect = "duckdb"
