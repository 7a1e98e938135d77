"""What users write in a model's metadata under `dagster`, `partitions`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import NaiveDatetime, StrictInt, StrictStr, model_validator

from t4t_core.written.base import OfPython, Written
from t4t_core.written.time_zone import TimeZone

Moment = Annotated[NaiveDatetime, OfPython]
_OF_TIME = frozenset({"start_date", "end_date", "timezone", "end_offset", "cron"})
_OF_VALUES = frozenset({"column", "values"})


class WrittenPartitions(Written):
    """Windows of time by the calendar of a zone, or one partition for each value of a column.

    `cron` says when each window begins, for the type of that name. `end_offset` adds windows that
    are not over yet.
    """

    type: Literal["hourly", "daily", "weekly", "monthly", "cron", "static"]
    start_date: Moment | None = None
    end_date: Moment | None = None
    timezone: TimeZone = "UTC"
    cron: str | None = None
    end_offset: StrictInt = 0
    column: str | None = None
    values: tuple[StrictStr | StrictInt, ...] = ()

    @property
    def is_static(self) -> bool:
        return self.type == "static"

    @model_validator(mode="after")
    def _need_own_keys(self) -> WrittenPartitions:
        strange = self.model_fields_set & (_OF_TIME if self.is_static else _OF_VALUES)
        if strange:
            raise ValueError(f"the type {self.type!r} takes no {sorted(strange)[0]!r}")
        if self.is_static and not (self.column and self.values):
            raise ValueError(
                "static partitions need 'column' and 'values': "
                '{"type": "static", "column": "tenant", "values": ["a", "b"]}'
            )
        if not self.is_static and self.start_date is None:
            raise ValueError(f"the type {self.type!r} needs 'start_date'")
        if (self.type == "cron") != (self.cron is not None):
            raise ValueError(
                "the type 'cron' needs 'cron', and no other takes it: "
                '{"type": "cron", "cron": "0 6 * * *", "start_date": "2024-01-01"}'
            )
        return self

    @model_validator(mode="after")
    def _need_sense(self) -> WrittenPartitions:
        if len({str(value) for value in self.values}) != len(self.values):
            raise ValueError("'values' names a value twice")
        start, end = self.start_date, self.end_date
        if start is not None and end is not None and end <= start:
            raise ValueError("'end_date' is not after 'start_date'")
        return self
