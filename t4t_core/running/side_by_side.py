"""Running several nodes of a schedule at a time, on cursors of one database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar

from t4t_core.checks.query import Node
from t4t_core.names import THREAD
from t4t_core.running.schedule import Schedule
from t4t_core.running.session import Session

# A statement may begin just after it was told to stop, so it is told again.
_STOPPED_AGAIN_S = 0.05

Ended = TypeVar("Ended")


def run_side_by_side(
    schedule: Schedule,
    session: Session,
    threads: int,
    run: Callable[[Node, Session], Ended],
    on_ended: Callable[[Node, Ended], None],
) -> None:
    """Runs the nodes of a schedule, up to so many at a time, each in a thread with a cursor.

    Those beside which nothing else is run are run here, on the session's own connection.

    Args:
        schedule: Of which nothing was given out. `on_ended` tells it what has ended.
        session: Open.
        threads: How many nodes at a time.
        run: Runs a node in the session that it is given.
        on_ended: Called here, in this thread, with what `run` gave.

    Raises:
        BaseException: What `run` raised. The nodes that were being run are stopped and rolled back
            by then.
    """
    with ExitStack() as cursors, ThreadPoolExecutor(threads) as pool:
        free = [cursors.enter_context(session.beside()) for _ in range(threads)]
        running: dict[Future[Ended], tuple[Node, Session]] = {}
        try:
            while True:
                while free and (node := schedule.next()) is not None:
                    if schedule.is_alone(node):
                        on_ended(node, run(node, session))
                    else:
                        taken = free.pop()
                        # Noted first: Ctrl-C may come while the pool begins a thread for it.
                        future: Future[Ended] = Future()
                        running[future] = (node, taken)
                        pool.submit(_fill, future, run, node, taken)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    node, taken = running.pop(future)
                    free.append(taken)
                    on_ended(node, future.result())
        finally:
            _stop(running)


def _fill(
    future: Future[Ended], run: Callable[[Node, Session], Ended], node: Node, session: Session
) -> None:
    """Runs a node in a thread of the node's name, which log lines are told apart by."""
    if not future.set_running_or_notify_cancel():
        return
    threading.current_thread().name = f"{THREAD}{node}"
    try:
        future.set_result(run(node, session))
    except BaseException as error:  # noqa: BLE001  who waits for the future raises it
        future.set_exception(error)


def _stop(running: dict[Future[Ended], tuple[Node, Session]]) -> None:
    """Stops what runs; each is rolled back by its own thread. What has not begun never does."""
    ahead = {future for future in running if not future.cancel()}
    while ahead:
        for future in ahead:
            running[future][1].warehouse.stop()
        ahead = wait(ahead, timeout=_STOPPED_AGAIN_S).not_done
