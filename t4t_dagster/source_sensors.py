"""Sensors that look at the tables which a project reads and does not make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import dagster as dg
from dagster_duckdb import DuckDBResource
from msgspec.structs import replace

from t4t_core.errors import LockedError, OtherSettingsError
from t4t_core.models import Model
from t4t_core.project import Project, load_project
from t4t_core.seeds.seed import Seed
from t4t_dagster.source_states import (
    SourceName,
    Sources,
    States,
    concerned,
    from_json,
    look_at_sources,
    to_json,
)
from t4t_dagster.translator import T4tTranslator
from t4t_dagster.warehouse import open_warehouse

DATA_VERSION = "dagster/data_version"


def build_t4t_source_sensor(
    project: Project | str | Path,
    *,
    name: str = "t4t_source_sensor",
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    with_downstream: bool = True,
    translator: T4tTranslator | None = None,
    duckdb: DuckDBResource | None = None,
    minimum_interval_seconds: int | None = None,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    tags: dict[str, str] | None = None,
) -> dg.SensorDefinition:
    """A sensor that runs the models whose sources have something new, in one run.

    A source has something new when its number of rows changed since the last tick, or the greatest
    value of a column that a model's time column is made from. On the first tick the watermarks of
    the models decide. The database is only read; while another process holds it the tick is
    skipped. Files are not looked at, nor are values that changed in place. Partitioned models are
    left out: which partition would they run?

    Args:
        project: The project, or the folder that holds `project.toml`.
        name: The sensor's name.
        select: The models to look after, as `t4t run --select`; all by default.
        exclude: As `t4t run --exclude`.
        with_downstream: Run what reads these models too, as far as it is selected.
        translator: The one that made the assets.
        duckdb: Connect through this resource; it must open the project's own database.
        minimum_interval_seconds: Between two ticks.
        default_status: Whether it runs without being switched on.
        tags: Of the runs.

    Raises:
        ProjectError: All that is wrong in the project.
        SelectionError: A selector matches nothing.
    """
    loaded = project if isinstance(project, Project) else load_project(project)
    translator = translator or T4tTranslator()
    specs = {
        str(node): translator.get_asset_spec(node, loaded)
        for node in _assets(loaded, select, exclude)
    }
    keys = {name: spec.key for name, spec in specs.items() if spec.partitions_def is None}
    nodes = [loaded.graph.node(name) for name in keys]

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = _look(loaded, nodes, duckdb)
        if isinstance(found, dg.SkipReason):
            return found
        before = from_json(context.cursor) if context.cursor else None
        told = concerned(found, before)
        if not told:
            return dg.SensorResult(
                skip_reason=f"nothing new in {_listed(found.states)}", cursor=to_json(found.states)
            )
        for model, changed in told.items():
            context.log.info("%s: %s", model, _changes(changed, found.states, before))
        chosen = _with_downstream(told, nodes, loaded) if with_downstream else set(told)
        relevant = {n: found.states[n] for model in told for n in sorted(found.read_by[model])}
        # A source may come back to a state that it had before, and has to be read again then.
        versions = [found.versions.get(model) for model in sorted(told)]
        request = dg.RunRequest(
            run_key=_digest([sorted(chosen), to_json(relevant), versions]),
            asset_selection=[key for name, key in keys.items() if name in chosen],
            tags=tags or {},
        )
        return dg.SensorResult(run_requests=[request], cursor=to_json(found.states))

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=evaluate,
        asset_selection=list(keys.values()),
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description=f"Runs the models of {loaded.settings.folder.name} whose sources moved.",
    )


def build_t4t_source_observation_sensor(
    project: Project | str | Path,
    *,
    name: str = "t4t_source_observation_sensor",
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    translator: T4tTranslator | None = None,
    duckdb: DuckDBResource | None = None,
    minimum_interval_seconds: int | None = None,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
) -> dg.SensorDefinition:
    """A sensor that tells Dagster when a source changed, and leaves the rest to it.

    For each source with something new it reports a materialization of the external asset, with the
    number of rows, the greatest times, and a data version. Conditions such as `t4t_eager` then fire
    on the models that read it, and freshness policies know how old it is. Leave out what another
    integration of the same code location materializes, by selecting the models that read the rest.

    Args:
        project: The project, or the folder that holds `project.toml`.
        name: The sensor's name.
        select: The models whose sources are looked at, as `t4t run --select`; all by default.
        exclude: As `t4t run --exclude`.
        translator: The one that made the assets.
        duckdb: Connect through this resource; it must open the project's own database.
        minimum_interval_seconds: Between two ticks.
        default_status: Whether it runs without being switched on.

    Raises:
        ProjectError: All that is wrong in the project.
        SelectionError: A selector matches nothing.
    """
    loaded = project if isinstance(project, Project) else load_project(project)
    translator = translator or T4tTranslator()
    nodes = _assets(loaded, select, exclude)
    keys = _source_keys(loaded, nodes, translator)

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = _look(loaded, nodes, duckdb)
        if isinstance(found, dg.SkipReason):
            return found
        before = from_json(context.cursor) if context.cursor else {}
        events = [
            dg.AssetMaterialization(
                keys[source],
                metadata={
                    "dagster/row_count": state.rows,
                    **{f"t4t/greatest/{column}": at for column, at in state.times},
                },
                tags={DATA_VERSION: _digest([state.rows, state.times])},
            )
            for source, state in found.states.items()
            if source in keys and before.get(source) != state
        ]
        return dg.SensorResult(
            asset_events=events,
            skip_reason=None if events else f"nothing new in {_listed(found.states)}",
            cursor=to_json(found.states),
        )

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=evaluate,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description=f"Reports what changed in the sources of {loaded.settings.folder.name}.",
    )


def _assets(project: Project, select: Sequence[str], exclude: Sequence[str]) -> list[Model | Seed]:
    return [
        node
        for node in project.graph.select(select, exclude)
        if not (isinstance(node, Model) and node.is_ephemeral)
    ]


def _look(
    project: Project, nodes: Sequence[Model | Seed], duckdb: DuckDBResource | None
) -> Sources | dg.SkipReason:
    """What the sources are like now, or why that cannot be said at this tick."""
    models = [node for node in nodes if isinstance(node, Model)]
    if not project.settings.database.is_file():
        return dg.SkipReason(f"there is no database {project.settings.database} yet")
    # A tick that waits would hold up the others.
    patient = replace(project.settings, lock_timeout_s=0)
    hasty = replace(project, settings=patient)
    try:
        with open_warehouse(hasty, duckdb, is_reading=True) as warehouse:
            return look_at_sources(project, models, warehouse)
    except (LockedError, OtherSettingsError) as error:
        return dg.SkipReason(str(error))


def _source_keys(
    project: Project, nodes: Sequence[Model | Seed], translator: T4tTranslator
) -> dict[SourceName, dg.AssetKey]:
    return {
        project.graph.source_name(ref): translator.get_source_key(ref, project)
        for node in nodes
        if isinstance(node, Model)
        for ref in project.graph.sources_through_ephemerals(node)
        if translator.is_asset(ref, project)
    }


def _with_downstream(
    models: Collection[str], nodes: Sequence[Model | Seed], project: Project
) -> set[str]:
    """These models and those of the nodes that read them, through nothing but these nodes."""
    graph = project.graph
    among = {node.name.key for node in nodes}
    reached = {key for key in among if str(graph.nodes[key]) in models}
    for key, node in graph.nodes.items():  # parents before children
        is_passed = key in among or (isinstance(node, Model) and node.is_ephemeral)
        if is_passed and reached.intersection(graph.parents[key]):
            reached.add(key)
    return {str(node) for node in nodes if node.name.key in reached}


def _changes(changed: Sequence[SourceName], now: States, before: States | None) -> str:
    if not changed:
        return "its sources have times past its watermark, or it was never made"
    told = []
    for name in changed:
        was = (before or {}).get(name)
        told.append(f"{'.'.join(name)} has {now[name]}; it had {was or 'not been there'}")
    return "; ".join(told)


def _listed(states: States) -> str:
    return ", ".join(".".join(name) for name in states) or "sources: none of them is there"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]
