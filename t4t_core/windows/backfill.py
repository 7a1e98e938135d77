"""A backfill of one model: batch by batch, going on where it was stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.planned_model import current_definition
from t4t_core.report import ModelReport
from t4t_core.running.model_reports import nothing_done
from t4t_core.state.windows import done_until, kept_windows
from t4t_core.windows.coverage import covered_now, missing
from t4t_core.windows.window import Backfill, Batch, Window, as_bound, batches, bound_text

log = logging.getLogger("ExecutionEngine")


class Todo(Struct, frozen=True):
    """The batches of a model's backfill.

    Attributes:
        batches: All of them, in order; none where no window is missing.
        done: How many, from the first, are committed already.
    """

    batches: tuple[Batch, ...]
    done: int = 0


class Progress(Struct, frozen=True):
    """How far a model's backfill has come: so many of its batches are committed."""

    model_name: str
    done: int
    count: int


OnProgress = Callable[[Progress], None]


def todo_of(
    model: Model, backfill: Backfill, graph: Graph, warehouse: Warehouse, commit: Commit | None
) -> Todo:
    """The batches of a model's backfill.

    Args:
        model: An incremental model.
        backfill: What is asked for.
        graph: Of the project.
        warehouse: The database.
        commit: The model's last one.

    Raises:
        UsageError: The window cannot be cut so.
    """
    if backfill.window is None:
        return Todo(_missing(model, backfill, warehouse, commit))
    size = "" if backfill.batch_size is None else backfill.batch_size.text
    cut = batches(backfill.window, backfill.batch_size)
    todo = tuple(Batch(window, backfill.window, size) for window in cut)
    is_table_there = commit is not None and warehouse.target(model.name) is not None
    if len(cut) == 1 or backfill.is_restart or not is_table_there:
        return Todo(todo)
    definition = current_definition(model, graph)
    until = done_until(warehouse, str(model), backfill.window, size, definition)
    ends = [str(window.end) for window in cut]
    return Todo(todo, ends.index(until) + 1 if until in ends else 0)


def run_backfill(
    model: Model,
    todo: Todo,
    commit: Commit | None,
    run: Callable[[Window, Batch | None], ModelReport],
    on_progress: OnProgress | None = None,
) -> ModelReport:
    """Runs the batches that are left; gives what all of them did.

    Args:
        model: The model.
        todo: Its batches.
        commit: The model's last one.
        run: Runs a window in a transaction; a batch is one of several.
        on_progress: Called after each of several batches.
    """
    count = len(todo.batches)
    if count == 0:
        reason = "no window is missing"
        log.info("%s: %s", model, reason)
        return nothing_done(model, commit, reason)
    if count == 1:
        return run(todo.batches[0].window, None)
    whole = f"{bound_text(todo.batches[0].window.start)} .. " + bound_text(
        todo.batches[-1].window.end
    )
    if todo.done == count:
        reason = f"all {count:,} batches of {whole} were done before the backfill was stopped"
        log.info("%s: %s", model, reason)
        return nothing_done(model, commit, reason)
    log.info("Executing model: %s in %d batches: %s", model, count, whole)
    if todo.done:
        at = bound_text(todo.batches[todo.done].window.start)
        log.info("%s resumes at %s; %d of %d batches were done", model, at, todo.done, count)
    reports: list[ModelReport] = []
    for number, batch in enumerate(todo.batches[todo.done :], todo.done + 1):
        report = run(batch.window, batch)
        reports.append(report)
        place = f"batch {number:,} of {count:,}: {batch.window}"
        if report.status == "failed":
            error = f"{place}: {report.error}" + _what_stays(number - 1)
            return _summed(replace(report, error=error), reports, whole, count)
        rows = report.rows_inserted + report.rows_updated
        log.info("%s, %s rows", place, f"{rows:,}")
        if on_progress is not None:
            on_progress(Progress(str(model), number, count))
    last = reports[-1]
    log.info("Successfully executed %s with %d rows", model, last.row_count or 0)
    return _summed(last, reports, whole, count)


def _missing(
    model: Model, backfill: Backfill, warehouse: Warehouse, commit: Commit | None
) -> tuple[Batch, ...]:
    """The windows that no run has read; the next time those that were filled are none."""
    covered = covered_now(kept_windows(warehouse, str(model)), commit)
    found: list[Batch] = []
    for gap in missing(covered, None if commit is None else commit.start):
        window = Window(as_bound(gap.start), as_bound(gap.end, is_end=True))
        found += (Batch(one, None, "") for one in batches(window, backfill.batch_size))
    return tuple(found)


def _what_stays(done: int) -> str:
    if not done:
        return ""
    are = "batch before it is" if done == 1 else f"{done:,} batches before it are"
    return f"\n  the {are} committed; the same command goes on here"


def _summed(
    last: ModelReport, reports: Sequence[ModelReport], whole: str, count: int
) -> ModelReport:
    """The last batch's report with what all of them did."""
    done = [report for report in reports if report.status == "success"]
    first = reports[0]
    made = ", which made the table" if first.mode == "full" else ""
    window = None
    if first.window is not None and last.window is not None:
        window = (first.window[0], last.window[1])
    return replace(
        last,
        mode=first.mode,
        reason=f"a backfill of {whole} in {count:,} batches{made}",
        warning=next((report.warning for report in reports if report.warning), None),
        rows_inserted=sum(report.rows_inserted for report in done),
        rows_updated=sum(report.rows_updated for report in done),
        rows_deleted=sum(report.rows_deleted for report in done),
        duration_s=sum(report.duration_s for report in reports),
        window=window,
        batches=len(done),
    )
