"""What a process of its own measures or takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Measured = dict[str, Any]
Taken = tuple[float, float]


def one_case(verb: str, *arguments: object) -> Measured:
    """What a measurement in a process of its own gives."""
    command = [sys.executable, str(HERE / "one_case.py"), verb, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    found: Measured = json.loads(done.stdout.splitlines()[-1])
    return found


def process(command: Sequence[object]) -> Taken:
    """Seconds of a process, by the clock and of all processors."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    clock, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, processors
