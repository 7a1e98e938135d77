"""A progress bar on a terminal; log lines go above it, and stand alone elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from t4t_core.report import ModelReport
from t4t_core.windows.backfill import OnProgress, Progress


@contextmanager
def progress(
    total: int, *, is_quiet: bool
) -> Iterator[tuple[Callable[[ModelReport], None], OnProgress]]:
    """Gives what is to be called with each finished report, and after each batch of a backfill.

    A model in batches counts as so many, which is known with the first of them.
    """
    if is_quiet or not sys.stderr.isatty():
        yield _unseen, _unseen
        return
    # Imported for a bar alone: a scheduler's runs show none.
    from tqdm.contrib.logging import tqdm_logging_redirect

    with tqdm_logging_redirect(
        total=total,
        leave=False,
        file=sys.stderr,
        bar_format="{l_bar}{bar:30}| {n_fmt}/{total_fmt} {elapsed} {postfix}",
    ) as bar:
        done: dict[str, int] = {}
        one_at_a_time = threading.Lock()

        def advance(report: ModelReport) -> None:
            with one_at_a_time:
                bar.set_postfix_str(report.model_name, refresh=False)
                if report.model_name not in done:
                    bar.update()

        def advance_batch(batch: Progress) -> None:
            with one_at_a_time:
                bar.set_postfix_str(batch.model_name, refresh=False)
                if batch.model_name not in done and bar.total is not None:
                    bar.total += batch.count - 1
                bar.update(batch.done - done.get(batch.model_name, 0))
                done[batch.model_name] = batch.done

        yield advance, advance_batch


def _unseen(_: object) -> None:
    """Shows nothing."""
