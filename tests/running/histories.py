"""Sources, query shapes and time columns to play histories on, in a database in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from running_lab import incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.project.load import Project, load_project
from t4t_core.report import ModelReport
from t4t_core.request import Request
from t4t_core.session import Session
from t4t_core.state.ledger import ensure_ledger

# Rows of these stay once the source has given them, so every strategy can follow them.
GROWING = {
    "plain": "SELECT id, c, v FROM src WHERE v IS DISTINCT FROM 'skip'",
    "star": "SELECT * FROM src",
    "aliased": "SELECT v AS w, c AS d, id AS v, s.c FROM src AS s",
    "expression": "SELECT id, coalesce(c, NULL) AS c, v FROM src",
    "or": "SELECT id, c, v FROM src WHERE v = 'a' OR v = 'b' OR v IS NULL",
    "join": "SELECT f.id, f.c, f.v, d.name FROM src AS f JOIN dim AS d USING (id)",
    "left join": "SELECT f.id, f.c, f.v, d.name FROM src AS f LEFT JOIN dim AS d ON d.id = f.id",
    "cte": "WITH a AS (SELECT * FROM src), b AS (SELECT id, c, v FROM a) SELECT * FROM b",
    "union all": "SELECT id, c, v FROM src UNION ALL SELECT id + 10, c, v FROM src WHERE v = 'a'",
    "distinct": "SELECT DISTINCT id, c, v FROM src",
    "subquery": "SELECT * FROM (SELECT c, v, id FROM src) AS q",
    "unnest": "SELECT id, c, unnest([v, 'x']) AS v FROM src",
}
# A row of these is replaced when its key gets a later one, or counts more. Append keeps what it
# has once added, so it cannot follow them; LIMIT and aggregates over everything no strategy can.
REPLACING = {
    "latest": "SELECT * FROM src QUALIFY row_number() OVER "
    "(PARTITION BY id ORDER BY c DESC NULLS LAST, v DESC NULLS LAST) = 1",
    "greatest": "SELECT id, max(c) AS c, count(*) AS n, min(v) AS v FROM src "
    "WHERE c IS NOT NULL GROUP BY id",
    "union distinct": "SELECT id, max(c) AS c, min(v) AS v FROM src WHERE c IS NOT NULL "
    "GROUP BY id UNION SELECT id + 10, c, v FROM src",
}
KINDS = {
    "TIMESTAMP": ("TIMESTAMP '2024-03-10' + INTERVAL (?) HOUR", "{} hours"),
    "TIMESTAMPTZ": ("TIMESTAMPTZ '2024-03-10 00:00:00+00' + INTERVAL (?) HOUR", "{} hours"),
    "DATE": ("DATE '2024-03-10' + CAST(? AS INTEGER)", "{} days"),
    "BIGINT": ("CAST(? AS BIGINT)", "{}"),
}
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


@dataclass
class World:
    """A warehouse in memory with the source, and the project that runs on it."""

    project: Project
    kind: str
    zone: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warehouse = self._empty()
        self.session = Session(self.project, self.warehouse)

    def _empty(self) -> Warehouse:
        warehouse = Warehouse.open_empty(self.project.settings.catalog)
        warehouse.execute(f"SET TimeZone = '{self.zone}'")
        warehouse.execute(f"CREATE TABLE src (id INTEGER, c {self.kind}, v VARCHAR)")
        warehouse.execute("CREATE TABLE dim AS SELECT r AS id, 'n' || r AS name FROM range(2) t(r)")
        ensure_ledger(warehouse)
        return warehouse

    def _add(self, warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
        moment = KINDS[self.kind][0]
        for row in rows:
            warehouse.row(f"INSERT INTO src SELECT ?, {moment}, ?", row)

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self._add(self.warehouse, rows)
        self.rows += rows

    def run(self) -> ModelReport:
        (model,) = self.project.models
        return self.session.run(model, Request())

    def table(self, condition: str = "true") -> Counter[tuple[object, ...]]:
        return Counter(self.warehouse.rows(f"SELECT * FROM m.t WHERE {condition}"))

    @contextmanager
    def refreshed(self) -> Iterator[World]:
        """The same source in a second database, loaded in full."""
        other = World(self.project, self.kind, self.zone)
        with other.warehouse:
            other.add(self.rows)
            report = other.run()
            assert (report.status, report.mode) == ("success", "full"), report.error
            yield other


def world(
    folder: Path, strategy: str, query: str, kind: str, zone: str, own: dict[str, Any]
) -> World:
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "project.toml").write_text('[connection]\npath = "w.duckdb"\n')
    metadata = json.dumps(incremental(strategy, **own))
    (folder / "models" / "m" / "t.sql").write_text(f"-- metadata: {metadata}\n{query}\n")
    return World(load_project(folder), kind, zone)
