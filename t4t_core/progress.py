"""A progress bar on a terminal; log lines go above it, and stand alone elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from t4t_core.report import ModelReport


class LineHandler(logging.Handler):
    """Writes log lines to standard error without breaking a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            tqdm.write(self.format(record), file=sys.stderr)
        except Exception:  # noqa: BLE001  logging's own way: a log line must not stop the run
            self.handleError(record)


@contextmanager
def progress(total: int, *, is_quiet: bool) -> Iterator[Callable[[ModelReport], None]]:
    """Gives what is to be called with each finished report."""
    is_shown = not is_quiet and sys.stderr.isatty()
    with tqdm(
        total=total,
        unit="model",
        disable=not is_shown,
        leave=False,
        file=sys.stderr,
        bar_format="{l_bar}{bar:30}| {n_fmt}/{total_fmt} {elapsed} {postfix}",
    ) as bar:

        def advance(report: ModelReport) -> None:
            bar.set_postfix_str(report.model_name, refresh=False)
            bar.update()

        yield advance
