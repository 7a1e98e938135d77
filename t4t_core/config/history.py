"""How the runs of a model keep the versions of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from msgspec import Struct

from t4t_core.config.strategies import Placeable, Window


class Interval:
    """What follows from the keys that every history has.

    The keys stand in each of them: msgspec has no Struct of two bases with fields.
    """

    __slots__ = ()

    if TYPE_CHECKING:  # whoever has them says it
        valid_from: str
        valid_to: str
        is_current: str | None
        hard_deletes: Literal["ignore", "invalidate", "new_record"]
        is_deleted: str | None

    @property
    def deleted_flag(self) -> str | None:
        """The column that tells a version for "the key was gone" from others, or None."""
        return (self.is_deleted or "is_deleted") if self.hard_deletes == "new_record" else None

    @property
    def history_names(self) -> tuple[str, ...]:
        """The columns that the table has besides the query's."""
        flags = (self.is_current, self.deleted_flag)
        return (self.valid_from, self.valid_to, *(flag for flag in flags if flag is not None))


class TimestampHistoryConfig(
    Window, Interval, frozen=True, kw_only=True, tag_field="strategy", tag="timestamp"
):
    """A column of the query, the time column, says when each version began."""

    name: ClassVar[Literal["timestamp"]] = "timestamp"
    unique_key: tuple[str, ...]
    valid_from: str
    valid_to: str
    is_current: str | None
    hard_deletes: Literal["ignore", "invalidate", "new_record"]
    is_deleted: str | None
    on_schema_change: Literal["fail", "ignore", "append_new_columns"]
    on_duplicate_key: Literal["latest", "error"]

    @property
    def time(self) -> str:
        """The column that says when a version began."""
        return self.time_column

    @property
    def gives_states(self) -> bool:
        """Whether the query gives each key once, as it is now, and not its versions."""
        return self.hard_deletes != "ignore"


class CheckHistoryConfig(
    Struct, Interval, frozen=True, kw_only=True, tag_field="strategy", tag="check"
):
    """A version begins where values differ from those of the run before."""

    name: ClassVar[Literal["check"]] = "check"
    unique_key: tuple[str, ...]
    valid_from: str
    valid_to: str
    is_current: str | None
    hard_deletes: Literal["ignore", "invalidate", "new_record"]
    is_deleted: str | None
    on_schema_change: Literal["fail", "ignore", "append_new_columns"]
    check_columns: Literal["all"] | tuple[str, ...]
    updated_at: str | None
    start_date: Placeable | None

    @property
    def time(self) -> str | None:
        """The column that says when a version began; None where the run's moment does."""
        return self.updated_at

    @property
    def gives_states(self) -> bool:
        """Whether the query gives each key once, as it is now, and not its versions."""
        return True

    @property
    def read_later(self) -> tuple[object, ...]:
        """What may be a placeholder that a run resolves."""
        return (self.start_date,)


HistoryConfig = TimestampHistoryConfig | CheckHistoryConfig
