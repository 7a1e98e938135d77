"""The table and the ledger as earlier runs would have left them."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, date, datetime

from msgspec.structs import replace

from t4t_core.commit import Commit, Definition
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import GateError, Place, UsageError
from t4t_core.models import Model
from t4t_core.names import quoted
from t4t_core.planning.facts import Column, Facts
from t4t_core.planning.plan import Plan
from t4t_core.planning.planned_model import plan_model
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.running.apply import Tallies, apply
from t4t_core.running.new_commit import new_commit
from t4t_core.running.time_values import greatest_read
from t4t_core.seeds.seed import Seed
from t4t_core.sql.statements import create_schema
from t4t_core.sql_functions.made import make_functions, register_functions
from t4t_core.state.ledger import last_commit, write_commit
from t4t_core.unit_tests.rows import Shape, fill
from t4t_core.values import TimeValue
from t4t_core.written.unit_tests import Rows

Mark = str | int | datetime | date


def leave_table(
    model: Model,
    rows: Rows,
    watermark: Mark | None,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    place: Place | None,
) -> None:
    """Makes a model's table of given rows, with the commit of a first run.

    The table has the columns that a first run would give it.

    Args:
        model: The model.
        rows: The table's rows.
        watermark: Of the commit; the greatest time in the table by default.
        project: The model's project.
        request: What the next run is asked to do.
        warehouse: Its inputs are there; no transaction is open.
        place: Where the rows are written, where that is known.

    Raises:
        UsageError: The model's runs do not go on from a table.
        T4tError: The model cannot be planned.
    """
    if model.config.materialization in ("table", "view", "ephemeral"):
        raise UsageError(
            f"'table_before' is for a model that goes on from its table; {model} is a "
            f"{model.config.materialization}, which every run makes anew",
            place=place,
            hint="leave 'table_before' out",
        )
    started = time.perf_counter()
    made, facts, columns = _first_run(model, project, request, warehouse)
    catalog = project.settings.catalog
    warehouse.execute(create_schema(model.name, catalog))
    name = ".".join(quoted(part) for part in (catalog, model.name.schema, model.name.name))
    shape = Shape(columns, is_closed=True, variables=request.variables)
    fill(name, rows, shape, warehouse, place)
    count = warehouse.number(f"SELECT count(*) FROM {name}")
    mark = _watermark(made, watermark, warehouse, place)
    commit = new_commit(made, facts, Tallies(added=count), mark, count, project, {}, started)
    with warehouse.transaction():
        write_commit(warehouse, commit)


def leave_input(node: Model | Seed, warehouse: Warehouse) -> None:
    """Adds the commit that a run of something upstream leaves."""
    before = last_commit(warehouse, str(node))
    version = 1 if before is None else before.version + 1
    commit = Commit(
        model_name=str(node),
        version=version,
        origin="run",
        materialization=node.config.materialization if isinstance(node, Model) else "seed",
        strategy=None,
        mode="full",
        reason="given by a unit test",
        definition=Definition(query=""),
        config_hash="",
        watermark=None,
        start=None,
        rows_inserted=0,
        rows_updated=0,
        rows_deleted=0,
        row_count=None,
        data_version=str(version),
        committed_at=datetime.now(UTC).replace(tzinfo=None),
        duration_s=0,
    )
    with warehouse.transaction():
        write_commit(warehouse, commit)


def _first_run(
    model: Model, project: Project, request: Request, warehouse: Warehouse
) -> tuple[Plan, Facts, tuple[Column, ...]]:
    """The plan of a first run, and the columns that it gives the table; nothing is kept."""
    register_functions(project.graph, warehouse)
    with warehouse.scratch():
        make_functions(project.graph.functions_of(model), project.graph, request, warehouse)
        made, facts = plan_model(
            model, project, replace(request, full_refresh=False), warehouse, None
        )
        # Rows that break a rule are for the run itself to refuse; the table was made by then.
        with suppress(GateError):
            apply(made.steps, warehouse)
        target = warehouse.target(model.name, with_columns=True)
    if target is None:
        return made, facts, facts.query_columns
    return made, facts, target.columns


def _watermark(
    made: Plan, written: Mark | None, warehouse: Warehouse, place: Place | None
) -> TimeValue | None:
    if made.kind is None or made.model.strategy is None:
        return None
    if written is None:
        return greatest_read(made, Tallies(), warehouse)
    try:
        return TimeValue.parse(made.kind, str(written))
    except ValueError as error:
        raise UsageError(
            f"watermark_before {written!r} is no {made.kind.value}", place=place
        ) from error
