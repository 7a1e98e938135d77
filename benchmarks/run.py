"""Measures t4t beside the best SQL written by hand and other tools, and prints tables in Markdown.

    python benchmarks/run.py --sizes 1,10,50 --runs 5 --peers

The strategies are measured in two copies of one database that get the same deltas; t4t and the
hand-written SQL take turns, each time in a new process. Needs about 6 GB of disk for 50 million
rows.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import beside_peers
import loading
import nothing_to_do
import peers
import side_by_side
import trivial
import whole_processes
import workload
from own_process import Measured, one_case
from tables import Tables, progress, spread

# Models of long SQL; they take several times as long to parse as others.
_MOST_LONG = 1000


def measure_overhead(tables: Tables, folder: Path, counts: Sequence[int], runs: int) -> None:
    """Milliseconds a model above the bare statements."""
    tables.add(
        "",
        "### Overhead per model",
        "",
        "Milliseconds a model that a later run takes above its bare statements, above the same "
        "with a row in a ledger, each model committed with its row, and above the statements that "
        "t4t itself sends.",
        "",
        "| model | models | above raw, clock | above raw, processor | above raw with a ledger, "
        "processor | above its own statements, processor | raw, clock | loading |",
        "|---|---|---|---|---|---|---|---|",
    )
    for count in counts:
        for kind in trivial.METADATA:
            progress(f"{count} models: {kind}")
            project = folder / f"{kind}_{count}"
            found = one_case("overhead", project, kind, count, runs)
            each = 1000 / count
            turns = found["turns"]
            clock = [(ours[0] - raw[0]) * each for ours, raw, *_ in turns]
            above = [
                [(turn[0][1] - turn[other][1]) * each for turn in turns]
                for other in range(1, len(turns[0]))
            ]
            raw_clock = [raw[0] * each for _, raw, *_ in turns]
            loads = [taken[0] * each for taken in found["loading"]]
            tables.add(
                f"| {kind} | {count} | {spread(clock)} | {' | '.join(map(spread, above))} "
                f"| {spread(raw_clock)} | {spread(loads)} |"
            )
            shutil.rmtree(project)


def measure_loading(tables: Tables, folder: Path, counts: Sequence[int], runs: int) -> None:
    """Seconds of loading, and their ratio to parsing each file and finding its tables by hand."""
    tables.add(
        "",
        "### Loading",
        "",
        "Seconds of processor, and the same divided by the floor: to read and parse each file and "
        "find its tables by hand.",
        "",
        "| models | lines of SQL | nothing kept | unchanged | one changed | floor "
        "| nothing kept, ratio | unchanged, ratio |",
        "|---|---|---|---|---|---|---|---|",
    )
    for kind, count in itertools.product(loading.KINDS, counts):
        if kind == "long" and count > _MOST_LONG:
            continue
        progress(f"{count} models: loading, {kind}")
        found = one_case("loading", folder / f"loading_{kind}_{count}", kind, count, runs)
        kinds = ("cold", "warm", "changed", "floor")
        cold, warm, changed, floor = ([p for _, p in found[key]] for key in kinds)
        seconds = [spread(values) for values in (cold, warm, changed, floor)]
        ratios = [
            spread(ours / least for ours, least in zip(values, floor, strict=True))
            for values in (cold, warm)
        ]
        lines = loading.KINDS[kind][0].count("\n")
        tables.add(f"| {count} | {lines} | {' | '.join([*seconds, *ratios])} |")


def measure_strategies(tables: Tables, folder: Path, sizes: Sequence[int], runs: int) -> None:
    """Ratios of t4t to the hand-written SQL, by strategy and size."""
    tables.add(
        "",
        "### Strategies",
        "",
        "t4t divided by the SQL written by hand: the same delta, on tables of the same rows.",
        "",
        "| case | million rows | clock | processor | milliseconds more, clock | peak memory "
        "| peak MB, t4t and by hand |",
        "|---|---|---|---|---|---|---|",
    )
    for size in sizes:
        source = folder / f"source_{size}.duckdb"
        progress(f"{size} million rows: source")
        one_case("source", source, size * 1_000_000)
        for case in workload.CASES.values():
            _measure_strategy(tables, folder / case.name, source, case, size, runs)
            shutil.rmtree(folder / case.name)
        source.unlink()


def _measure_strategy(
    tables: Tables, folder: Path, source: Path, case: workload.Case, size: int, runs: int
) -> None:
    rows = size * 1_000_000
    folder.mkdir()
    progress(f"{size} million rows: {case.name}, full load")
    workload.write_project(folder, case, rows)
    ours, hands = folder / "data" / "p.duckdb", folder / "hand.duckdb"
    shutil.copyfile(source, ours)
    one_case("t4t", folder, "first")
    shutil.copyfile(ours, hands)
    contenders = {"t4t": ours, "hand": hands}
    others = [one for one in workload.OTHERS.get(case.name, ()) if rows <= one.most_rows]
    for other in others:
        contenders[other.name] = folder / f"{other.name}.duckdb"
        shutil.copyfile(ours, contenders[other.name])

    found: dict[str, list[Measured]] = {name: [] for name in contenders}
    for run in range(runs + 1):
        progress(f"{size} million rows: {case.name}, run {run} of {runs}")
        turns = list(contenders) if run % 2 else list(contenders)[::-1]
        for name in turns:
            one_case("prepare", contenders[name], case.name, rows, run)
        for name in turns:
            found[name].append(_applied(name, contenders[name], folder, case, rows))
    held = {name: one_case("content", file)["content"] for name, file in contenders.items()}
    if len({tuple(content) for content in held.values()}) != 1:
        raise SystemExit(f"{case.name}: the tables differ: {held}")
    for name in found:
        del found[name][0]  # it warmed the files up
    tables.add(_row(case.label, size, found["t4t"], found["hand"]))
    for other in others:
        its = found[other.name]
        pair = (its, found["hand"]) if other.stands_for_t4t else (found["t4t"], its)
        tables.add(_row(other.label, size, *pair))


def _applied(name: str, file: Path, folder: Path, case: workload.Case, rows: int) -> Measured:
    if name == "t4t":
        return one_case("t4t", folder)
    return one_case("hand", file, case.name if name == "hand" else name, rows)


def _row(label: str, size: int, ours: list[Measured], hand: list[Measured]) -> str:
    def ratio(key: str) -> str:
        return spread(a[key] / b[key] for a, b in zip(ours, hand, strict=True))

    peaks = [statistics.median(each["peak_mb"] for each in who) for who in (ours, hand)]
    more = spread(((a["clock"] - b["clock"]) * 1000 for a, b in zip(ours, hand, strict=True)), 0)
    return (
        f"| {label} | {size} | {ratio('clock')} | {ratio('processors')} | {more} "
        f"| {ratio('peak_mb')} "
        f"| {peaks[0]:.0f}, {peaks[1]:.0f} |"
    )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def measure_peers(tables: Tables, folder: Path, arguments: argparse.Namespace, runs: int) -> None:
    """Whole processes beside other tools; the picture is drawn anew after each case."""
    models, sizes = _numbers(arguments.models), _numbers(arguments.sizes)
    results = []
    for result in beside_peers.measure(
        tables, folder, arguments.peers_in, max(models), min(models), max(sizes), runs
    ):
        results.append(result)
        if arguments.plot is not None:
            # Imported here because most measurements need no matplotlib.
            import plot

            plot.draw(results, arguments.plot)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1,10", help="millions of rows")
    parser.add_argument("--models", default="200,1000", help="trivial models of a project")
    parser.add_argument("--runs", type=int, default=5, help="of each measurement")
    parser.add_argument("--out", type=Path, help="a file that gets the tables too")
    parser.add_argument("--plot", type=Path, help="a file that gets the picture beside other tools")
    parser.add_argument(
        "--peers", action="store_true", help="install dbt and SQLMesh, each on its own, first"
    )
    parser.add_argument(
        "--peers-in", type=Path, default=peers.FOLDER, help="the folder of their environments"
    )
    cases = ("loading", "overhead", "process", "unchanged", "side", "peers", "strategies")
    parser.add_argument("--only", choices=cases, action="append", help="a kind of measurement")
    arguments = parser.parse_args()
    chosen = arguments.only or cases
    models, sizes = _numbers(arguments.models), _numbers(arguments.sizes)
    runs = arguments.runs
    if arguments.peers:
        peers.install(arguments.peers_in)

    tables = Tables()
    only = "".join(f" --only {each}" for each in arguments.only or ())
    tables.add(
        f"Measured on {datetime.now():%Y-%m-%d} with DuckDB {version('duckdb')}, "
        f"sqlglot {version('sqlglot')}, Python {platform.python_version()} on "
        f"{platform.system()} {platform.machine()} with {os.cpu_count()} processors:",
        "",
        f"    python3 dev.py bench --sizes {arguments.sizes} --models {arguments.models} "
        f"--runs {runs}{only}",
    )
    with tempfile.TemporaryDirectory(prefix="t4t_benchmark_") as name:
        folder = Path(name)
        # Installed packages are compiled once; these processes compile theirs into the folder.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        if "loading" in chosen:
            measure_loading(tables, folder, models, runs)
        if "overhead" in chosen:
            measure_overhead(tables, folder, models, runs)
        if "process" in chosen:
            whole_processes.measure(tables, folder, sizes, runs)
        if "unchanged" in chosen:
            nothing_to_do.measure(tables, folder, models, runs)
        if "side" in chosen:
            side_by_side.measure(tables, folder, runs)
        if "peers" in chosen:
            measure_peers(tables, folder, arguments, runs)
        if "strategies" in chosen:
            measure_strategies(tables, folder, sizes, runs)
    if arguments.out is not None:
        arguments.out.write_text("\n".join(tables.lines) + "\n")


if __name__ == "__main__":
    main()
