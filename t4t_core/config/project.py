"""What `project.toml` says."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field


class LimitsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[connection.limits]`: what DuckDB may use; what is None is as DuckDB has it.

    The names are DuckDB's own. Nothing here changes what a table holds.
    """

    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: str | None = None
    max_temp_directory_size: str | None = None
    preserve_insertion_order: bool | None = None


class ConnectionConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[connection]`: which database, and the schema of models that stand straight in `models/`."""

    type: Literal["duckdb"] = "duckdb"
    path: str
    schema_: str = field(default="main", name="schema")
    lock_timeout_s: float = 60.0
    limits: LimitsConfig = field(default_factory=LimitsConfig)


class FlagsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[flags]`: what a run does when a model is no longer what it was, or is still."""

    materialization_change_behavior: Literal["warn", "error", "ignore"] = "warn"
    definition_change_behavior: Literal["full_refresh", "continue", "error"] = "full_refresh"
    only_changed: bool = False
    threads: int = 1


class StateConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[state]`: where the readable copy of the state is kept."""

    path: str = "data/tee_state.db"


class AttachConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[attach.NAME]`: another database that models read as `NAME.schema.table`."""

    path: str
    type: Literal["duckdb", "sqlite", "postgres", "mysql"] = "duckdb"
    read_only: bool = True


class ProjectConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`project.toml`."""

    project_folder: str | None = None
    connection: ConnectionConfig
    flags: FlagsConfig = field(default_factory=FlagsConfig)
    defer_to: str | None = None
    attach: dict[str, AttachConfig] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    state: StateConfig = field(default_factory=StateConfig)
    source_sql_dialect: str = "duckdb"
