"""What a run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from msgspec import Struct, field

from t4t_core.windows.slices import Slice
from t4t_core.windows.window import Backfill, Window


class Request(Struct, frozen=True):
    """One run's wishes.

    Attributes:
        variables: What placeholders take.
        full_refresh: Build the tables of incremental models anew.
        with_tests: Run the data tests too; one of severity error that fails publishes nothing.
        now: The moment `CURRENT_DATE` is read from; it has a zone.
        window: Incremental models are brought in line with their query's rows of this window, and
            no other rows are touched.
        slice: The same for the rows of a slice, whatever their time. Only delete_insert knows it.
        backfill: As `window`, for a longer window in batches; each is run with `window` set.
        only_changed: Leave a model as it is where its last run would be done again. A full refresh
            is done all the same.
    """

    variables: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    full_refresh: bool = False
    with_tests: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    window: Window | None = None
    slice: Slice | None = None
    backfill: Backfill | None = None
    only_changed: bool = False

    @property
    def part(self) -> str | None:
        """What is asked for in words, where it is a part of the rows."""
        if self.window is not None:
            return f"the window {self.window}"
        return None if self.slice is None else f"the partition {self.slice}"
