"""A seed: a data file of the project that becomes a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t4t_core.names import TableName

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True, slots=True)
class Seed:
    """A file of `seeds/` and the table that it becomes."""

    name: TableName
    file: Path

    def __str__(self) -> str:
        return str(self.name)
