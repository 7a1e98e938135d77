"""Measures a code location of t4t beside one of dagster-dbt with the same models, in one run.

    python benchmarks/dagster_dbt_size.py --models 1000 --run-models 100 --runs 3

Loading: a process each time, from `import dagster` to a repository that is ready. dagster-dbt reads
a manifest that is there already, as where it is deployed. Running: one job in one process that
makes the same tables; dagster-dbt hands all of them to one `dbt build`. The sides take turns, and
the rows of the tables are compared. `benchmarks/run.py --peers` installs dagster-dbt.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import peer_projects
import peers
from dagster_size import LOADED, MODEL, RUN, T4T, write_t4t
from tables import Tables, progress, spread

DBT = """
from pathlib import Path
from dagster import Definitions
from dagster_dbt import DbtCliResource, dbt_assets

PROJECT = Path(__file__).parent / "dbt_project"

@dbt_assets(manifest=PROJECT / "target" / "manifest.json")
def models(context, dbt: DbtCliResource):
    yield from dbt.cli(["build"], context=context).stream()

dbt = DbtCliResource(project_dir=str(PROJECT), profiles_dir=str(PROJECT), dbt_executable={dbt!r})
defs = Definitions(assets=[models], resources={{"dbt": dbt}})
"""

VERSIONS = """
from importlib.metadata import version
for name in ("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb"):
    print(name, version(name))
"""


@dataclass(frozen=True, slots=True)
class Side:
    """Who is measured: its Python, and the module of its code location."""

    python: Path
    module: str


def write(folder: Path, count: int, programs: Path) -> dict[str, Side]:
    """The code locations of so many tables."""
    write_t4t(folder, count)
    project = folder / "dbt_project"
    peer_projects.dbt_settings(project)
    for number in range(count):
        text = "{{ config(materialized='table') }}\n" + MODEL.format(number=number)
        peer_projects.write(project / "models" / f"m{number}.sql", text + "\n")
    options = ["--project-dir", project, "--profiles-dir", project]
    peers.measured([programs / "dbt", "parse", *options])
    (folder / "by_t4t.py").write_text(T4T)
    (folder / "by_dbt.py").write_text(DBT.format(dbt=str(programs / "dbt")))
    return {
        "t4t": Side(Path(sys.executable), "by_t4t"),
        "dagster-dbt": Side(programs / "python", "by_dbt"),
    }


def taken(folder: Path, side: Side, text: str, count: int) -> dict[str, float]:
    """What a process took, of which it prints nothing."""
    filled = text.format(module=side.module, count=count)
    return peers.measured(
        [side.python, "-c", f"import sys; sys.path[:0] = [{str(folder)!r}]\n{filled}"]
    )


def measure(tables: Tables, title: str, folder: Path, text: str, count: int, runs: int) -> None:
    """Adds a table of whole processes."""
    tables.add("", f"### {title}", "", "| | clock, s | processor, s | peak MB | clock, ratio |")
    tables.add("|---|---|---|---|---|")
    sides = write(folder, count, programs_of())
    found: dict[str, list[dict[str, float]]] = {label: [] for label in sides}
    for turn in range(runs + 1):
        progress(f"{title}: round {turn} of {runs}")
        for label, side in list(sides.items())[:: 1 if turn % 2 else -1]:
            found[label].append(taken(folder, side, text, count))
    ours = [each["clock"] for each in found["t4t"][1:]]
    for label, values in found.items():
        cells = [spread(each[key] for each in values[1:]) for key in ("clock", "processors")]
        cells.append(spread((each["peak_mb"] for each in values[1:]), 0))
        clocks = [each["clock"] for each in values[1:]]
        ratios = [b / a for a, b in zip(ours, clocks, strict=True)]
        cells.append("" if label == "t4t" else spread(ratios))
        tables.add(f"| {label} | {' | '.join(cells)} |")


def programs_of() -> Path:
    """Where dagster-dbt is installed."""
    found = peers.programs("dagster_dbt", peers.FOLDER)
    if found is None:
        raise SystemExit("dagster-dbt is not installed; `benchmarks/run.py --peers` installs it")
    return found


def check_same(folder: Path, count: int) -> None:
    """Ends the program where the two made different tables."""
    held = []
    for file, schema in (
        (folder / "project" / "data" / "size.duckdb", "size"),
        (folder / "dbt_project" / "data" / "p.duckdb", "bench"),
    ):
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = (
                f'SELECT * FROM "{file.stem}"."{schema}"."m{number}"' for number in range(count)
            )
            held.append(
                connection.execute(
                    "SELECT count(*), sum(hash(id, made, name)::HUGEINT) "
                    f"FROM ({' UNION ALL '.join(tables)})"
                ).fetchall()
            )
    if held[0] != held[1]:
        raise SystemExit(f"the tables differ: {held}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, default=1000, help="of the code location")
    parser.add_argument("--run-models", type=int, default=100, help="of the run")
    parser.add_argument("--runs", type=int, default=3, help="of each measurement")
    arguments = parser.parse_args()
    tables, runs = Tables(), arguments.runs
    subprocess.run([programs_of() / "python", "-c", VERSIONS], check=True)
    for title, text, count in (
        (f"Loading a code location of {arguments.models:,} assets", LOADED, arguments.models),
        (f"One run of {arguments.run_models:,} assets", RUN, arguments.run_models),
    ):
        with tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as name:
            measure(tables, title, Path(name), text, count, runs)
            if text is RUN:
                check_same(Path(name), count)


if __name__ == "__main__":
    main()
