"""Types for the unit tests of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict


class SqlRows(TypedDict):
    """Rows that a query gives."""

    sql: str


Rows = Sequence[Mapping[str, Any]] | str | SqlRows
"""Rows as dicts, as CSV text, or as a query."""


class UnitRun(TypedDict, total=False):
    """One run of a unit test: what it finds, and what it must do."""

    given: Mapping[str, Rows]
    vars: Mapping[str, Any]
    now: str | datetime
    full_refresh: bool
    expect: Rows
    expect_error: str
    mode: Literal["full", "incremental"]
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    watermark: str | int | date


class UnitTest(UnitRun, total=False):
    """One item of the variable `unit_tests`, beside a model or in `tests/unit`."""

    name: str
    model: str
    description: str
    types: Mapping[str, Mapping[str, str]]
    table_before: Rows
    watermark_before: str | int | date
    runs: Sequence[UnitRun]
