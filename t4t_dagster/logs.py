"""The library's log lines in the log of a Dagster run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = ("ExecutionEngine", "DuckDBAdapter", "tee.engine.incremental_executor", "t4t_core")


class _Forwarding(logging.Handler):
    def __init__(self, log: logging.Logger) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, record.getMessage())


@contextmanager
def shown_in(log: logging.Logger) -> Iterator[None]:
    """While this is open, what t4t logs appears in this log too.

    Args:
        log: The log of a Dagster context.
    """
    handler = _Forwarding(log)
    loggers = [logging.getLogger(name) for name in _NAMES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        if not logger.isEnabledFor(logging.INFO):
            logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
