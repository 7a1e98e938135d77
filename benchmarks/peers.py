"""The tools that stand beside t4t: how each is installed, and what it is told to do.

Each is in a virtual environment of its own, since they need other versions of the same packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import peer_data
import peer_projects
from tables import progress

HERE = Path(__file__).parent
FOLDER = HERE / ".peers"
# dbt-core 1.12.0, since installing a later 1.12 fetches a binary from elsewhere than the index.
PINNED = {
    "dbt": ("dbt-core==1.12.0", "dbt-duckdb==1.11.1"),
    "sqlmesh": ("sqlmesh==0.236.4",),
    "dagster_dbt": ("dagster-dbt==0.29.27", "dbt-core==1.12.0", "dbt-duckdb==1.11.1"),
}
_QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    "DO_NOT_TRACK": "1",
    "PYTHONWARNINGS": "ignore",
}

_LOAD_T4T = """
import sys
from pathlib import Path
from t4t_core.project.load import load_project
assert load_project(Path(sys.argv[1])).models
"""
_LOAD_SQLMESH = """
import sys
from sqlmesh import Context
assert Context(paths=sys.argv[1]).models
"""
_PARSE = """
import sys
from pathlib import Path
import sqlglot
for file in Path(sys.argv[1]).rglob("*.sql"):
    tree = sqlglot.parse_one(file.read_text("utf-8"), dialect="duckdb")
    assert list(tree.find_all(sqlglot.exp.Table))
"""

Command = list[str | Path]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool under measurement.

    Attributes:
        label: As a table names it.
        python: Of its environment.
        schema: Where its tables are read.
        writes: Of `peer_projects`: what its functions' names begin with.
        forgotten: Folders of a project that keep what was read.
        load: Reads a project; given whether nothing is kept of an earlier time.
        run: Runs all models.
        first: Makes the incremental model's table of so many hours.
        later: Applies a delta: the case, the hours at first, the number of the delta.
    """

    label: str
    python: Path
    schema: str
    writes: str
    forgotten: tuple[str, ...]
    load: Callable[[Path, bool], Command]
    run: Callable[[Path, int, bool], Command]
    first: Callable[[Path, str, int], Command]
    later: Callable[[Path, str, int, int], Command]


def by_hand() -> Tool:
    """A Python script of the best SQL, with no tool; the floor."""
    python = Path(sys.executable)
    script: Command = [python, HERE / "peer_data.py"]
    return Tool(
        label="by hand",
        python=python,
        schema="bench",
        writes="t4t",
        forgotten=(),
        load=lambda folder, _: [python, "-c", _PARSE, folder],
        run=lambda folder, count, _: [*script, "trivial", database(folder), str(count)],
        first=lambda folder, case, _: [*script, "first", database(folder), case],
        later=lambda folder, case, hours, _: [*script, "later", database(folder), case, str(hours)],
    )


def t4t() -> Tool:
    """This project."""
    python = Path(sys.executable)
    run: Command = [python, "-m", "t4t_core.cli", "run"]
    return Tool(
        label="t4t",
        python=python,
        schema="bench",
        writes="t4t",
        forgotten=(".t4t",),
        load=lambda folder, _: [python, "-c", _LOAD_T4T, folder],
        run=lambda folder, *_: [*run, folder],
        first=lambda folder, *_: [*run, folder],
        later=lambda folder, *_: [*run, folder],
    )


def dbt(programs: Path) -> Tool:
    """What dbt with dbt-duckdb is told."""

    def command(folder: Path, *words: str) -> Command:
        return [programs / "dbt", *words, "--project-dir", folder, "--profiles-dir", folder]

    return Tool(
        label="dbt",
        python=programs / "python",
        schema="bench",
        writes="dbt",
        forgotten=("target",),
        load=lambda folder, is_cold: command(
            folder, "parse", *(["--no-partial-parse"] if is_cold else [])
        ),
        run=lambda folder, *_: command(folder, "run"),
        first=lambda folder, *_: command(folder, "run"),
        later=lambda folder, *_: command(folder, "run"),
    )


