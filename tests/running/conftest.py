"""Fixtures of the running tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running_lab import Lab, moment, sql_text


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty project."""
    return Lab(tmp_path / "lab")


@pytest.fixture
def source(lab: Lab) -> Callable[..., None]:
    """Adds rows `(id, c, v)` to the source, a table with a TIMESTAMP time; made when first used."""

    def add(*rows: tuple[object, object, object]) -> None:
        values = ", ".join(
            f"({sql_text(id_)}, {sql_text(None if c is None else moment(c))}, {sql_text(v)})"
            for id_, c, v in rows
        )
        lab.sql(
            "CREATE TABLE IF NOT EXISTS src (id INTEGER, c TIMESTAMP, v VARCHAR)",
            *([f"INSERT INTO src VALUES {values}"] if rows else []),
        )

    return add
