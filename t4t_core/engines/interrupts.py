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
    statement: Callable[[], int], interrupt: Callable[[], None], *, is_meant_to_end: bool = False
) -> Iterator[None]:
    """While this is open, Ctrl-C interrupts the statement that is carried out.

    So does SIGTERM where the program deals with both alike.

    The main thread hears nothing while it waits for a statement. DuckDB's client (1.4 to 2.0) looks
    for Ctrl-C meanwhile, and then mostly waits all the same until the statement is done.

    Nothing happens outside the main thread, on Windows, and where the program has ways of its own
    to deal with Ctrl-C.

    Args:
        statement: The number of the statement that is carried out just now, or 0.
        interrupt: Interrupts it; one that begins at this moment may miss that.
        is_meant_to_end: The program's own way ends what is carried out.
    """
    if not _can_listen(is_meant_to_end=is_meant_to_end):
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    ending = {one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is handler}
    hears, tells = os.pipe()
    os.set_blocking(tells, False)
    before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)

    def listen() -> None:
        while heard := os.read(hears, 1):
            if heard[0] in ending:
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


def _can_listen(*, is_meant_to_end: bool) -> bool:
    """Whether Ctrl-C is to end what this thread does, and nobody else listens."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        return False
    listening = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(listening)
    handler = signal.getsignal(signal.SIGINT)
    is_own = is_meant_to_end and callable(handler)
    return listening == -1 and (is_own or handler is signal.default_int_handler)
