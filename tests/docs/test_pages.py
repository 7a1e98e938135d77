"""The pages of docs/ do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(page.stem for page in (ROOT / "docs").glob("*.md"))
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind its fence, and its text."""

    info: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(found[1].strip(), found[2])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to follow a page in, with the programs of this environment on the path."""
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def output_of(command: str, t4t: Callable[..., Result]) -> tuple[str, int]:
    """What a command of a page writes, and its status; bare `t4t` is called in this process."""
    if command.startswith("t4t ") and not set(command) & set("$|&;<>"):
        called = t4t(*shlex.split(command)[1:])
        return called.stdout + called.stderr, called.exit_code
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode


def run_console(text: str, t4t: Callable[..., Result], last_status: int) -> int:
    """Runs the commands in order; each line of output that is shown must come, in order."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        output, last_status = output_of(command.replace("$?", str(last_status)), t4t)
        rest = output
        for line in filter(None, shown):
            assert line in rest, f"{command}\nshould say: {line}\nsaid: {output}"
            rest = rest[rest.index(line) + len(line) :]
    return last_status


def run_snippet(text: str, page: str) -> None:
    """Runs a program of a page, whose warnings are the reader's to see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, f"<{page}>", "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed_from_top_to_bottom(
    page: str, here: Path, t4t: Callable[..., Result]
) -> None:
    """Files are written, commands run and snippets hold, in the order of the page."""
    status = 0

    for block in blocks(page):
        kind, _, rest = block.info.partition(" ")
        if rest.startswith("duckdb=") and duckdb.__version__ < rest.removeprefix("duckdb="):
            continue
        if rest.startswith("file="):
            file = here / rest.removeprefix("file=")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif kind == "console":
            status = run_console(block.text, t4t, status)
        elif block.info == "python run":
            run_snippet(block.text, page)


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of the README and of docs/ names a file."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]

    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]

    assert broken == []
