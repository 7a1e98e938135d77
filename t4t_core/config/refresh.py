"""The windows in which a table is rebuilt."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from t4t_core.values import Lookback

if TYPE_CHECKING:
    Bound = int | datetime | date | str
else:
    Bound = Any  # msgspec reads no type that may be text in two ways


class RefreshParameter(Struct, frozen=True, kw_only=True):
    """Where the windows begin and end, and how long each of them is.

    Attributes:
        name: The variable or column that they are of.
    """

    name: str
    start_value: Bound
    end_value: Bound
    step: int | str

    @property
    def size(self) -> Lookback:
        """How long each window is."""
        return size_of(self.step)


class FullIncrementalRefresh(Struct, frozen=True, kw_only=True):
    """`full_incremental_refresh`, which belongs to the `on_schema_change` of this name."""

    parameters: tuple[RefreshParameter, ...]

    @property
    def windows(self) -> RefreshParameter:
        """Where they lie."""
        return self.parameters[0]


def size_of(step: int | str) -> Lookback:
    """The span that a step means: a number, `1 day` or `INTERVAL 1 DAY`.

    Raises:
        ValueError: It is none.
    """
    if isinstance(step, int):
        return Lookback.parse(step)
    text = step.strip().lower()
    if text.startswith("interval"):
        text = text.removeprefix("interval").replace("'", "")
    return Lookback.parse(text.strip())
