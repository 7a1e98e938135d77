"""What users write in a seed's metadata."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from t4t_core.written.base import OneIsAList, Written
from t4t_core.written.dagster import WrittenDagster
from t4t_core.written.model import WrittenColumn
from t4t_core.written.tests import WrittenTest


class WrittenSeed(Written):
    """A seed's metadata; what says how a file is read is for CSV and TSV."""

    description: str | None = None
    schema_: tuple[WrittenColumn, ...] = Field((), alias="schema")
    tests: tuple[WrittenTest, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    object_tags: dict[str, str] = Field(default_factory=dict)
    dagster: WrittenDagster = Field(default_factory=WrittenDagster)
    delimiter: str | None = Field(None, min_length=1, max_length=4)
    header: StrictBool | None = None
    quote: str | None = Field(None, max_length=1)
    escape: str | None = Field(None, max_length=1)
    comment: str | None = Field(None, max_length=1)
    null_values: Annotated[tuple[str, ...], OneIsAList] | None = None
    skip: int | None = Field(None, ge=0)
    encoding: str | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimal_separator: str | None = Field(None, pattern="^[.,]$")
