"""Measures what grows: a run after many commits, the files, and projects of many models.

python benchmarks/growth.py --commits 1000 --models 500,5000 --parents 1000
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import trivial
import workload
from tables import Tables, progress

if TYPE_CHECKING:
    from t4t_core.project.load import Project

# Each run of a kind has something to do: rows are added, changed or written again.
ROWS = 10_000
CHANGED = 100
KINDS = ("append", "merge", "delete_insert")
DELTAS = {
    "append": "INSERT INTO bench.src SELECT {run} * 1000000 + i, "
    "TIMESTAMP '2024-01-02' + to_minutes({run}) FROM range({changed}) AS r(i)",
    "merge": "UPDATE bench.src SET c = TIMESTAMP '2024-01-02' + to_minutes({run}) "
    "WHERE id < {changed}",
    "delete_insert": "UPDATE bench.src SET c = TIMESTAMP '2024-01-01' + to_minutes({run}) "
    "WHERE id < {changed}",
}


def commits(tables: Tables, folder: Path, count: int) -> None:
    """Milliseconds of runs after few commits and after many, and the sizes of the files."""
    from t4t_core.project.load import load_project

    tables.add(
        "",
        "### Commits",
        "",
        f"Runs of one model that each change {CHANGED} rows: milliseconds of processor (median of "
        "20), and the sizes of the database and of `tee_state.db` in KB.",
        "",
        f"| model | runs 2 to 21 | the last 20 of {count:,} | ratio | KB after 21 | KB at the end "
        "| state, KB |",
        "|---|---|---|---|---|---|---|",
    )
    for kind in KINDS:
        progress(f"{count} commits of {kind}")
        project_folder = folder / f"commits_{kind}"
        models = project_folder / "models" / "bench"
        models.mkdir(parents=True)
        workload.write_settings(project_folder)
        metadata = json.dumps(trivial.METADATA[kind])
        (models / "t.sql").write_text(f"-- metadata: {metadata}\nSELECT * FROM bench.src\n")
        project = load_project(project_folder)
        database = project.settings.database
        database.parent.mkdir(exist_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute("CREATE SCHEMA bench")
            connection.execute(
                "CREATE TABLE bench.src AS SELECT i AS id, TIMESTAMP '2024-01-01' AS c "
                f"FROM range({ROWS}) AS r(i)"
            )
        taken, sizes = [], []
        for number in range(count):
            with duckdb.connect(str(database)) as connection:
                connection.execute(DELTAS[kind].format(run=number, changed=CHANGED))
            taken.append(_run(project) * 1000)
            sizes.append(database.stat().st_size / 1024)
        first, last = statistics.median(taken[1:21]), statistics.median(taken[-20:])
        state = project.settings.state.stat().st_size / 1024
        tables.add(
            f"| {kind} | {first:.1f} | {last:.1f} | {last / first:.2f} | {sizes[20]:.0f} "
            f"| {sizes[-1]:.0f} | {state:.0f} |"
        )


def models(tables: Tables, folder: Path, counts: list[int]) -> None:
    """Milliseconds a model of projects of many: chains of 500 tables."""
    from t4t_core.project.load import load_project

    tables.add(
        "",
        "### Models",
        "",
        "Tables in chains of 500, each reading the one before: milliseconds of processor a model.",
        "",
        "| models | loading, nothing kept | loading, unchanged | first run | later run |",
        "|---|---|---|---|---|",
    )
    for count in counts:
        progress(f"{count} models")
        project_folder = folder / f"models_{count}"
        texts = project_folder / "models" / "bench"
        texts.mkdir(parents=True)
        workload.write_settings(project_folder)
        for number in range(count):
            parent = f" FROM bench.m{number - 1}" if number % 500 else ""
            (texts / f"m{number}.sql").write_text(f"SELECT 1 AS id{parent}\n")
        loads = [workload.taken(partial(load_project, project_folder))[1] for _ in range(3)]
        project = load_project(project_folder)

        runs = [_run(project) for _ in range(2)]
        each = [seconds * 1000 / count for seconds in (loads[0], min(loads[1:]), *runs)]
        tables.add(f"| {count} | {' | '.join(f'{value:.2f}' for value in each)} |")


def parents(tables: Tables, folder: Path, count: int) -> None:
    """Milliseconds of a model that reads many, for each of them."""
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.run import run_nodes

    progress(f"{count} parents")
    texts = folder / "models" / "bench"
    texts.mkdir(parents=True)
    workload.write_settings(folder)
    for number in range(count):
        (texts / f"m{number}.sql").write_text(f"SELECT {number} AS id\n")
    union = "\nUNION ALL\n".join(f"SELECT id FROM bench.m{number}" for number in range(count))
    (texts / "whole.sql").write_text(union)
    project = load_project(folder)
    run_nodes(project, project.graph.select(), Request())
    statement = f"CREATE OR REPLACE TABLE bench.whole AS {union}"

    def by_t4t() -> None:
        run_nodes(project, [project.graph.node("bench.whole")], Request())

    def raw() -> None:
        with duckdb.connect(str(project.settings.database)) as connection:
            connection.execute(statement)

    ours, hand = (min(workload.taken(each)[1] * 1000 for _ in range(3)) for each in (by_t4t, raw))
    tables.add(
        "",
        "### Parents",
        "",
        f"A union of {count:,} tables: {ours:.0f} ms of processor by t4t, {hand:.0f} ms by its "
        "bare statement; both open the database.",
    )


def _run(project: Project) -> float:
    """Seconds of processor of a run of the whole project."""
    from t4t_core.planning.request import Request
    from t4t_core.running.run import run_nodes

    def run() -> None:
        found = run_nodes(project, project.graph.select(), Request())
        failed = [model.error for model in found.models if model.status != "success"]
        if failed:
            raise SystemExit(str(failed[0]))

    return workload.taken(run)[1]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=1000, help="runs of one model")
    parser.add_argument("--models", default="500,5000", help="models of a project")
    parser.add_argument("--parents", type=int, default=1000, help="that one model reads")
    arguments = parser.parse_args()
    tables = Tables()
    with tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as name:
        folder = Path(name)
        commits(tables, folder, arguments.commits)
        models(tables, folder, [int(part) for part in arguments.models.split(",")])
        parents(tables, folder / "parents", arguments.parents)


if __name__ == "__main__":
    main()
