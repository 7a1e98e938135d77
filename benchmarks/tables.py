"""Tables in Markdown of what was measured."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tables:
    """Markdown that is printed as it comes, and kept."""

    lines: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        self.lines += lines
        print("\n".join(lines), flush=True)


def spread(values: Iterable[float], digits: int = 2) -> str:
    """The median, and the least and the greatest."""
    found = list(values)
    middle, least, greatest = statistics.median(found), min(found), max(found)
    return f"{middle:.{digits}f} ({least:.{digits}f} to {greatest:.{digits}f})"


def progress(text: str) -> None:
    """Says on standard error what goes on."""
    print(f"... {text}", file=sys.stderr, flush=True)
