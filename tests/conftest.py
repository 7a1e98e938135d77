"""What tests of every area share: making a project, running `t4t`, looking into its database."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from database_file import Rows, rows_from
from hypothesis import settings
from long_part import IS_LONG, TIMES, played

# How long an example takes is no promise of ours.
settings.register_profile("t4t", deadline=None, max_examples=1000 * TIMES if IS_LONG else 100)
settings.load_profile("t4t")

SETTINGS = """\
project_folder = "{name}"

[connection]
type = "duckdb"
path = "data/warehouse.duckdb"
schema = "main"
lock_timeout_s = 0.2
"""


def pytest_configure() -> None:
    """Has this process and those that it starts hear Ctrl-C and SIGTERM.

    Who starts the tests in the background may have had them ignore both, which is inherited.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the tests of the long part the time that they need."""
    for item in items:
        if IS_LONG and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Notes what a test has played in its report, which comes from a worker's process too."""
    played.clear()
    try:
        return (yield)
    finally:
        item.user_properties += played.items()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows what all tests have played."""
    sums: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            if report.when == "call":
                sums.update({str(what): int(str(n)) for what, n in report.user_properties})
    if sums:
        told = ", ".join(f"{number:,} {what}" for what, number in sorted(sums.items()))
        terminalreporter.write_line(f"played: {told}")


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Makes a project and gives its folder; called again, it changes the files of that project.

    `models` and `seeds` map paths below `models/` and `seeds/` to texts. `toml` is added at the
    end of `project.toml`, unless `toml_file` gives that file whole.
    """

    def make(
        models: Mapping[str, str] | None = None,
        seeds: Mapping[str, str] | None = None,
        *,
        toml: str = "",
        toml_file: str | None = None,
        name: str = "shop",
    ) -> Path:
        folder = tmp_path / name
        (folder / "models").mkdir(parents=True, exist_ok=True)
        text = SETTINGS.format(name=name) + toml if toml_file is None else toml_file
        (folder / "project.toml").write_text(text, "utf-8")
        for below, files in (("models", models), ("seeds", seeds)):
            for path, content in (files or {}).items():
                file = folder / below / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, "utf-8")
        return folder

    return make


@pytest.fixture
def t4t() -> Iterator[Callable[..., Result]]:
    """Runs the command in this process; gives click's result, standard output and error apart."""
    from t4t_core.cli import main

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*arguments: str | Path) -> Result:
        # The command adds its handler only to a logger that has none; pytest's own are put back.
        for handler in list(root.handlers):
            root.removeHandler(handler)
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def t4t_json(t4t: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """Runs the command with `--json`; gives the object it printed, with `exit_status` added."""

    def run(*arguments: str | Path) -> dict[str, Any]:
        result = t4t(*arguments, "--json")
        printed: dict[str, Any] = json.loads(result.stdout)
        return {**printed, "exit_status": result.exit_code}

    return run


@pytest.fixture
def t4t_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in a process of its own; gives its output and exit status."""

    def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "t4t_core.cli", *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120
        )

    return run


@pytest.fixture
def t4t_started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command, with its standard error to read; what runs at the end is killed."""
    with ExitStack() as processes:

        def start(*arguments: str | Path) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "t4t_core.cli", *map(str, arguments)]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield start


@pytest.fixture
def query() -> Callable[..., Rows]:
    """The rows that statements give on a DuckDB file or, of a project, on its warehouse.

    The last statement's rows are given; the file is closed again.
    """

    def run(where: Path, *statements: str) -> Rows:
        is_file = where.suffix in (".duckdb", ".db")
        file = where if is_file else where / "data" / "warehouse.duckdb"
        return rows_from(file, *statements)

    return run
