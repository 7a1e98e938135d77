"""What the ledger keeps of the windows that runs have read, and of a backfill under way.

Both are written in the transaction that writes the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from t4t_core.commit import Commit, Definition
from t4t_core.engines.duckdb import Warehouse
from t4t_core.state.ledger_tables import SCHEMA, has_table
from t4t_core.values import TimeKind, TimeValue
from t4t_core.windows.coverage import Covered, to_keep
from t4t_core.windows.window import Batch, Window

if TYPE_CHECKING:  # looking at the state needs no planning
    from t4t_core.planning.plan import Plan


def kept_windows(warehouse: Warehouse, model_name: str) -> tuple[Covered, ...]:
    """What is kept of the windows of a model that were read; mostly nothing."""
    return _kept(warehouse, model_name) if has_table(warehouse, "windows") else ()


def _kept(warehouse: Warehouse, model_name: str) -> tuple[Covered, ...]:
    """The same from a ledger that is known to have the table."""
    rows = warehouse.rows(
        f"SELECT time_type, lower, upper, goes_on FROM {SCHEMA}.windows "
        "WHERE lower(model_name) = lower(?)",
        (model_name,),
    )
    found = []
    for time_type, lower, upper, goes_on in rows:
        kind = TimeKind(time_type)
        start = None if lower is None else TimeValue.parse(kind, str(lower))
        found.append(Covered(start, TimeValue.parse(kind, str(upper)), bool(goes_on)))
    return tuple(found)


def models_with_windows(warehouse: Warehouse) -> set[str]:
    """The names, in lower case, of the models that windows are kept of."""
    rows = warehouse.rows(f"SELECT DISTINCT model_name FROM {SCHEMA}.windows")
    return {str(name).lower() for (name,) in rows}


def write_windows(
    warehouse: Warehouse, model_name: str, windows: Sequence[Covered], now: datetime
) -> None:
    """Keeps these windows of a model, and no others, within the open transaction."""
    warehouse.row(f"DELETE FROM {SCHEMA}.windows WHERE lower(model_name) = lower(?)", (model_name,))
    for window in windows:
        values = (
            model_name,
            window.end.kind.value,
            None if window.start is None else str(window.start),
            str(window.end),
            window.goes_on,
            now,
        )
        warehouse.row(f"INSERT INTO {SCHEMA}.windows VALUES (?, ?, ?, ?, ?, ?)", values)


def note_run(
    warehouse: Warehouse,
    made: Plan,
    before: Commit | None,
    after: Commit,
    batch: Batch | None,
    with_windows: set[str],
) -> None:
    """Notes the window that a run has read, and how far its backfill has come.

    Args:
        warehouse: With the transaction of the run.
        made: What was carried out.
        before: The commit before it.
        after: The commit of the run.
        batch: What it was of a backfill, or None.
        with_windows: The models, in lower case, of which windows may be kept; only of those is the
            ledger asked. It is added to.
    """
    if not made.model.reads_windows:
        return
    name = after.model_name
    is_anew = made.decision.is_full
    kept = _kept(warehouse, name) if name.lower() in with_windows else ()
    found = to_keep(kept, None if is_anew else before, after, _read(made, after.watermark))
    if found is not None and found != kept:
        write_windows(warehouse, name, found, after.committed_at)
        with_windows.add(name.lower())
    if batch is not None and batch.whole is not None:
        _write_progress(warehouse, name, batch, batch.whole, made.definition, after.committed_at)
    elif is_anew and before is not None:
        forget_progress(warehouse, name)


def note_by_hand(warehouse: Warehouse, before: Commit, after: Commit) -> None:
    """Notes what a watermark that was set or reset by hand makes of the windows."""
    kept = _kept(warehouse, after.model_name)
    if after.origin == "reset":
        found: tuple[Covered, ...] | None = ()
        forget_progress(warehouse, after.model_name)
    else:
        found = to_keep(kept, before, after, None)
    if found is not None and found != kept:
        write_windows(warehouse, after.model_name, found, after.committed_at)


def _read(made: Plan, watermark: TimeValue | None) -> Covered | None:
    """The window that a plan's statements have read, up to the greatest time in it.

    None for a slice, of which the rows may have any time.
    """
    if made.greatest is None:
        return None
    upper = made.upper or watermark
    if upper is None or (made.lower is not None and made.lower.ordinal > upper.ordinal):
        return None
    return Covered(made.lower, upper)


def done_until(
    warehouse: Warehouse, model_name: str, window: Window, batch_size: str, definition: Definition
) -> str | None:
    """Where a backfill that was stopped goes on; None where it starts anew.

    Args:
        warehouse: The database.
        model_name: The model.
        window: The whole window.
        batch_size: As it is written.
        definition: The model's; batches of another one do not count.
    """
    if not has_table(warehouse, "backfills"):
        return None
    row = warehouse.row(
        f"SELECT done_until FROM {SCHEMA}.backfills WHERE lower(model_name) = lower(?) "
        "AND lower = ? AND upper = ? AND batch_size = ? AND definition = ?",
        (model_name, *_key(window, batch_size, definition)),
    )
    return None if row is None else str(row[0])


def forget_progress(warehouse: Warehouse, model_name: str) -> None:
    """Forgets how far the model's backfill has come."""
    warehouse.row(
        f"DELETE FROM {SCHEMA}.backfills WHERE lower(model_name) = lower(?)", (model_name,)
    )


def _write_progress(
    warehouse: Warehouse,
    model_name: str,
    batch: Batch,
    whole: Window,
    definition: Definition,
    now: datetime,
) -> None:
    """A model has one backfill under way; an earlier one with other bounds is forgotten."""
    values = (
        model_name,
        *_key(whole, batch.size, definition),
        str(batch.window.end),
        now,
    )
    warehouse.row(f"INSERT OR REPLACE INTO {SCHEMA}.backfills VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def _key(window: Window, batch_size: str, definition: Definition) -> tuple[str, str, str, str]:
    return (str(window.start), str(window.end), batch_size, definition.digest)
