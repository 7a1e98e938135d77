"""What a whole process of t4t takes, beside a Python script of the same SQL."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import workload
from own_process import HERE, Taken, one_case, process
from tables import Tables, progress, spread


def measure(tables: Tables, folder: Path, sizes: Sequence[int], runs: int) -> None:
    """`t4t run` and a Python script with the same SQL; `t4t --help` and imports."""
    tables.add(
        "",
        "### Whole processes",
        "",
        "`t4t run` divided by a Python script of the same SQL, and `t4t --help` divided by "
        '`python -c "import duckdb, click"`, from start to exit.',
        "",
        "| case | million rows | clock | processor | more seconds of processor "
        "| seconds of processor, t4t and script |",
        "|---|---|---|---|---|---|",
    )
    progress("whole processes: --help")
    program = [sys.executable, "-m", "t4t_core.cli"]
    imports = [sys.executable, "-c", "import duckdb, click"]
    # These are short, so that more of them are wanted.
    helps = [(process([*program, "--help"]), process(imports)) for _ in range(5 * runs + 1)]
    tables.add(_row("`t4t --help`", "", helps[1:]))
    needed = "import duckdb, click, msgspec"
    every_run, checking, parsing = (
        statistics.median(process([sys.executable, "-c", code])[1] for _ in range(5 * runs))
        for code in (
            needed,
            f"{needed}; from pydantic import BaseModel, TypeAdapter",
            f"{needed}; import sqlglot.dialects.duckdb",
        )
    )
    for size in sizes:
        rows = size * 1_000_000
        source = folder / "source.duckdb"
        one_case("source", source, rows)
        for name in ("append", "merge", "delete_insert"):
            progress(f"{size} million rows: whole processes: {name}")
            case = workload.CASES[name]
            project = folder / f"{name}_process"
            project.mkdir()
            workload.write_project(project, case, rows)
            ours, hands = project / "data" / "p.duckdb", project / "hand.duckdb"
            shutil.copyfile(source, ours)
            one_case("t4t", project, "first")
            shutil.copyfile(ours, hands)
            script = [sys.executable, str(HERE / "one_case.py"), "hand", hands, name, rows]
            pairs = []
            for run in range(runs + 1):
                one_case("prepare", ours, name, rows, run)
                one_case("prepare", hands, name, rows, run)
                pairs.append((process([*program, "run", project]), process(script)))
            tables.add(_row(case.label, str(size), pairs[1:]))
            shutil.rmtree(project)
        source.unlink()
    tables.add(
        "",
        f"To import DuckDB, click and msgspec, which every run needs, takes {every_run:.2f} "
        f"seconds of processor, {checking:.2f} with pydantic, where metadata has changed, and "
        f"{parsing:.2f} with sqlglot, where SQL has.",
    )


def _row(label: str, size: str, pairs: list[tuple[Taken, Taken]]) -> str:
    (clock, processors), (script_clock, script_processors) = (
        zip(*taken, strict=True) for taken in zip(*pairs, strict=True)
    )
    more = spread(a - b for a, b in zip(processors, script_processors, strict=True))
    ratios = [
        spread(a / b for a, b in zip(ours, scripts, strict=True))
        for ours, scripts in ((clock, script_clock), (processors, script_processors))
    ]
    seconds = [f"{statistics.median(each):.2f}" for each in (processors, script_processors)]
    return f"| {label} | {size} | {' | '.join(ratios)} | {more} | {', '.join(seconds)} |"
