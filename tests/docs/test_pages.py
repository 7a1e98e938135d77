"""The pages of docs/ do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

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


def environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    kept = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    return {**kept, "PATH": f"{programs}{os.pathsep}{kept['PATH']}"}


def run_console(text: str, folder: Path, last_status: int) -> int:
    """Runs the commands in order; each line of output that is shown must come, in order."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        script = command.replace("$?", str(last_status))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        rest = output
        for line in filter(None, shown):
            assert line in rest, f"{command}\nshould say: {line}\nsaid: {output}"
            rest = rest[rest.index(line) + len(line) :]
        last_status = done.returncode
    return last_status


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    """Files are written, commands run and snippets hold, in the order of the page."""
    status = 0

    for block in blocks(page):
        kind, _, rest = block.info.partition(" ")
        if rest.startswith("duckdb=") and duckdb.__version__ < rest.removeprefix("duckdb="):
            continue
        if rest.startswith("file="):
            file = tmp_path / rest.removeprefix("file=")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif kind == "console":
            status = run_console(block.text, tmp_path, status)
        elif block.info == "python run":
            subprocess.run([sys.executable, "-c", block.text], cwd=tmp_path, check=True)


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
