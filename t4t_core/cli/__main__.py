"""The program `t4t`; `python -m t4t_core.cli` is the same."""

from __future__ import annotations

import atexit
import gc
import inspect
import os
import sys
import threading

from t4t_core.cli import main
from t4t_core.plugins import hold_back_plugins

# A command keeps nearly all that it makes until it ends: modules, models, trees of SQL. To look
# through them for garbage as often as Python does takes a tenth of a short command's time. Its
# modules alone are 110,000 such objects.
_GARBAGE_AFTER_OBJECTS = 200_000
# Imported before a project's own Python runs, and only then.
_FOR_PYTHON_FILES = "t4t_core.project.public_modules"
# Those of `program` and `python -m`; under a debugger or a profiler there are more.
_OWN_FRAMES = 4


def program() -> None:
    """Runs the command of this process, which ends with it."""
    gc.set_threshold(_GARBAGE_AFTER_OBJECTS)
    hold_back_plugins()
    try:
        main()
    except SystemExit as end:
        if _is_last() and isinstance(end.code, int):
            _end(end.code)
        raise
    finally:
        gc.disable()  # what is left goes with the process


def _is_last() -> bool:
    """Whether nobody but Python itself has anything to do or to close after the command.

    A project's own Python code may have left a database open, which Python closes as it ends.
    """
    frame, frames = inspect.currentframe(), -1
    while frame is not None:
        frame, frames = frame.f_back, frames + 1
    is_alone = threading.active_count() == 1
    return is_alone and frames <= _OWN_FRAMES and _FOR_PYTHON_FILES not in sys.modules


def _end(status: int) -> None:
    """Ends the process as Python does, but for taking all objects apart.

    That takes as long as the run of a small model. Where not all output can be written, it returns,
    so that Python tells of it.
    """
    atexit._run_exitfuncs()  # noqa: SLF001  there is no public way, and `os._exit` leaves them out
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, AttributeError):  # a broken pipe, closed, or not there
        return
    os._exit(status)


if __name__ == "__main__":
    program()
