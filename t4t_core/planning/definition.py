"""What decides which table a full refresh of a model gives, and what of it changed."""

from __future__ import annotations

from typing import Final

from t4t_core.commit import Definition
from t4t_core.config import (
    CheckHistoryConfig,
    HistoryConfig,
    MergeConfig,
    TimestampHistoryConfig,
)
from t4t_core.models import Model

QUERY_CHANGED: Final = "the query changed"


def definition_of(model: Model, query_fingerprint: str) -> Definition:
    """The model's definition.

    Args:
        model: The model.
        query_fingerprint: Of its query with the ephemeral models that it reads.
    """
    settings = model.strategy
    numbered = model.config.numbered
    number = "" if numbered is None else numbered.name.lower()
    if settings is None:
        return Definition(query=query_fingerprint, number=number)
    if isinstance(settings, TimestampHistoryConfig | CheckHistoryConfig):
        return _definition_of_history(settings, query_fingerprint)
    keys = settings.unique_key if isinstance(settings, MergeConfig) else ()
    bounds_full_loads = settings.name != "delete_insert" and settings.start_date != "auto"
    return Definition(
        query=query_fingerprint,
        strategy=settings.name,
        unique_key=tuple(sorted(key.lower() for key in keys)),
        time_column=settings.time_column.lower(),
        start=str(settings.start_date) if bounds_full_loads else "",
        leaves_null_time_out=settings.null_time == "exclude",
        delete_when="" if model.delete_when is None else model.delete_when.fingerprint,
        number=number,
    )


def _definition_of_history(settings: HistoryConfig, query_fingerprint: str) -> Definition:
    start = settings.start_date
    # The versions that tell of deletes mean nothing to a run that does not write them.
    records = " with new_record" if settings.deleted_flag is not None else ""
    return Definition(
        query=query_fingerprint,
        strategy=settings.name + records,
        unique_key=tuple(sorted(key.lower() for key in settings.unique_key)),
        time_column=(settings.time or "").lower(),
        start="" if start in (None, "auto") else str(start),
    )


def changes(before: Definition, now: Definition) -> tuple[str, ...]:
    """What changed so that a full refresh would give another table, each as a clause."""
    found = []
    if before.query != now.query:
        found.append(QUERY_CHANGED)
    elif before.functions != now.functions:
        found.append(f"{QUERY_CHANGED}: {_changed_functions(before, now)}")
    if before.strategy != now.strategy:
        found.append(f"the strategy changed from {before.strategy or 'none'} to {now.strategy}")
    elif before.unique_key != now.unique_key:
        found.append(
            f"the unique key changed from {', '.join(before.unique_key) or 'none'} "
            f"to {', '.join(now.unique_key) or 'none'}"
        )
    if before.time_column != now.time_column:
        found.append(
            f"the time column changed from {before.time_column or 'none'} "
            f"to {now.time_column or 'none'}"
        )
    if before.start != now.start:
        found.append(f"the start changed from {before.start or 'none'} to {now.start or 'none'}")
    if before.leaves_null_time_out != now.leaves_null_time_out:
        found.append("null_time changed")
    if before.delete_when != now.delete_when:
        found.append("delete_when changed")
    if before.number != now.number:
        found.append(
            f"the auto_incremental column changed from {before.number or 'none'} "
            f"to {now.number or 'none'}"
        )
    return tuple(found)


def _changed_functions(before: Definition, now: Definition) -> str:
    """`function a, function b` for those whose definition is another one."""
    names = sorted({name for name, _ in set(before.functions) ^ set(now.functions)})
    return ", ".join(f"function {name}" for name in names)
