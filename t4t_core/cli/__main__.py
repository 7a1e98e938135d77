"""The program `t4t`; `python -m t4t_core.cli` is the same."""

from __future__ import annotations

import gc

from t4t_core.cli import main

# A command keeps nearly all that it makes until it ends: modules, models, trees of SQL. To look
# through them for garbage as often as Python does takes a tenth of a short command's time.
_GARBAGE_AFTER_OBJECTS = 50_000


def program() -> None:
    """Runs the command of this process, which ends with it."""
    gc.set_threshold(_GARBAGE_AFTER_OBJECTS)
    try:
        main()
    finally:
        gc.disable()  # what is left goes with the process


if __name__ == "__main__":
    program()
