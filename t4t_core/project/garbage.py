"""Python's search for garbage, kept away from what is made to stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_sought() -> Iterator[None]:
    """While this is open, no unreachable cycles are looked for; afterwards as before.

    What was made meanwhile then counts as old. A project's trees all stay, and each search would
    walk those read so far again: a third of what reading a thousand models takes.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            # Together these make everything old without a look at it. Who has frozen objects of
            # their own keeps them so.
            gc.freeze()
            gc.unfreeze()
        gc.enable()
