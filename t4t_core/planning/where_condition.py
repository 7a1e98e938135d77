"""`where_condition` of delete_insert, with its values."""

from __future__ import annotations

from datetime import date, datetime

from sqlglot import exp

from t4t_core.config import DeleteInsertConfig
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.sql.filled import unset_variable, with_values
from t4t_core.sql.literals import literal, time_literal
from t4t_core.strategies.delete_insert import Where
from t4t_core.strategies.work import Work
from t4t_core.values import TimeKind


def where_condition(
    work: Work, settings: DeleteInsertConfig, model: Model, request: Request
) -> Where | None:
    """`where_condition` with its values; `@start_date` is the start of the window.

    A column with a zone is compared with a moment, since DuckDB would take a date's midnight in
    the session's zone, and the insert takes it in UTC.
    """
    condition = model.where_condition
    if condition is None:
        return None
    values = dict(request.variables)
    own = str(settings.start_date).removeprefix("@") if settings.is_start_placed else "start_date"
    assert work.lower is not None, "delete_insert starts somewhere"
    for placeholder in condition.placeholders:
        if placeholder.name not in values and placeholder.name not in (own, "start_date"):
            raise unset_variable(placeholder.name, model.config_place).located(model=str(model))
    is_ours = {own} if own in values and settings.is_start_placed else {own} - set(values)
    if "start_date" not in values:
        is_ours = is_ours | {"start_date"}
    start = time_literal(work.lower)
    if work.kind is TimeKind.TIMESTAMP and _is_day(values.get(own)):
        start = literal(values[own])

    def filled(node: exp.Expr) -> exp.Expr:
        is_start = isinstance(node, exp.Placeholder) and node.name in is_ours
        return start.copy() if is_start else node

    tree = condition.tree_to_run.transform(filled, copy=False)
    rest = tuple(p for p in condition.placeholders if p.name not in is_ours)
    return Where(
        with_values(tree, rest, values, model.config_place),
        is_window=_is_window(condition.tree, settings.time_column, is_ours),
    )


def _is_day(value: object) -> bool:
    """Whether a variable's value is a date, as text or not; its literal is a DATE then."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_window(tree: exp.Expr, time_column: str, starts: set[str]) -> bool:
    """Whether a condition is `time_column >= @start_date` and nothing else."""
    return (
        isinstance(tree, exp.GTE)
        and isinstance(tree.this, exp.Column)
        and not tree.this.table  # a field of a struct looks the same
        and tree.this.name.lower() == time_column.lower()
        and isinstance(tree.expression, exp.Placeholder)
        and tree.expression.name in starts
    )
