"""What is told of one model's run, good or bad."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.errors import DatabaseError, Place, T4tError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.plan import Plan
from t4t_core.report import ModelReport
from t4t_core.sql.query import Query

log = logging.getLogger("ExecutionEngine")


def success(made: Plan, commit: Commit, started: float) -> ModelReport:
    """The report of a model whose run is committed."""
    return ModelReport(
        model_name=commit.model_name,
        materialization=commit.materialization,
        strategy=commit.strategy,
        mode=commit.mode,
        reason=commit.reason,
        status="success",
        warning=made.decision.warning,
        rows_inserted=commit.rows_inserted,
        rows_updated=commit.rows_updated,
        rows_deleted=commit.rows_deleted,
        row_count=commit.row_count,
        watermark=commit.watermark,
        duration_s=time.perf_counter() - started,
        sql_hash=commit.sql_hash,
        config_hash=commit.config_hash,
        data_version=commit.data_version,
        steps=(*made.steps, *made.after),
        window=_window(made),
    )


def failure(model: Model, made: Plan | None, error: T4tError, started: float) -> ModelReport:
    """The report of a model of which nothing was written."""
    log.debug("%s failed", model, exc_info=error)
    return ModelReport(
        model_name=str(model),
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode=None if made is None else made.decision.mode,
        reason="" if made is None else made.decision.reason,
        status="failed",
        error=str(error),
        duration_s=time.perf_counter() - started,
        steps=() if made is None else (*made.steps, *made.after),
        is_transient=error.is_transient,
    )


def nothing_done(model: Model, commit: Commit | None, reason: str) -> ModelReport:
    """The report of a model that there is nothing to do for."""
    return ModelReport(
        model_name=str(model),
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode="skipped",
        reason=reason,
        status="success",
        row_count=None if commit is None else commit.row_count,
        watermark=None if commit is None else commit.watermark,
        data_version=None if commit is None else commit.data_version,
        batches=0,
    )


def left_as_it_is(model: Model, commit: Commit, started: float) -> ModelReport:
    """The report of a model whose last run would be done again."""
    since = f"{commit.committed_at:%Y-%m-%d %H:%M:%S} UTC"
    return replace(
        nothing_done(model, commit, f"nothing that it depends on has changed since {since}"),
        duration_s=time.perf_counter() - started,
        sql_hash=commit.sql_hash,
        config_hash=commit.config_hash,
        batches=None,
    )


def _window(made: Plan) -> tuple[str, str] | None:
    if made.upper is None:
        return None
    return (str(made.lower), str(made.upper))


def unmade_hint(model: Model, graph: Graph, commits: Mapping[str, Commit]) -> str | None:
    """What to try where something that the model reads was never made, or None."""
    parents = [graph.nodes[key] for key in graph.parents.get(model.name.key, ())]
    unmade = [
        str(node)
        for node in parents
        if not (isinstance(node, Model) and node.is_ephemeral) and str(node).lower() not in commits
    ]
    if not unmade:
        return None
    return f"make {', '.join(unmade)} first: `t4t build` loads seeds and runs models in order"


def explained(error: T4tError, model: Model) -> T4tError:
    """The error with the model and the place in its file that it speaks of."""
    place = model.place
    is_of_query = isinstance(error, DatabaseError) and error.place is None
    if isinstance(error, DatabaseError) and is_of_query and isinstance(model.source, Query):
        from t4t_core.parsing.error_place import error_place

        line, column = error_place(model.source, error.what, error.sql, error.offset)
        if place.file.suffix == ".sql":
            place = Place(place.file, line, column)
        elif line is not None:
            error.what += f" (line {line}, column {column} of its SQL)"
    return error.located(place=place, model=str(model))
