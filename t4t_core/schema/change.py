"""What happens to columns that differ between a model's query and its table."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from t4t_core.config import (
    CheckHistoryConfig,
    HistoryConfig,
    IncrementalConfig,
    MergeConfig,
    OnSchemaChange,
    TimestampHistoryConfig,
)
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.facts import Column, Facts, column_named
from t4t_core.schema.widening import UNKNOWN, widens


class Retyped(Struct, frozen=True):
    """A column whose type in the query is not that in the table."""

    name: str
    held: str
    given: str

    @property
    def is_wider(self) -> bool:
        """Whether the query's type holds every value of the table's."""
        return widens(self.held, self.given)

    @property
    def is_narrower(self) -> bool:
        """Whether the table's type holds every value of the query's."""
        return widens(self.given, self.held)


class Differences(Struct, frozen=True):
    """How a query's columns differ from its table's.

    Attributes:
        new: Of the query alone.
        gone: Of the table alone.
        retyped: Of both, with other types.
    """

    new: tuple[Column, ...]
    gone: tuple[Column, ...]
    retyped: tuple[Retyped, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.retyped)

    def __str__(self) -> str:
        found = [f"{column.name} {column.type} is new" for column in self.new]
        found += [f"{one.name} was {one.held} and is now {one.given}" for one in self.retyped]
        found += [f"{column.name} is gone" for column in self.gone]
        return "; ".join(found)


class SchemaChange(Struct, frozen=True):
    """What a later run does about columns that differ.

    Attributes:
        added: Columns that the table gets, at its end.
        widened: Columns that get the query's type.
        dropped: Columns that the table loses.
        cast: Columns of the query that take the table's wider type.
        left_out: Columns of the query that are not written.
        unfilled: Columns of the table that written rows have NULL in.
    """

    added: tuple[Column, ...] = ()
    widened: tuple[Retyped, ...] = ()
    dropped: tuple[Column, ...] = ()
    cast: tuple[Retyped, ...] = ()
    left_out: tuple[Column, ...] = ()
    unfilled: tuple[Column, ...] = ()

    @property
    def alters(self) -> bool:
        """Whether the table's columns change."""
        return bool(self.added or self.widened or self.dropped)

    @property
    def compares_anew(self) -> bool:
        """Whether a row of the table may differ from what the query gives for it now."""
        return bool(self.added or self.widened)

    def __bool__(self) -> bool:
        return bool(self.clauses)

    @property
    def warning(self) -> str | None:
        """What of the query, or of the table, this run leaves out; None where nothing."""
        left_out = [f"{column.name} of the query is left out" for column in self.left_out]
        unfilled = [f"{column.name} is gone from the query" for column in self.unfilled]
        return "; ".join([*left_out, *unfilled]) or None

    @property
    def clauses(self) -> tuple[str, ...]:
        """What is done, each as a clause: `adds x INTEGER`."""
        return (
            *(f"adds {column.name} {column.type}" for column in self.added),
            *(f"widens {one.name} from {one.held} to {one.given}" for one in self.widened),
            *(f"drops {column.name}" for column in self.dropped),
            *(f"leaves out {column.name}" for column in self.left_out),
            *(f"fills {column.name} with NULL" for column in self.unfilled),
        )


NO_CHANGE: Final = SchemaChange()


def differences(facts: Facts) -> Differences:
    """How the columns that the query gives differ from those of the table.

    Names are compared without case; a column that is only ever NULL fits any type.
    """
    assert facts.target is not None, "a later run has a table"
    held, given = facts.target.columns, facts.query_columns
    pairs = [(column_named(held, column.name), column) for column in given]
    return Differences(
        new=tuple(now for before, now in pairs if before is None),
        gone=tuple(column for column in held if column_named(given, column.name) is None),
        retyped=tuple(
            Retyped(now.name, before.type, now.type)
            for before, now in pairs
            if before is not None and now.type not in (before.type, UNKNOWN)
        ),
    )


def schema_change(model: Model, facts: Facts) -> SchemaChange:
    """What a later run of the model does about columns that differ.

    Raises:
        RunError: `on_schema_change` does not permit it, or no table could hold both.
    """
    found = differences(facts)
    if not found:
        return NO_CHANGE
    policy = on_schema_change(model)
    if policy == "fail":
        raise RunError(
            f"the query's columns do not fit the table: {found}",
            hint="run with --full-refresh to rebuild the table, make the query fit, or set "
            '"on_schema_change" in its metadata',
        )
    _refuse_other_key(model, found)
    may_alter = policy != "ignore"
    _refuse_other_type(found, may_widen=may_alter)
    is_synced = policy == "sync_all_columns"
    return SchemaChange(
        added=found.new if may_alter else (),
        widened=tuple(one for one in found.retyped if one.is_wider),
        dropped=found.gone if is_synced else (),
        cast=tuple(one for one in found.retyped if not one.is_wider),
        left_out=() if may_alter else found.new,
        unfilled=() if is_synced else found.gone,
    )


def on_schema_change(model: Model) -> OnSchemaChange:
    """What the metadata of an incremental model, or of a history, says; `fail` for others."""
    settings: IncrementalConfig | HistoryConfig | None = None
    if model.config.materialization == "incremental":
        settings = model.config.incremental
    elif model.config.materialization == "scd2":
        settings = model.config.scd2
    return "fail" if settings is None else settings.on_schema_change


def _refuse_other_key(model: Model, found: Differences) -> None:
    """Another type of the key or the time would change which rows are equal, or later."""
    roles = _roles(model)
    for one in found.retyped:
        role = roles.get(one.name.lower())
        if role is not None:
            raise RunError(
                f"the {role} {one.name} was {one.held} and is now {one.given}, which would change "
                "what it says of the rows in the table",
                hint=f"cast it in the query: CAST({one.name} AS {one.held}), or run with "
                "--full-refresh to rebuild the table",
            )
    for column in found.new:
        role = roles.get(column.name.lower())
        if role is not None:
            raise RunError(
                f"the {role} {column.name} is not in the table, so its rows would have none",
                hint="run with --full-refresh to rebuild the table",
            )


def _roles(model: Model) -> dict[str, str]:
    """What the metadata calls the columns that have to stay as they are, by name in lower case."""
    settings = model.strategy
    roles: dict[str, str] = {}
    if isinstance(settings, MergeConfig | TimestampHistoryConfig | CheckHistoryConfig):
        roles |= dict.fromkeys(settings.unique_key, "unique key")
    if isinstance(settings, TimestampHistoryConfig | CheckHistoryConfig):
        roles |= dict.fromkeys(settings.history_names, "history's")
        if settings.time is not None:
            roles[settings.time] = "updated_at"
    elif settings is not None:
        roles[settings.time_column] = "time column"
    if model.config.numbered is not None:
        roles[model.config.numbered.name] = "auto_incremental column"
    return {name.lower(): role for name, role in roles.items()}


def _refuse_other_type(found: Differences, *, may_widen: bool) -> None:
    for one in found.retyped:
        if one.is_narrower or (may_widen and one.is_wider):
            continue
        why = "could be lost" if may_widen else "may not fit into it"
        raise RunError(
            f"{one.name} was {one.held} and is now {one.given}: values {why}",
            hint=f"cast it in the query: CAST({one.name} AS {one.held}), or run with "
            "--full-refresh to rebuild the table",
        )
