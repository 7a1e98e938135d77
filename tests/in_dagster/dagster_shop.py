"""Looking at a project's database and at materializations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

Materialize = Callable[..., dg.ExecuteInProcessResult]


def write(folder: Path, sql: str) -> None:
    """Runs statements on the project's database."""
    file = folder / "data" / "shop.duckdb"
    file.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def without_models(folder: Path, sql: str) -> Path:
    """A project `shop` in the folder, with no models yet and a database that the SQL has made."""
    made = folder / "shop"
    (made / "models" / "mart").mkdir(parents=True)
    (made / "project.toml").write_text('[connection]\npath = "data/shop.duckdb"\n')
    write(made, sql)
    return made


def read(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query on the project's database."""
    with duckdb.connect(str(folder / "data" / "shop.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def metadata(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    """The metadata of the one materialization of an asset of `mart`, as plain values."""
    events = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["mart", name])
    ]
    assert len(events) == 1
    return {key: value.value for key, value in events[0].metadata.items()}
