"""What `t4t run --changed` takes where nothing has changed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import workload
from own_process import one_case, process
from tables import Tables, progress, spread

ROWS = 1_000
# Two tables, a view and a merge in turns; each reads the model ten before it.
KINDS: tuple[dict[str, object], ...] = (
    {"materialization": "table"},
    {"materialization": "view"},
    {"materialization": "table"},
    {
        "materialization": "incremental",
        "incremental": {"strategy": "merge", "merge": {"unique_key": "id", "time_column": "c"}},
    },
)
WIDTH = 10


def write(folder: Path, count: int) -> None:
    """A project of so many models over one seed, each tenth of them deeper by one."""
    models, seeds = folder / "models" / "bench", folder / "seeds" / "bench"
    models.mkdir(parents=True)
    seeds.mkdir(parents=True)
    workload.write_settings(folder)
    rows = "".join(f"{n},2024-01-01 00:{n // 60 % 60:02}:{n % 60:02}\n" for n in range(ROWS))
    (seeds / "seed.csv").write_text(f"id,c\n{rows}")
    for number in range(count):
        parent = "seed" if number < WIDTH else f"m{number - WIDTH}"
        metadata = json.dumps(KINDS[number % len(KINDS)])
        text = f"-- metadata: {metadata}\nSELECT id, c FROM bench.{parent}\n"
        (models / f"m{number}.sql").write_text(text)


def measure(tables: Tables, folder: Path, counts: Sequence[int], runs: int) -> None:
    """Seconds of whole processes, and of the run alone."""
    tables.add(
        "",
        "### A run with nothing to do",
        "",
        f"A project of tables, views and merges over one seed, of {ROWS:,} rows each, of which "
        "none has changed: seconds of `t4t run --changed` and `t4t run` from start to exit, and of "
        "`--changed` alone, from opening the database to closing it.",
        "",
        "| models | `--changed`, clock | `--changed`, processor | alone, clock "
        "| alone, processor | `t4t run`, clock | `t4t run`, processor |",
        "|---|---|---|---|---|---|---|",
    )
    for count in counts:
        progress(f"{count} models: nothing to do")
        project = folder / f"unchanged_{count}"
        write(project, count)
        program = [sys.executable, "-m", "t4t_core.cli"]
        process([*program, "build", project])
        changed = [process([*program, "run", project, "--changed"]) for _ in range(runs + 1)][1:]
        alone = one_case("nothing_to_do", project, runs)["taken"]
        whole = [process([*program, "run", project]) for _ in range(min(runs, 3))]
        cells = [
            spread(taken[which] for taken in found)
            for found in (changed, alone, whole)
            for which in (0, 1)
        ]
        tables.add(f"| {count:,} | {' | '.join(cells)} |")
        shutil.rmtree(project)


def alone(folder: Path, runs: int) -> dict[str, object]:
    """Seconds of each run in this process, once the project is read."""
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.run import run_nodes

    project = load_project(folder)
    nodes = list(project.graph.nodes.values())
    left: list[str] = []

    def run() -> None:
        report = run_nodes(project, nodes, Request(only_changed=True))
        left[:] = [model.mode or "" for model in report.models if model.materialization != "seed"]

    taken = [workload.taken(run) for _ in range(runs)]
    if set(left) != {"skipped"}:
        raise SystemExit(f"some models ran: {left}")
    return {"taken": taken}
