"""Loading a project of many SQL models: with nothing kept, with all kept, and the least of it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable
from pathlib import Path

import workload

METADATA = (
    '{"materialization": "table", "description": "model", '
    '"schema": [{"name": "id", "tests": ["not_null"]}]}'
)
QUERY = """\
WITH a AS (
    SELECT id, ts, v, CASE WHEN v > 10 THEN 'x' ELSE 'y' END AS k FROM {parent} WHERE v IS NOT NULL
)
SELECT a.id, max(a.ts) AS ts, sum(a.v) AS v, count(*) FILTER (WHERE a.k = 'x') AS xs
FROM a LEFT JOIN raw.dim AS d ON d.id = a.id
GROUP BY a.id
"""


def measure(folder: Path, count: int, runs: int) -> dict[str, object]:
    """Seconds of each load with nothing kept, with all kept and with one text changed.

    Beside them those of the floor: each text is read and parsed once, and its tables found by hand.
    """
    from t4t_core.project.load import load_project

    models = folder / "models" / "bench"
    models.mkdir(parents=True)
    workload.write_settings(folder)
    for number in range(count):
        parent = f"bench.m{number - 1}" if number % 10 else "raw.src"
        text = f"-- metadata: {METADATA}\n{QUERY.format(parent=parent)}"
        (models / f"m{number}.sql").write_text(text)

    def load() -> None:
        assert len(load_project(folder).models) == count

    def cold() -> None:
        shutil.rmtree(folder / ".t4t", ignore_errors=True)
        load()

    cold()  # sqlglot and pydantic make some things of theirs at their first use
    found: dict[str, list[tuple[float, float]]] = {
        "cold": [],
        "warm": [],
        "changed": [],
        "floor": [],
    }
    changed = models / "m7.sql"
    for number in range(runs):
        found["floor"].append(_alone(lambda: _parse(models)))
        found["cold"].append(_alone(cold))
        found["warm"].append(_alone(load))
        changed.write_text(f"{changed.read_text()} -- {number}\nHAVING count(*) > {number}\n")
        found["changed"].append(_alone(load))
        changed.write_text(changed.read_text().partition(" -- ")[0])
    return dict(found)


def _alone(call: Callable[[], None]) -> tuple[float, float]:
    """Its seconds, without those of taking away what came before it."""
    gc.collect()
    return workload.taken(call)


def _parse(models: Path) -> None:
    """Reads and parses each file, and finds the tables that it reads."""
    import sqlglot
    from sqlglot import exp

    for file in sorted(models.glob("*.sql")):
        tree = sqlglot.parse_one(file.read_text("utf-8"), dialect="duckdb")
        ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        tables = {
            (table.catalog, table.db, table.name)
            for table in tree.find_all(exp.Table)
            if table.db or table.name.lower() not in ctes
        }
        assert len(tables) == 2
