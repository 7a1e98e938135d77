"""How much the tests do, a little in CI and much in the long part, and what it came to.

`T4T_LONG=1` makes it long: other histories each time, and many more; 5 makes five times as many.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

from hypothesis import HealthCheck, Phase, settings

TIMES: Final = int(os.environ.get("T4T_LONG") or 0)
IS_LONG: Final = TIMES > 0

# What the running test has played so far; pytest shows the sums of all tests at its end.
played: Final[Counter[str]] = Counter()


def histories(quick: int, long: int, *, steps: tuple[int, int] = (12, 30)) -> settings:
    """How many histories hypothesis draws: the same each time in CI, others in the long part.

    Args:
        quick: How many in CI.
        long: How many in the long part, or that many times as many.
        steps: How many steps a state machine makes at most, in CI and in the long part.
    """
    return settings(
        max_examples=long * TIMES if IS_LONG else quick,
        stateful_step_count=steps[IS_LONG],
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
