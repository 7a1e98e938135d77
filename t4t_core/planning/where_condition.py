"""`where_condition` of delete_insert, with its values."""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from t4t_core.config import DeleteInsertConfig
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.sql.filling import Fill
from t4t_core.sql.literals import literal, time_literal
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.unset import unset_variable
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
    fill = Fill(place=model.config_place, values=values, words=dict.fromkeys(is_ours, start))
    time_column = settings.time_column.lower()
    starts = condition.starts
    return Where(
        condition=condition.filled(fill),
        # The stage of the rows to insert takes the name of the table, and has no schema.
        of_stage=condition.filled(
            replace(fill, bare=TableRef("", model.name.schema, model.name.name))
        ),
        is_window=starts is not None and starts[0].lower() == time_column and starts[1] in is_ours,
    )


def _is_day(value: object) -> bool:
    """Whether a variable's value is a date, as text or not; its literal is a DATE then."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return isinstance(value, date) and not isinstance(value, datetime)
