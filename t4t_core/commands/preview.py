"""What `t4t compile` and `t4t plan` print: the plan that a run would carry out, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.deferral import with_deferred
from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import T4tError
from t4t_core.models import Model, PythonSource
from t4t_core.planning.compiled import compiled_query
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Facts, Target
from t4t_core.planning.numbered import with_number
from t4t_core.planning.plan import Plan, plan
from t4t_core.planning.planned_model import current_definition, plan_model, previewed
from t4t_core.planning.request import Request
from t4t_core.planning.steps import statements
from t4t_core.planning.tables_read import may_read_target, reads_by_scan
from t4t_core.project.load import Project
from t4t_core.resolution import Key
from t4t_core.running.looking import open_to_look
from t4t_core.running.model_reports import explained, unmade_hint
from t4t_core.running.run import require_variables
from t4t_core.running.unchanged import Unchanged
from t4t_core.seeds.seed import Seed
from t4t_core.seeds.statement import seed_statement
from t4t_core.sql_functions.made import first_statements, preview_functions
from t4t_core.state.ledger import last_commit, last_commits
from t4t_core.state.ledger_tables import has_ledger
from t4t_core.state.seal import epoch_of
from t4t_core.values import TimeValue
from t4t_core.windows.backfill import todo_of

_SAMPLE_ORDINAL = 0


def planned_models(
    project: Project, nodes: Sequence[Model | Seed], request: Request
) -> list[dict[str, Any]]:
    """What the next run would do with each model; nothing is written.

    Raises:
        ProjectError: Variables are missing.
        LockedError: Another process holds the database.
    """
    require_variables(project, nodes, request)
    models = [node for node in nodes if isinstance(node, Model) and not node.is_ephemeral]
    with open_to_look(project) as warehouse:
        commits = {commit.model_name.lower(): commit for commit in last_commits(warehouse)}
        epoch = epoch_of(warehouse, project.settings.database)
        unchanged = Unchanged(project, warehouse, None if epoch is None else epoch.name)
        unchanged.look_at(models, request)
        done: set[Key] = set()
        plans = []
        for model in models:
            found = unchanged.found(model, request, None, commits, with_columns=False)
            first = next(
                (project.graph.nodes[key] for key in found.inputs.read if key in done), None
            )
            if found.report is not None and first is None:
                plans.append(
                    _nothing_planned(model) | {"mode": "skipped", "reason": found.report.reason}
                )
                continue
            done.add(model.name.key)
            why = f"{first} runs before it" if found.report is not None else found.why
            plans.append(_planned(model, project, request, warehouse, commits, why))
        return plans


def _planned(
    model: Model,
    project: Project,
    request: Request,
    warehouse: Warehouse,
    commits: Mapping[str, Commit],
    why: str,
) -> dict[str, Any]:
    found = _nothing_planned(model)
    graph = project.graph
    try:
        with warehouse.scratch():
            commit = commits.get(str(model).lower())
            functions = preview_functions(graph.functions_of(model), graph, request, warehouse)
            if request.backfill is not None and model.reads_windows:
                todo = todo_of(model, request.backfill, graph, warehouse, commit)
                found |= {"batches": len(todo.batches), "batches_done": todo.done}
                if todo.done == len(todo.batches):
                    return found | {"mode": "skipped", "reason": "nothing is left to backfill"}
                window = todo.batches[todo.done].window
                request = replace(request, window=window, backfill=None)
            made, facts = plan_model(model, project, request, warehouse, commit, is_preview=True)
    except T4tError as error:
        told = explained(error, model)
        told.hint = told.hint or unmade_hint(model, project.graph, commits)
        return found | {"error": str(told)}
    watermark = None if facts.commit is None else facts.commit.watermark
    return found | {
        "mode": made.decision.mode,
        "reason": made.decision.because(why).reason,
        "warning": made.decision.warning,
        "lower": _text(made.lower),
        "upper": _text(made.upper),
        "start": _text(made.start),
        "watermark": _text(watermark),
        "schema_change": list(made.schema_change.clauses),
        "statements": [*functions, *statements((*made.steps, *made.after))],
    }


def _nothing_planned(model: Model) -> dict[str, Any]:
    return {
        "model_name": str(model),
        "materialization": model.config.materialization,
        "strategy": None if model.strategy is None else model.strategy.name,
        "mode": None,
        "reason": "",
        "warning": None,
        "error": None,
        "lower": None,
        "start": None,
        "watermark": None,
        "schema_change": [],
        "upper": None,
        "batches": None,
        "batches_done": None,
        "statements": [],
    }


def plan_text(models: Sequence[dict[str, Any]]) -> str:
    """The plans, a few lines a model."""
    lines = []
    for model in models:
        if model["error"]:
            lines.append(f"{model['model_name']}: cannot run\n  {model['error']}")
            continue
        strategy = f" {model['strategy']}" if model["strategy"] else ""
        lines.append(
            f"{model['model_name']}: {model['mode']} ({model['materialization']}{strategy})"
        )
        lines.append(f"  why: {model['reason']}")
        if model["warning"]:
            lines.append(f"  warning: {model['warning']}")
        if model["upper"]:
            lines.append(
                f"  reads: from {model['lower']} on, before {model['upper']}{_batch(model)}"
            )
        elif model["lower"]:
            since = f", watermark {model['watermark']}" if model["watermark"] else ""
            lines.append(f"  reads: from {model['lower']} on{since}")
        elif model["strategy"] and model["mode"] != "skipped":
            lines.append("  reads: everything")
    return "\n".join(lines) if lines else "no models"


def _batch(model: Mapping[str, Any]) -> str:
    """Which of a backfill's batches is shown, where there are several."""
    count = model["batches"] or 0
    return f" (batch {model['batches_done'] + 1:,} of {count:,})" if count > 1 else ""


