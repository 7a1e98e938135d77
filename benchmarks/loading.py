"""Loading a project of many SQL models: with nothing kept, with all kept, and parsing alone."""

from __future__ import annotations

import shutil
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
    """Seconds of each load with nothing kept and with all kept, and of parsing each text once."""
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
    found: dict[str, list[tuple[float, float]]] = {"cold": [], "warm": [], "floor": []}
    for _ in range(runs):
        found["cold"].append(workload.taken(cold))
        found["warm"].append(workload.taken(load))
        found["floor"].append(workload.taken(lambda: _parse(models)))
    return dict(found)


def _parse(models: Path) -> None:
    """Reads and parses each file, and looks for its tables."""
    import sqlglot

    for file in sorted(models.glob("*.sql")):
        tree = sqlglot.parse_one(file.read_text("utf-8"), dialect="duckdb")
        assert list(tree.find_all(sqlglot.exp.Table))
