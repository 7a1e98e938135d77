"""Ctrl-C, heard while DuckDB carries out a statement."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_AGAIN_S = 0.05


@contextmanager
def interrupted_by_ctrl_c(
    statement: Callable[[], int], interrupt: Callable[[], None]
) -> Iterator[None]:
    """While this is open, Ctrl-C interrupts the statement that is carried out.

    The main thread hears nothing while it waits for a statement. DuckDB's client (1.4 to 2.0) looks
    for Ctrl-C meanwhile, and then mostly waits all the same until the statement is done.

    Nothing happens outside the main thread, on Windows, and where the program has ways of its own
    to deal with Ctrl-C.

    Args:
        statement: The number of the statement that is carried out just now, or 0.
        interrupt: Interrupts it; one that begins at this moment may miss that.
    """
    if not _is_ours():
        yield
        return
    hears, tells = os.pipe()
    os.set_blocking(tells, False)
    before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)

    def listen() -> None:
        while heard := os.read(hears, 1):
            if heard[0] == signal.SIGINT:
                number = statement()
                while number and statement() == number:
                    interrupt()
                    time.sleep(_AGAIN_S)

    listener = threading.Thread(target=listen, name="t4t_ctrl_c", daemon=True)
    listener.start()
    try:
        yield
    finally:
        with suppress(ValueError):  # the end comes in another thread
            signal.set_wakeup_fd(before)
        os.close(tells)
        listener.join()
        os.close(hears)


def _is_ours() -> bool:
    """Whether Ctrl-C raises KeyboardInterrupt in this thread, and nobody else listens."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return False
    listening = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(listening)
    return listening == -1 and signal.getsignal(signal.SIGINT) is signal.default_int_handler