def sqlmesh(programs: Path) -> Tool:
    """SQLMesh, with its state in the same database."""

    def command(folder: Path, *words: str) -> Command:
        return [programs / "sqlmesh", "-p", folder, *words]

    def plan(folder: Path, *words: str) -> Command:
        return command(folder, "plan", *words, "--no-prompts", "--auto-apply")

    def run(folder: Path, count: int, is_first: bool) -> Command:  # noqa: ARG001
        return plan(folder) if is_first else plan(folder, "--restate-model", "bench.*")

    def first(folder: Path, case: str, hours: int) -> Command:  # noqa: ARG001
        return plan(folder, "bench", "--start", peer_data.hour(0), "--end", peer_data.hour(hours))

    def later(folder: Path, case: str, hours: int, nth: int) -> Command:
        if case != "delete_insert":
            end = peer_data.hour(hours + nth + 1)
            return command(folder, "run", "bench", "--ignore-cron", "--end", end)
        window = ["--start", peer_data.hour(hours - 1), "--end", peer_data.hour(hours)]
        return plan(folder, "bench", "--restate-model", "bench.target", *window)

    return Tool(
        label="SQLMesh",
        python=programs / "python",
        schema="bench__bench",
        writes="sqlmesh",
        forgotten=(".cache",),
        load=lambda folder, _: [programs / "python", "-c", _LOAD_SQLMESH, folder],
        run=run,
        first=first,
        later=later,
    )


def database(folder: Path) -> Path:
    """The database of a tool's project."""
    return folder / "data" / "p.duckdb"


def programs(name: str, within: Path) -> Path | None:
    """The folder of programs of an installed tool; None where it is not."""
    found = within / name / ("Scripts" if os.name == "nt" else "bin")
    return found if (within / name / "installed").is_file() else None


def tools(within: Path) -> list[Tool]:
    """What can be measured here: the floor first, then t4t."""
    found = [by_hand(), t4t()]
    for name, make in (("dbt", dbt), ("sqlmesh", sqlmesh)):
        path = programs(name, within)
        if path is not None:
            found.append(make(path))
    return found


def install(within: Path) -> None:
    """Makes the environments that are missing, by pip."""
    for name, packages in PINNED.items():
        stamp = within / name / "installed"
        if stamp.is_file() and stamp.read_text("utf-8") == "\n".join(packages):
            continue
        progress(f"installing {', '.join(packages)}")
        venv.create(within / name, with_pip=True, clear=True)
        pip = [within / name / ("Scripts" if os.name == "nt" else "bin") / "python", "-m", "pip"]
        subprocess.run([*pip, "install", "--quiet", "--only-binary=:all:", *packages], check=True)
        stamp.write_text("\n".join(packages), "utf-8")


def versions(tool: Tool) -> str:
    """The tool's version, and that of its DuckDB."""
    package = {"dbt": "dbt-core", "SQLMesh": "sqlmesh", "t4t": "t4t-dagster"}.get(tool.label)
    if package is None:
        return tool.label
    text = f"from importlib.metadata import version; print(version('{package}'), version('duckdb'))"
    command = [tool.python, "-c", text]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return f"{tool.label} {found[0]} with DuckDB {found[1]}"


def write_project(tool: Tool, kind: str, folder: Path, *arguments: object) -> None:
    """The project of a tool: `chains`, `trivial` or `incremental`."""
    shutil.rmtree(folder, ignore_errors=True)
    getattr(peer_projects, f"{tool.writes}_{kind}")(folder, *arguments)


def say(tool: Tool, verb: str, *arguments: object) -> str:
    """What a verb of `peer_data.py` prints, in the tool's own Python."""
    command: Command = [tool.python, HERE / "peer_data.py", verb, *map(str, arguments)]
    with tempfile.TemporaryFile() as output:
        measured(command, output)
        output.seek(0)
        return output.read().decode().strip()


def measured(command: Command, output: object = None) -> dict[str, float]:
    """Seconds by the clock and of all processors, and the peak of memory, of a whole process.

    Processes that it started and waited for count too, but the peak is that of the greatest one.
    """
    # Some write logs where they stand.
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryDirectory() as here:
        to = kept if output is None else output
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=to,  # type: ignore[arg-type] # a file
            stderr=kept,
            stdin=subprocess.DEVNULL,
            cwd=here,
            env={**os.environ, **_QUIET},
        )
        _, status, used = os.wait4(process.pid, 0)
        clock = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            kept.seek(0)
            shown = " ".join(map(str, command))
            raise SystemExit(f"{shown} failed:\n{kept.read().decode()[-3000:]}")
    peak = used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return {"clock": clock, "processors": used.ru_utime + used.ru_stime, "peak_mb": peak}
