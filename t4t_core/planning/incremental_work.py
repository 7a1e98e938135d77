"""What a run of an incremental model works on."""

from __future__ import annotations

from t4t_core.config import MergeConfig, StrategyConfig
from t4t_core.models import Model
from t4t_core.planning.bounds import bounds, require_lookback
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Facts
from t4t_core.planning.request import Request
from t4t_core.schema.fit import needed_column, time_kind_of
from t4t_core.sql.query_text import QueryText
from t4t_core.strategies.work import Work
from t4t_core.values import TimeValue


def incremental_work(
    model: Model,
    settings: StrategyConfig,
    query: QueryText,
    decision: Decision,
    facts: Facts,
    request: Request,
    catalog: str,
) -> tuple[Work, TimeValue | None]:
    """What the strategy works on, and the start S where there is one.

    Raises:
        RunError: The query's columns do not fit the metadata.
    """
    kind = time_kind_of(settings.time_column, facts.query_columns)
    if isinstance(settings, MergeConfig):
        for key in settings.unique_key:
            needed_column(facts.query_columns, key, "unique key")
        for name in (*(settings.update_columns or ()), *(settings.exclude_columns or ())):
            needed_column(facts.query_columns, name, "column")
    if decision.is_full:
        require_lookback(model, kind, request)
    reach = bounds(model, kind, decision, facts, request)
    if request.slice is not None:
        name = needed_column(facts.query_columns, request.slice.column, "partition column").name
        query = query.where(name, request.slice.holds)
    work = Work(
        name=model.name,
        catalog=catalog,
        query=query,
        columns=facts.columns_but_number,
        time_column=settings.time_column,
        kind=kind,
        lower=reach.lower,
        null_time=settings.null_time,
        may_read_target=facts.may_read_target,
        reads_by_scan=facts.reads_by_scan,
        upper=reach.upper,
        number=facts.number,
    )
    return work, reach.start
