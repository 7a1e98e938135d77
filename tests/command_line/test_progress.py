"""What a terminal shows while models run."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from t4t_core.commands.progress import progress
from t4t_core.windows.backfill import Progress


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def logged_to_standard_error() -> Iterator[None]:
    """Meanwhile, log lines go there too."""
    handler = logging.StreamHandler(sys.stderr)
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)


def test_a_log_line_goes_above_the_bar() -> None:
    """A line that is logged stands on a line of its own, and the bar goes on below it."""
    terminal = Terminal()

    with (
        redirect_stderr(terminal),
        logged_to_standard_error(),
        progress(2, is_quiet=False) as (_, advance_batch),
    ):
        logging.getLogger("t4t").warning("done")
        advance_batch(Progress("s.m", done=1, count=3))

    drawn = [part for part in terminal.getvalue().split("\r") if part.strip()]
    assert [part.split("|")[-1].strip() for part in drawn] == ["0/2 00:00", "done", "0/2 00:00"]
    assert terminal.getvalue().endswith(" \r")  # nothing of the bar is left


@pytest.mark.parametrize(
    ("stream", "is_quiet"),
    [(Terminal(), True), (io.StringIO(), False)],
    ids=["quiet", "no terminal"],
)
def test_nothing_is_shown_elsewhere(stream: io.StringIO, is_quiet: bool) -> None:
    """Where nobody looks or all is to be quiet, there is no bar."""
    with redirect_stderr(stream), progress(2, is_quiet=is_quiet) as (_, advance_batch):
        advance_batch(Progress("s.m", done=1, count=3))

    assert stream.getvalue() == ""
