"""What a seed's metadata says."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from t4t_core.config.checks import CheckConfig
from t4t_core.config.dagster import DagsterConfig
from t4t_core.config.model import ColumnConfig

_CSV_OPTIONS: Final = (
    "delimiter",
    "header",
    "quote",
    "escape",
    "comment",
    "null_values",
    "skip",
    "encoding",
    "date_format",
    "timestamp_format",
    "decimal_separator",
)


class SeedConfig(Struct, frozen=True, kw_only=True):
    """A seed's metadata; what says how a file is read is for CSV and TSV."""

    description: str | None
    schema_: tuple[ColumnConfig, ...] = field(name="schema")
    tests: tuple[CheckConfig, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    object_tags: dict[str, str]
    dagster: DagsterConfig
    delimiter: str | None
    header: bool | None
    quote: str | None
    escape: str | None
    comment: str | None
    null_values: tuple[str, ...] | None
    skip: int | None
    encoding: str | None
    date_format: str | None
    timestamp_format: str | None
    decimal_separator: str | None

    @property
    def types(self) -> dict[str, str]:
        """The declared type of each column that has one."""
        return {c.name: c.datatype for c in self.schema_ if c.datatype is not None}

    @property
    def csv_options(self) -> dict[str, object]:
        """What is set of the options for CSV, by the names that users write."""
        found = {name: getattr(self, name) for name in _CSV_OPTIONS}
        return {name: value for name, value in found.items() if value is not None}
