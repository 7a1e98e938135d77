"""Carrying out a plan's steps on the open transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from msgspec import Struct

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, GateError
from t4t_core.planning.steps import (
    Count,
    Gate,
    HookStep,
    Look,
    Refusal,
    Repair,
    Step,
    Tally,
    Write,
)
from t4t_core.sql.statements import count_where

log = logging.getLogger("DuckDBAdapter")


class Tallies(Struct):
    """Rows written so far, and what was seen on the way.

    Attributes:
        added: Rows that came into the table, those that replace others included.
        replaced: Rows that went out of the table for one with the same key.
        changed: Rows that were changed in place.
        deleted: Rows that went out of the table for good.
        staged: Rows about to be written; None where they were not counted.
        has_looked: Whether a `Look` was among the steps.
        greatest: The greatest time that it found, as an ordinal; None where there was none.
    """

    added: int = 0
    replaced: int = 0
    changed: int = 0
    deleted: int = 0
    staged: int | None = None
    has_looked: bool = False
    greatest: int | None = None

    @property
    def inserted(self) -> int:
        """Rows of new keys, or all that came where rows have no key."""
        # Where somebody added a key again by hand, one row replaces several.
        return max(self.added - self.replaced, 0)

    @property
    def updated(self) -> int:
        """Rows that say something else now."""
        return self.replaced + self.changed

    @property
    def more(self) -> int:
        """How many rows more the table has; negative where it has fewer."""
        return self.added - self.replaced - self.deleted

    def add(self, tally: Tally, count: int) -> None:
        match tally:
            case Tally.NONE:
                pass
            case Tally.CREATED:
                self.added = count
            case Tally.INSERTED:
                self.added += count
            case Tally.UPDATED:
                self.changed += count
            case Tally.REPLACED:
                self.replaced += count
            case Tally.DELETED:
                self.deleted += count
            case Tally.MERGED:
                self.added += count - self.changed
            case Tally.STAGED:
                self.staged = count
            case Tally.UNSTAGED:
                self.staged = None if self.staged is None else self.staged - count


def apply(steps: Sequence[Step], warehouse: Warehouse) -> Tallies:
    """Carries out the steps in order; gives the rows that they wrote.

    Raises:
        GateError: Rows break a rule.
        DatabaseError: The database refused a statement.
    """
    tallies = Tallies()
    for step in steps:
        match step:
            case Write():
                _write(step, warehouse, tallies)
            case HookStep():
                _run_hook(step, warehouse)
            case Count():
                tallies.add(step.tally, warehouse.number(step.sql))
            case Gate():
                _stop(step, warehouse.number(step.sql))
            case Repair():
                is_needed = not (step.is_of_stage and tallies.staged == 0)
                if is_needed and warehouse.number(step.sql):
                    _write(step.make(), warehouse, tallies)
            case Look():
                _look(step, warehouse, tallies)
    return tallies


def _look(look: Look, warehouse: Warehouse, tallies: Tallies) -> None:
    row = cast("tuple[int | None, ...] | None", warehouse.row(look.sql))
    assert row is not None, "an aggregate gives a row"
    tallies.has_looked, tallies.greatest = True, row[0]
    for then, count in zip(look.then, row[1:], strict=True):
        if isinstance(then, Refusal):
            _stop(then, count or 0)
        elif then is not None and count:
            _write(then(), warehouse, tallies)


def _stop(gate: Gate | Refusal, count: int) -> None:
    if count:
        what = gate.what.replace("{count}", f"{count:,}")
        raise GateError(what, count=count, hint=gate.hint)


def _write(write: Write, warehouse: Warehouse, tallies: Tallies) -> None:
    is_needed = not (write.is_of_stage and tallies.staged == 0)
    if is_needed:
        tallies.add(write.tally, _written(write, warehouse))
    if write.note is not None:
        log.info("%s", write.note)


def _written(write: Write, warehouse: Warehouse) -> int:
    """Carries out a statement; gives the number of rows that it wrote."""
    if write.into is None or not warehouse.is_several(write.sql):
        return warehouse.execute(write.sql)
    # It tells no number, so the table's rows are counted.
    count = count_where(write.into)
    is_replaced = write.tally in (Tally.CREATED, Tally.STAGED)
    before = 0 if is_replaced else warehouse.number(count)
    warehouse.execute(write.sql)
    return abs(warehouse.number(count) - before)


def _run_hook(hook: HookStep, warehouse: Warehouse) -> None:
    try:
        warehouse.execute(hook.sql)
    except DatabaseError as error:
        error.what = f"{hook.key}: {error.what}"
        raise error.located(place=hook.place) from error.__cause__
    log.info("Executed %s", hook.key)
