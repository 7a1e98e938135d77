"""Measures a code location of t4t beside plain Dagster assets, in one run, and prints tables.

    python benchmarks/dagster_size.py --models 1000 --run-models 100 --runs 3

Loading: a process each time, from `import dagster` to a repository that is ready, for SQL models
(with and without what t4t keeps between loads) and for empty assets. Running: one job in one
process over tables, and over plain assets that run the same statements on a connection of DuckDB;
each asset opens and closes the file, or all share one connection. The sides take turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

PROJECT = '[connection]\npath = "data/size.duckdb"\nschema = "size"\n'
MODEL = "SELECT range AS id, {number} AS made, 'model ' || range AS name FROM range(1000)"

LOADED = """
import sys, time
start = time.perf_counter(), time.process_time()
from {module} import defs
repository = defs.get_repository_def()
assert len(repository.asset_graph.get_all_asset_keys()) == {count}, repository
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""

T4T = """
from pathlib import Path
from t4t_dagster import build_t4t_definitions
defs = build_t4t_definitions(Path(__file__).parent / "project")
"""

EMPTY = """
import dagster as dg
{assets}
defs = dg.Definitions(assets=[{names}])
"""

EMPTY_ASSET = """
@dg.asset(key=["size", "m{number}"])
def m{number}() -> None: ...
"""

PLAIN = """
from pathlib import Path
import dagster as dg
import duckdb

FILE = Path(__file__).parent / "{module}.duckdb"
SHARED = duckdb.connect(str(FILE)) if {shared} else None
with duckdb.connect(str(FILE)) as connection:
    connection.execute("CREATE SCHEMA IF NOT EXISTS size")


def made(number):
    @dg.asset(key=["size", f"m{{number}}"])
    def asset() -> None:
        sql = "{model}".replace("NUMBER", str(number))
        sql = f'CREATE OR REPLACE TABLE size."m{{number}}" AS {{sql}}'
        if SHARED is not None:
            SHARED.execute(sql)
            return
        with duckdb.connect(str(FILE)) as connection:
            connection.execute(sql)

    return asset


defs = dg.Definitions(assets=[made(number) for number in range({count})])
"""

RUN = """
import logging, sys, time
import dagster as dg
from {module} import defs

logging.disable(logging.INFO)
job = defs.resolve_implicit_global_asset_job_def()
with dg.DagsterInstance.ephemeral() as instance:
    for _ in range(2):  # the first run makes the tables, the second one is measured
        start = time.perf_counter(), time.process_time()
        result = job.execute_in_process(instance=instance)
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
assert result.success
assert len(result.get_asset_materialization_events()) == {count}
print(*taken)
"""

Taken = tuple[float, float]


def process(folder: Path, text: str, **variables: str) -> Taken:
    """Seconds by the clock and of all processors that a text measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}")
    clock, processors = done.stdout.split()[-2:]
    return float(clock), float(processors)


def in_turns(
    folder: Path, texts: dict[str, str], runs: int, **variables: str
) -> dict[str, list[Taken]]:
    """What each text measured, in as many rounds; a first round is thrown away."""
    found: dict[str, list[Taken]] = {name: [] for name in texts}
    for run in range(runs + 1):
        print(f"... round {run} of {runs}", file=sys.stderr, flush=True)
        for name, text in list(texts.items())[:: 1 if run % 2 else -1]:
            found[name].append(process(folder, text, **variables))
    return {name: values[1:] for name, values in found.items()}


def spread(values: Iterable[float]) -> str:
    """The median, and the least and the greatest."""
    found = list(values)
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def print_table(found: dict[str, list[Taken]], beside: dict[str, str]) -> None:
    """Seconds, and each ratio to the side that stands beside it."""
    print(
        "\n| | clock, s | processor, s | clock, ratio | processor, ratio |\n|---|---|---|---|---|"
    )
    for name, values in found.items():
        row = [name, *(spread(value[part] for value in values) for part in (0, 1))]
        for part in (0, 1):
            pairs = zip(values, found[beside[name]], strict=True) if name in beside else ()
            ratios = [ours[part] / plain[part] for ours, plain in pairs]
            row.append(spread(ratios) if ratios else "")
        print(f"| {' | '.join(row)} |", flush=True)


def write_t4t(folder: Path, count: int) -> None:
    """A project of so many tables, and its code location."""
    models = folder / "project" / "models" / "size"
    shutil.rmtree(folder / "project", ignore_errors=True)
    models.mkdir(parents=True)
    (folder / "project" / "project.toml").write_text(PROJECT)
    for number in range(count):
        text = '-- metadata: {"materialization": "table"}\n' + MODEL.format(number=number)
        (models / f"m{number}.sql").write_text(text + "\n")
    (folder / "by_t4t.py").write_text(T4T)


def measure_loading(folder: Path, count: int, runs: int) -> None:
    """Prints what it takes until a code location is ready."""
    print(f"\n### Loading a code location of {count:,} assets", flush=True)
    write_t4t(folder, count)
    assets = "".join(EMPTY_ASSET.format(number=number) for number in range(count))
    names = ", ".join(f"m{number}" for number in range(count))
    (folder / "empty.py").write_text(EMPTY.format(assets=assets, names=names))
    forgetting = "import shutil\nshutil.rmtree('project/.t4t', ignore_errors=True)\n"
    by_t4t = LOADED.format(module="by_t4t", count=count)
    plain = LOADED.format(module="empty", count=count)
    texts = {
        "empty assets": plain,
        "t4t, nothing kept": forgetting + by_t4t,
        "t4t, unchanged": by_t4t,
    }
    for text in texts.values():  # writes what is kept
        process(folder, text)
    found = in_turns(folder, texts, runs)
    print_table(found, dict.fromkeys(list(texts)[1:], "empty assets"))


def measure_run(folder: Path, count: int, runs: int) -> None:
    """Prints what a run takes."""
    print(f"\n### One run of {count:,} assets in one process", flush=True)
    write_t4t(folder, count)
    for name, shared in (("alone", False), ("shared", True)):
        text = PLAIN.format(
            module=name, shared=shared, count=count, model=MODEL.format(number="NUMBER")
        )
        (folder / f"{name}.py").write_text(text)
    opening, sharing = "plain, each opens the file", "plain, one connection"
    texts = {
        opening: RUN.format(module="alone", count=count),
        sharing: RUN.format(module="shared", count=count),
        "t4t": RUN.format(module="by_t4t", count=count),
    }
    found = in_turns(folder, texts, runs)
    print_table(found, {"t4t": opening, sharing: opening})


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, default=1000, help="of the code location")
    parser.add_argument("--run-models", type=int, default=100, help="of the run")
    parser.add_argument("--runs", type=int, default=3, help="of each measurement")
    arguments = parser.parse_args()
    print(
        f"Measured on {datetime.now():%Y-%m-%d} with Dagster {version('dagster')}, "
        f"DuckDB {version('duckdb')}, sqlglot {version('sqlglot')}, "
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()} "
        f"with {os.cpu_count()} processors:\n\n    python benchmarks/dagster_size.py "
        f"--models {arguments.models} --run-models {arguments.run_models} --runs {arguments.runs}"
    )
    with tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as name:
        measure_loading(Path(name), arguments.models, arguments.runs)
        measure_run(Path(name), arguments.run_models, arguments.runs)


if __name__ == "__main__":
    main()
