"""What a watermark set by hand means for the runs after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

from t4t_core.commands import change_state

QUERY = "SELECT id, c, v FROM src"
Source = Callable[..., None]


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_set_forward_and_back_again_skips_nothing(lab: Lab, source: Source, strategy: str) -> None:
    """What a watermark set forward left out is read once it is set back."""
    source((1, 10, "a"))
    lab.model(QUERY, incremental(strategy))
    lab.run()
    change_state.set_watermark(lab.project(), "m.t", "2024-02-01")
    change_state.set_watermark(lab.project(), "m.t", "2024-01-05")
    source((2, 15, "b"))

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,)]
