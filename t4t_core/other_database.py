"""Another database that models read."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from t4t_core.errors import Place

DEFERRED: Final = "defer_to"
"""The name of the database that `defer_to` names."""


class OtherDatabase(Struct, frozen=True):
    """A database that is attached while the project's own is open.

    Attributes:
        name: What models call it: `name.schema.table`.
        source: What DuckDB attaches: a file, or how to connect to a server.
        file: The file, or None for a server.
        place: Where `project.toml` names it.
    """

    name: str
    source: str
    kind: Literal["duckdb", "sqlite", "postgres", "mysql"]
    is_read_only: bool
    file: Path | None
    place: Place
