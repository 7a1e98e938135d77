"""Doing several things at a time, on cursors of one database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, Self, TypeVar

from t4t_core.names import THREAD

# A statement may begin just after it was told to stop, so it is told again.
_STOPPED_AGAIN_S = 0.05

Ended = TypeVar("Ended")
Job = TypeVar("Job")


class Queue(Protocol[Job]):
    """What is to be done, each given out once."""

    def next(self) -> Job | None:
        """The next to begin; None where one that has begun must end first, or all have begun."""

    def is_alone(self, job: Job, /) -> bool:
        """Whether nothing else is done beside it."""


class Workplace(Protocol):
    """Where something is done: an open connection, or what has one."""

    def beside(self) -> AbstractContextManager[Self]:
        """The same on a cursor, for another thread."""

    def stop(self) -> None:
        """Ends what another thread does here with a KeyboardInterrupt, and refuses what follows."""


At = TypeVar("At", bound=Workplace)


def do_side_by_side(
    queue: Queue[Job],
    where: At,
    threads: int,
    do: Callable[[Job, At], Ended],
    on_ended: Callable[[Job, Ended], None],
) -> None:
    """Does what a queue gives, up to so many at a time, each in a thread with a cursor.

    That beside which nothing else is done is done here, on the connection itself.

    Args:
        queue: Of which nothing was given out. `on_ended` tells it what has ended.
        where: Open.
        threads: How many at a time.
        do: Does one where it is told to.
        on_ended: Called here, in this thread, with what `do` gave.

    Raises:
        BaseException: What `do` raised. What was being done is stopped and rolled back by then.
    """
    with ExitStack() as cursors, ThreadPoolExecutor(threads) as pool:
        free = [cursors.enter_context(where.beside()) for _ in range(threads)]
        running: dict[Future[Ended], tuple[Job, At]] = {}
        try:
            while True:
                while free and (job := queue.next()) is not None:
                    if queue.is_alone(job):
                        on_ended(job, do(job, where))
                    else:
                        taken = free.pop()
                        # Noted first: Ctrl-C may come while the pool begins a thread for it.
                        future: Future[Ended] = Future()
                        running[future] = (job, taken)
                        pool.submit(_fill, future, do, job, taken)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job, taken = running.pop(future)
                    free.append(taken)
                    on_ended(job, future.result())
        finally:
            _stop(running)


def _fill(future: Future[Ended], do: Callable[[Job, At], Ended], job: Job, where: At) -> None:
    """Does something in a thread of its name, which log lines are told apart by."""
    if not future.set_running_or_notify_cancel():
        return
    threading.current_thread().name = f"{THREAD}{job}"
    try:
        future.set_result(do(job, where))
    except BaseException as error:  # noqa: BLE001  who waits for the future raises it
        future.set_exception(error)


def _stop(running: dict[Future[Ended], tuple[Job, At]]) -> None:
    """Stops what runs; each is rolled back by its own thread. What has not begun never does."""
    ahead = {future for future in running if not future.cancel()}
    while ahead:
        for future in ahead:
            running[future][1].stop()
        ahead = wait(ahead, timeout=_STOPPED_AGAIN_S).not_done
