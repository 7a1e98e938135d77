"""The partitions of a model in Dagster."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct


class PartitionsConfig(Struct, frozen=True, kw_only=True):
    """Windows of time by the calendar of a zone, or one partition for each value of a column.

    `cron` says when each window begins, for the type of that name. `end_offset` adds windows that
    are not over yet.
    """

    type: Literal["hourly", "daily", "weekly", "monthly", "cron", "static"]
    start_date: datetime | None
    end_date: datetime | None
    timezone: str
    cron: str | None
    end_offset: int
    column: str | None
    values: tuple[str | int, ...]

    @property
    def is_static(self) -> bool:
        return self.type == "static"
