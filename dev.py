"""The commands of this project, on a machine that has only Python 3.11 or newer.

    python3 dev.py example   set up, then run the example project
    python3 dev.py test      set up, then run the tests

Each command sets up what it needs: a virtual environment in .venv with the locked versions of
requirements/locked.txt. `python3 dev.py --help` lists all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCKED = ROOT / "requirements" / "locked.txt"
LOWEST = ROOT / "requirements" / "lowest.txt"
COMPILED = ROOT / "requirements" / "compiled.txt"
UV = ROOT / "requirements" / "uv.txt"
QUIETLY = ("--quiet", "--no-deps")
# Three keep two processors busy, since some tests wait for processes of their own. One that has no
# test left takes some of another's: a few tests take most of the time.
AT_A_TIME = ("-n", "3", "--dist", "worksteal")


def programs_of(requirements: Path) -> Path:
    """The folder of programs of the virtual environment for these requirements."""
    name = ".venv" if requirements == LOCKED else f".venv-{requirements.stem}"
    return ROOT / name / ("Scripts" if os.name == "nt" else "bin")


def environment(requirements: Path = LOCKED) -> Path:
    """The folder of programs of a virtual environment that holds these requirements and t4t."""
    programs = programs_of(requirements)
    folder = programs.parent
    text = requirements.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(text).hexdigest()
    stamp = folder / "installed-from"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return programs
    if requirements != LOCKED:
        environment()  # its uv installs into this one too
    print(f"setting up {folder.name} from {requirements.relative_to(ROOT)}", flush=True)
    venv.create(folder, with_pip=requirements == LOCKED, clear=True)
    if requirements == LOCKED:
        pip = [str(programs / "python"), "-m", "pip", "install", *QUIETLY]
        run([*pip, "--disable-pip-version-check", "--requirement", str(UV), "--require-hashes"])
    install(programs, "--requirement", str(requirements), "--require-hashes")
    install(programs, "--no-build-isolation", "--editable", str(ROOT))
    stamp.write_text(wanted, "utf-8")
    return programs


def install(programs: Path, *what: str) -> None:
    """Installs into a virtual environment what is named, and nothing that it depends on.

    By uv, in a tenth of the time of pip; by pip where uv finds no index, for uv reads no pip.conf.
    """
    tools, python = programs_of(LOCKED), str(programs / "python")
    uv = [str(tools / "uv"), "pip", "install", *QUIETLY, "--python", python, *what]
    if subprocess.run(uv, cwd=ROOT, check=False).returncode:  # noqa: S603
        print("uv could not install this; now pip does", flush=True)
        pip = [str(tools / "python"), "-m", "pip", "--python", python, "install", *QUIETLY]
        run([*pip, "--disable-pip-version-check", *what])


def run(command: list[str], given: str | None = None, **variables: str) -> None:
    """Runs a command in the project's folder; a failing one ends this program with its status."""
    # Bytecode is kept whatever the machine says: uv leaves none, and processes are many.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **variables}
    done = subprocess.run(command, cwd=ROOT, env=environ, input=given, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.returncode)


def dagster_variables(programs: Path) -> dict[str, str]:
    """What Dagster's commands need: the environment, and an instance of the project's own."""
    home = ROOT / ".dagster_home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(
        "telemetry:\n  enabled: false\npython_logs:\n  python_log_level: INFO\n", "utf-8"
    )
    return {
        "DAGSTER_HOME": str(home),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONWARNINGS": "ignore",
        "VIRTUAL_ENV": str(programs.parent),
    }


def example(arguments: list[str]) -> None:
    """The example project, materialized twice: watch the watermarks move."""
    programs = environment()
    command = [str(programs / "dg"), "launch", "--assets", "*", *arguments]
    for _ in range(2):
        run(command, **dagster_variables(programs))
    for project in ("t_project", "flights"):
        run([str(programs / "t4t"), "state", "show", f"example_project/{project}"])


def ui(arguments: list[str]) -> None:
    """The example project in the browser; further arguments go to `dagster dev`."""
    programs = environment()
    command = [str(programs / "dagster"), "dev", "-w", "workspace.yaml", *arguments]
    run(command, **dagster_variables(programs))


def test(arguments: list[str]) -> None:
    """The tests, three at a time; further arguments go to pytest."""
    run([str(environment() / "python"), "-m", "pytest", *AT_A_TIME, *arguments])


def lowest(arguments: list[str]) -> None:
    """The tests, without those of pages, on the lowest versions that pyproject.toml allows."""
    # What pages call is tested on these versions too, and planted bugs are only texts.
    left_out = [f"--ignore=tests/{folder}" for folder in ("docs", "planted")]
    python = str(environment(LOWEST) / "python")
    run([python, "-m", "pytest", *AT_A_TIME, *left_out, *arguments])


def compiled(arguments: list[str]) -> None:
    """The tests of reading with compiled sqlglot, the extra `fast`."""
    programs = environment()
    # Its files go into the package's own folder, so both come into one that is looked in first.
    folder = ROOT / ".venv" / "compiled"
    there = ("--upgrade", "--target", str(folder))
    install(programs, *there, "--requirement", str(COMPILED), "--require-hashes")
    tests = arguments or ["tests/reading"]
    run([str(programs / "python"), "-m", "pytest", *AT_A_TIME, *tests], PYTHONPATH=str(folder))


def lint(arguments: list[str]) -> None:
    """Format, lint, strict types and the direction of imports; `--fix` mends what it can."""
    programs = environment()
    fix = "--fix" in arguments
    run([str(programs / "ruff"), "format", *([] if fix else ["--check"]), "."])
    run([str(programs / "ruff"), "check", *(["--fix"] if fix else []), "."])
    run([str(programs / "mypy")])
    run([str(programs / "lint-imports")])


def bench(arguments: list[str]) -> None:
    """The benchmarks; further arguments go to benchmarks/run.py."""
    run([str(environment() / "python"), "benchmarks/run.py", *arguments])


def long(arguments: list[str]) -> None:
    """The long part of the tests: other histories each time, and many more; T4T_LONG=5 for more."""
    command = [str(environment() / "python"), "-m", "pytest", *AT_A_TIME, "-m", "long"]
    run([*command, *arguments], T4T_LONG=os.environ.get("T4T_LONG", "1"))


def lock(arguments: list[str]) -> None:
    """Writes requirements/*.txt anew from pyproject.toml."""
    uv = str(environment() / "uv")
    common = [uv, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate"]
    common += ["--python-version", "3.11", "--universal", "--quiet", *arguments]
    # Without the extra `fast`: most projects run on plain sqlglot, and so do the tests.
    whole = [*common, "pyproject.toml", "--group", "dev"]
    for extra in ("pandas", "polars", "arrow", "example"):
        whole += ["--extra", extra]
    run([*whole, "--output-file", str(LOCKED)])
    run([*whole, "--resolution", "lowest-direct", "--output-file", str(LOWEST)])
    for given, file in (("sqlglot[c]", COMPILED), ("uv", UV)):
        one = [*common, "-", "--constraint", str(LOCKED), "--output-file", str(file)]
        run(one, given=given)


COMMANDS = (example, ui, test, lowest, compiled, lint, bench, long, lock)


def main() -> None:
    """Runs the command that was named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        commands.add_parser(command.__name__, help=command.__doc__).set_defaults(call=command)
    known, others = parser.parse_known_args()
    known.call(others)


if __name__ == "__main__":
    main()