def compiled_models(
    project: Project, nodes: Sequence[Model | Seed], request: Request
) -> list[dict[str, Any]]:
    """Each model's statements for the first run and for later ones.

    Later runs of a model that has none yet are shown with the watermark 1970-01-01, or 0.

    Raises:
        ProjectError: Variables are missing.
        LockedError: Another process holds the database.
    """
    require_variables(project, nodes, request)
    with open_to_look(project) as warehouse:
        return [_compiled(node, project, request, warehouse) for node in nodes]


def _compiled(
    node: Model | Seed, project: Project, request: Request, warehouse: Warehouse
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "model_name": str(node),
        "materialization": "seed" if isinstance(node, Seed) else node.config.materialization,
        "first_run": [],
        "later_runs": [],
        "note": None,
        "error": None,
    }
    if isinstance(node, Seed):
        statement = seed_statement(node, project.settings.catalog)
        return found | {"first_run": [statement], "later_runs": [statement]}
    if node.is_ephemeral:
        return found | {"note": "ephemeral: a part of the models that read it"}
    if isinstance(node.source, PythonSource):
        return found | {"note": "a Python function gives the rows; `t4t plan` calls it"}
    try:
        with warehouse.scratch():
            graph = project.graph
            called = graph.functions_of(node)
            preview_functions(called, graph, replace(request, full_refresh=True), warehouse)
            first, later = _both_plans(node, project, request, warehouse)
    except T4tError as error:
        return found | {"error": str(explained(error, node))}
    found["first_run"] = [
        *first_statements(called, graph),
        *statements((*first.steps, *first.after)),
    ]
    found["later_runs"] = list(statements((*later.steps, *later.after)))
    return found


def _both_plans(
    model: Model, project: Project, request: Request, warehouse: Warehouse
) -> tuple[Plan, Plan]:
    project = with_deferred(project, project.graph.parents[model.name.key], warehouse)
    definition = current_definition(model, project.graph)

    def planned(decision: Decision, facts: Facts) -> Plan:
        query = compiled_query(model, project.graph, request.variables)
        return plan(model, query, definition, decision, facts, request, project.settings.catalog)

    first_run = Decision("full", "first run")
    facts = Facts(target=None, commit=None)
    if model.strategy is None and model.config.numbered is None:
        made = planned(first_run, facts)
        return made, made
    query = compiled_query(model, project.graph, request.variables)
    is_scan = reads_by_scan(model, query, project.graph, warehouse)
    columns = warehouse.columns(previewed(model, project.graph, request).sql)
    facts = replace(
        facts,
        query_columns=columns,
        may_read_target=may_read_target(model, project.graph, warehouse),
        reads_by_scan=is_scan,
    )
    facts = with_number(model, facts)
    first = planned(first_run, facts)
    if model.strategy is None:
        return first, planned(first_run, replace(facts, target=Target("table", first.columns)))
    commit = last_commit(warehouse, str(model)) if has_ledger(warehouse) else None
    if commit is None or commit.watermark is None:
        mark = None if first.kind is None else TimeValue(first.kind, _SAMPLE_ORDINAL)
        commit = _sample_commit(model, first, mark)
    target = Target("table", first.columns)
    facts = replace(facts, target=target, commit=commit, greatest=commit.watermark)
    return first, planned(Decision("incremental", "later run"), facts)


def _sample_commit(model: Model, first: Plan, mark: TimeValue | None) -> Commit:
    return Commit(
        model_name=str(model),
        version=1,
        origin="run",
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode="full",
        reason="",
        definition=first.definition,
        config_hash="",
        watermark=mark if first.start is None else first.start,
        start=first.start,
        rows_inserted=0,
        rows_updated=0,
        rows_deleted=0,
        row_count=0,
        data_version="",
        committed_at=datetime(1970, 1, 1),
        duration_s=0,
    )


def compiled_text(models: Sequence[dict[str, Any]]) -> str:
    """The statements, as a SQL script with comments."""
    parts = []
    for model in models:
        parts.append(f"-- {model['model_name']} ({model['materialization']})")
        remark = model["error"] or model["note"]
        if remark:
            parts += [f"-- {line}" for line in remark.splitlines()]
            continue
        if model["first_run"] == model["later_runs"]:
            parts += ["-- every run:", *_script(model["first_run"])]
            continue
        parts += ["-- first run:", *_script(model["first_run"])]
        parts += ["-- later runs:", *_script(model["later_runs"])]
    return "\n".join(parts)


def _script(texts: Sequence[str]) -> list[str]:
    return [f"{text};\n" for text in texts]


def _text(value: TimeValue | None) -> str | None:
    return None if value is None else str(value)
