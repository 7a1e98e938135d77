"""A seed: a data file of the project that becomes a table."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from t4t_core.config.seed import SeedConfig
from t4t_core.errors import Noun, Place
from t4t_core.names import TableName

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
PACKED = ".gz"


def seed_parts(file: Path) -> tuple[str, str]:
    """The name of a file of `seeds/` and the ending that says its form, without `.gz`.

    `a.csv.gz` is the table `a`. The ending is in lower case, and none of `SUFFIXES` where the file
    is no seed.
    """
    unpacked = file.name
    if file.suffix.lower() == PACKED and Path(file.stem).suffix.lower() != ".parquet":
        unpacked = file.stem
    return Path(unpacked).stem, Path(unpacked).suffix.lower()


class Seed(Struct, frozen=True):
    """A file of `seeds/` and the table that it becomes.

    Attributes:
        config_place: The file that holds its metadata, or the seed's own.
        config: Its metadata.
        types: The columns that it gives a type, with what DuckDB calls it.
    """

    noun: ClassVar[Noun] = "seed"
    name: TableName
    file: Path
    config_place: Place
    config: SeedConfig
    types: tuple[tuple[str, str], ...] = ()

    @property
    def form(self) -> str:
        """The ending that says what is in the file: `.csv` for `a.csv.gz`."""
        return seed_parts(self.file)[1]

    def __str__(self) -> str:
        return str(self.name)
