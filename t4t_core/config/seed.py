"""What users write in a seed's metadata."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool

from t4t_core.config.checks import CheckConfig
from t4t_core.config.dagster import DagsterConfig
from t4t_core.config.model import ColumnConfig
from t4t_core.config.written import Written


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SeedConfig(Written):
    """A seed's metadata; what says how a file is read is for CSV and TSV."""

    description: str | None = None
    schema_: tuple[ColumnConfig, ...] = Field((), alias="schema")
    tests: tuple[CheckConfig, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    dagster: DagsterConfig = Field(default_factory=DagsterConfig)
    delimiter: str | None = Field(None, min_length=1, max_length=4)
    header: StrictBool | None = None
    quote: str | None = Field(None, max_length=1)
    escape: str | None = Field(None, max_length=1)
    comment: str | None = Field(None, max_length=1)
    null_values: Annotated[tuple[str, ...], BeforeValidator(_as_list)] | None = None
    skip: int | None = Field(None, ge=0)
    encoding: str | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimal_separator: str | None = Field(None, pattern="^[.,]$")

    @property
    def types(self) -> dict[str, str]:
        """The declared type of each column that has one."""
        return {c.name: c.datatype for c in self.schema_ if c.datatype is not None}

    @property
    def csv_options(self) -> dict[str, object]:
        """What is set of the options for CSV, by the names that users write."""
        names = (
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
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}
