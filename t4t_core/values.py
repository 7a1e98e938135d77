"""Values of time columns: their kinds, their text, and arithmetic on them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum

from dateutil.relativedelta import relativedelta
from msgspec import Struct

_EPOCH = datetime(1970, 1, 1)
_NS_PER_US = 1000
MICROS_OF_A_DAY = 86_400_000_000


class TimeKind(Enum):
    """What a time column counts in. The value is the DuckDB type that a literal is cast to."""

    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMP_NS = "TIMESTAMP_NS"
    TIMESTAMPTZ = "TIMESTAMPTZ"
    INTEGER = "BIGINT"

    @property
    def is_integer(self) -> bool:
        return self is TimeKind.INTEGER


_KIND_OF_TYPE = {
    "DATE": TimeKind.DATE,
    "TIMESTAMP": TimeKind.TIMESTAMP,
    "TIMESTAMP_S": TimeKind.TIMESTAMP,
    "TIMESTAMP_MS": TimeKind.TIMESTAMP,
    "TIMESTAMP_NS": TimeKind.TIMESTAMP_NS,
    "TIMESTAMP WITH TIME ZONE": TimeKind.TIMESTAMPTZ,
    "TINYINT": TimeKind.INTEGER,
    "SMALLINT": TimeKind.INTEGER,
    "INTEGER": TimeKind.INTEGER,
    "BIGINT": TimeKind.INTEGER,
    "UTINYINT": TimeKind.INTEGER,
    "USMALLINT": TimeKind.INTEGER,
    "UINTEGER": TimeKind.INTEGER,
    "UBIGINT": TimeKind.INTEGER,
    "HUGEINT": TimeKind.INTEGER,
}


def time_kind(sql_type: str) -> TimeKind | None:
    """The kind of a column of this DuckDB type, or None where it cannot be a time column."""
    return _KIND_OF_TYPE.get(sql_type.upper())


class TimeValue(Struct, frozen=True):
    """One value of a time column.

    `ordinal` counts days since 1970-01-01 for a date, microseconds since 1970-01-01 00:00 for
    timestamps (UTC where the column has a zone), nanoseconds for TIMESTAMP_NS, and is the number
    itself for an integer, so values of one kind compare as their ordinals do.
    """

    kind: TimeKind
    ordinal: int

    def __str__(self) -> str:
        """ISO 8601 text, with `+00:00` where the column has a zone."""
        match self.kind:
            case TimeKind.INTEGER:
                return str(self.ordinal)
            case TimeKind.DATE:
                return (_EPOCH + timedelta(days=self.ordinal)).date().isoformat()
            case TimeKind.TIMESTAMP:
                return _moment(self.ordinal).isoformat()
            case TimeKind.TIMESTAMPTZ:
                return _moment(self.ordinal).replace(tzinfo=UTC).isoformat()
            case TimeKind.TIMESTAMP_NS:
                micros, nanos = divmod(self.ordinal, _NS_PER_US)
                return _moment(micros).isoformat(timespec="microseconds") + f"{nanos:03d}"

    @property
    def day_or_moment(self) -> date | datetime:
        """The day of a DATE, and the moment of others rounded down to the microsecond.

        It is UTC where the column has a zone. An integer has none.
        """
        if self.kind is TimeKind.DATE:
            return (_EPOCH + timedelta(days=self.ordinal)).date()
        if self.kind is TimeKind.TIMESTAMP_NS:
            return _moment(self.ordinal // _NS_PER_US)
        assert not self.kind.is_integer, "a number is no moment"
        moment = _moment(self.ordinal)
        return moment.replace(tzinfo=UTC) if self.kind is TimeKind.TIMESTAMPTZ else moment

    @classmethod
    def parse(cls, kind: TimeKind, text: str) -> TimeValue:
        """The value that `str` wrote.

        Also reads what people write: a date for a timestamp is its midnight, a moment without a
        zone is UTC for a column with one, and a moment within a day is the next day for a date
        column, since the values at or after both are the same.

        Raises:
            ValueError: The text is none of these.
        """
        text = text.strip()
        if kind is TimeKind.INTEGER:
            return cls(kind, int(text))
        nanos = 0
        if kind is TimeKind.TIMESTAMP_NS and (fraction := re.search(r"\.(\d{7,9})", text)):
            digits = fraction[1].ljust(9, "0")
            nanos = int(digits[6:])
            text = text.replace(fraction[0], "." + digits[:6])
        moment = datetime.fromisoformat(text)
        return cls.of_moment(kind, moment, nanos)

    @classmethod
    def of_moment(cls, kind: TimeKind, moment: datetime, nanos: int = 0) -> TimeValue:
        """The value of this kind at a moment; a moment with a zone is taken in UTC."""
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        micros = (moment - _EPOCH) // timedelta(microseconds=1)
        match kind:
            case TimeKind.DATE:
                return cls(kind, -(-micros // MICROS_OF_A_DAY))
            case TimeKind.TIMESTAMP_NS:
                return cls(kind, micros * _NS_PER_US + nanos)
            case TimeKind.TIMESTAMP | TimeKind.TIMESTAMPTZ:
                return cls(kind, micros)
            case TimeKind.INTEGER:
                raise ValueError("a date cannot bound an integer column")


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


_MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
_MICROS_OF = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "sec": 1_000_000,
    "minute": 60_000_000,
    "min": 60_000_000,
    "hour": 3_600_000_000,
    "h": 3_600_000_000,
    "day": MICROS_OF_A_DAY,
    "d": MICROS_OF_A_DAY,
    "week": 7 * MICROS_OF_A_DAY,
    "w": 7 * MICROS_OF_A_DAY,
}
_LOOKBACK_PART = re.compile(r"\s*(\d+)\s*([a-z]+?)s?(?=[\s,]|\d|$)[\s,]*")


class Lookback(Struct, frozen=True):
    """How far before the watermark a later run reads again.

    `number` is set for integer time columns (`"lookback": 100`); the rest are calendar parts.
    """

    months: int = 0
    micros: int = 0
    number: int = 0
    text: str = "0"

    @classmethod
    def parse(cls, value: str | int) -> Lookback:
        """A lookback as users write it: `7 days`, `1 day 12 hours`, `1 month`, or a number.

        Raises:
            ValueError: The text is no sequence of `<number> <unit>`.
        """
        if isinstance(value, int):
            if value < 0:
                raise ValueError("a lookback is not negative")
            return cls(number=value, text=str(value))
        text = value.strip().lower()
        if text.isdigit():
            return cls(number=int(text), text=text)
        months, micros, at = 0, 0, 0
        while at < len(text):
            part = _LOOKBACK_PART.match(text, at)
            if part is None or part[2] not in _MONTHS_OF | _MICROS_OF:
                raise ValueError(
                    f"{value!r} is not a lookback; write a number and a unit such as '7 days', "
                    "'3 hours' or '1 month', or a plain number for an integer column"
                )
            months += int(part[1]) * _MONTHS_OF.get(part[2], 0)
            micros += int(part[1]) * _MICROS_OF.get(part[2], 0)
            at = part.end()
        if not text:
            raise ValueError("an empty text is not a lookback; leave the key out or write '0'")
        return cls(months=months, micros=micros, text=value.strip())

    @property
    def is_zero(self) -> bool:
        return not (self.months or self.micros or self.number)

    def require(self, kind: TimeKind) -> None:
        """Checks that it reaches back in what a time column counts in.

        Raises:
            ValueError: It is a span of time for an integer column, or a number for another.
        """
        if kind.is_integer and (self.months or self.micros):
            raise ValueError(
                f"the time column is an integer, so its lookback is a number, not {self.text!r}"
            )
        if not kind.is_integer and self.number:
            raise ValueError(f"lookback {self.text!r} has no unit; write for example '7 days'")


def reaching_back(value: TimeValue, lookback: Lookback) -> TimeValue:
    """The value that lies `lookback` before `value`, rounded down to what the kind can hold.

    Days are 24 hours of UTC for columns with a zone. Months go by the calendar: one month before
    31 March is the last day of February.

    Raises:
        ValueError: A span of time was given for an integer column, or a number for another.
    """
    if lookback.is_zero:
        return value
    lookback.require(value.kind)
    if value.kind.is_integer:
        return TimeValue(value.kind, value.ordinal - lookback.number)
    scale = MICROS_OF_A_DAY if value.kind is TimeKind.DATE else 1
    micros = value.ordinal * scale
    nanos = 0
    if value.kind is TimeKind.TIMESTAMP_NS:
        micros, nanos = divmod(value.ordinal, _NS_PER_US)
    try:
        moment = _moment(micros)
        earlier = moment - relativedelta(months=lookback.months)
        earlier -= timedelta(microseconds=lookback.micros)
    except (OverflowError, ValueError) as error:
        raise ValueError(
            f"{value} less {lookback.text} lies outside the years 1 to 9999"
        ) from error
    micros = (earlier - _EPOCH) // timedelta(microseconds=1)
    if value.kind is TimeKind.DATE:
        return TimeValue(value.kind, micros // scale)
    if value.kind is TimeKind.TIMESTAMP_NS:
        return TimeValue(value.kind, micros * _NS_PER_US + nanos)
    return TimeValue(value.kind, micros)


def start_value(
    kind: TimeKind, start: str | int | date, now: datetime, name: str = "start_date"
) -> TimeValue:
    """The start S that a model's `start_date` means for a column of this kind.

    Args:
        kind: What the column counts in.
        start: A number, a date, or text: ISO 8601, or `CURRENT_DATE`.
        now: The moment that `CURRENT_DATE` is read from, with a zone; its day in UTC counts.
        name: What the setting is called, for errors.

    Raises:
        ValueError: It cannot bound a column of this kind.
    """
    if isinstance(start, str) and start.strip().lower().removesuffix("()") == "current_date":
        midnight = now.astimezone(UTC).replace(
            hour=0, minute=0, second=0, microsecond=0, tzinfo=None
        )
        return TimeValue.of_moment(kind, midnight)
    if isinstance(start, datetime):
        return TimeValue.of_moment(kind, start)
    if isinstance(start, date):
        return TimeValue.of_moment(kind, datetime(start.year, start.month, start.day))
    try:
        return TimeValue.parse(kind, str(start))
    except ValueError as error:
        wanted = "a number" if kind.is_integer else "a date (YYYY-MM-DD) or an ISO 8601 moment"
        raise ValueError(f"{name} {start!r} is not {wanted}") from error
