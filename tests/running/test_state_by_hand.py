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


@pytest.mark.parametrize("name", ["ΟΔΟΣ", "İz"])
def test_a_name_that_python_lowers_in_another_way_is_found(
    lab: Lab, source: Source, name: str
) -> None:
    """The table and its state are there in each run, so that none is a full load again."""
    source((1, 10, "a"))
    lab.model(QUERY, incremental("append"), name)
    lab.run(name)

    change_state.set_watermark(lab.project(), f"m.{name}", "2024-02-01")
    source((2, 15, "b"))
    assert lab.run(name).rows_inserted == 0
    change_state.set_watermark(lab.project(), f"m.{name}", "2024-01-05")

    assert lab.run(name).rows_inserted == 1
    assert lab.rows(f'SELECT id FROM m."{name}"') == [(1,), (2,)]
