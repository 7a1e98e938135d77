"""Whole processes of t4t, of a script by hand, and of dbt and SQLMesh where they are installed.

Every case is the same work for each, which is checked where tables come of it. They take turns;
what is measured first of each is thrown away where files or caches have to warm up.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import peers
from tables import Tables, progress, spread

Measured = dict[str, float]
CASES = {
    "append": "append, 100,000 new rows",
    "merge": "merge, 50,000 changed rows and 50,000 new ones",
    "delete_insert": "delete and insert a window of 100,000 rows",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What one case took each tool, by its label, once a turn."""

    case: str
    found: dict[str, list[Measured]]


def measure(
    tables: Tables, folder: Path, within: Path, models: int, trivial: int, millions: int, runs: int
) -> Iterator[Result]:
    """Adds a table of all cases, and gives each as it comes.

    Args:
        tables: Where it goes.
        folder: To work in.
        within: Where the tools are installed.
        models: Of the project that is loaded.
        trivial: Models of the project that is run.
        millions: Of rows of the incremental models' tables.
        runs: Of each measurement.
    """
    tools = peers.tools(within)
    tables.add(
        "",
        "### Beside other tools",
        "",
        f"Whole processes: {'; '.join(peers.versions(tool) for tool in tools)}.",
        "",
        "| case | | clock, s | processor, s | peak MB | clock beside t4t | processor beside t4t |",
        "|---|---|---|---|---|---|---|",
    )
    for result in _results(folder, tools, models, trivial, millions, runs):
        _add(tables, result)
        yield result


def _results(
    folder: Path, tools: Sequence[peers.Tool], models: int, trivial: int, millions: int, runs: int
) -> Iterator[Result]:
    for case in CASES:
        yield _incremental(folder, tools, case, millions, runs)
    yield from _trivial(folder, tools, trivial, runs)
    yield from _loading(folder, tools, models, runs)


def _add(tables: Tables, result: Result) -> None:
    ours = result.found["t4t"]
    for label, values in result.found.items():
        ratios = []
        for key in ("clock", "processors"):
            each = [b[key] / a[key] for a, b in zip(ours, values, strict=True)]
            ratios.append("" if label == "t4t" else spread(each))
        clock, processors = (spread(v[key] for v in values) for key in ("clock", "processors"))
        peak = statistics.median(value["peak_mb"] for value in values)
        tables.add(
            f"| {result.case} | {label} | {clock} | {processors} | {peak:.0f} "
            f"| {' | '.join(ratios)} |"
        )


def _turns(tools: Sequence[peers.Tool], turn: int) -> Sequence[peers.Tool]:
    return tools if turn % 2 else tools[::-1]


def _loading(
    folder: Path, tools: Sequence[peers.Tool], count: int, runs: int
) -> tuple[Result, Result]:
    cold: dict[str, list[Measured]] = {tool.label: [] for tool in tools}
    warm: dict[str, list[Measured]] = {tool.label: [] for tool in tools}
    for tool in tools:
        peers.write_project(tool, "chains", folder / tool.label, count)
    for turn in range(runs):
        progress(f"loading {count} models, {turn + 1} of {runs}")
        for tool in _turns(tools, turn):
            project = folder / tool.label
            for name in tool.forgotten:
                shutil.rmtree(project / name, ignore_errors=True)
            cold[tool.label].append(peers.measured(tool.load(project, True)))
            warm[tool.label].append(peers.measured(tool.load(project, False)))
    return (
        Result(f"read {count:,} models, nothing kept", cold),
        Result(f"read {count:,} models, unchanged", warm),
    )


def _trivial(
    folder: Path, tools: Sequence[peers.Tool], count: int, runs: int
) -> tuple[Result, Result]:
    first: dict[str, list[Measured]] = {tool.label: [] for tool in tools}
    again: dict[str, list[Measured]] = {tool.label: [] for tool in tools}
    for turn in range(runs):
        progress(f"running {count} models, {turn + 1} of {runs}")
        held = {}
        for tool in _turns(tools, turn):
            project = folder / tool.label
            peers.write_project(tool, "trivial", project, count)
            first[tool.label].append(peers.measured(tool.run(project, count, True)))
            again[tool.label].append(peers.measured(tool.run(project, count, False)))
            held[tool.label] = peers.say(
                tool, "trivial_content", peers.database(project), "bench", count
            )
        _same("running", held)
    return (
        Result(f"run {count:,} tables of one row, the first time", first),
        Result(f"run {count:,} tables of one row, again", again),
    )


def _incremental(
    folder: Path, tools: Sequence[peers.Tool], case: str, millions: int, runs: int
) -> Result:
    hours = millions * 10
    found: dict[str, list[Measured]] = {tool.label: [] for tool in tools}
    for tool in tools:
        progress(f"{case}: {millions} million rows by {tool.label}")
        project = folder / tool.label
        peers.write_project(tool, "incremental", project, case, hours)
        peers.say(tool, "source", peers.database(project), hours)
        peers.measured(tool.first(project, case, hours))
    for turn in range(runs + 1):
        progress(f"{case}: run {turn} of {runs}")
        for tool in _turns(tools, turn):
            project = folder / tool.label
            peers.say(tool, "delta", peers.database(project), case, hours, turn)
            taken = peers.measured(tool.later(project, case, hours, turn))
            if turn:
                found[tool.label].append(taken)
    held = {
        tool.label: peers.say(tool, "content", peers.database(folder / tool.label), tool.schema)
        for tool in tools
    }
    _same(case, held)
    for tool in tools:
        shutil.rmtree(folder / tool.label)
    return Result(f"{CASES[case]}, to {millions} million", found)


def _same(case: str, held: dict[str, str]) -> None:
    if len(set(held.values())) != 1:
        raise SystemExit(f"{case}: the tables differ: {held}")
