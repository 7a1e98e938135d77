"""How far the tables have come that a project reads and does not make."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, T4tError
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.planning.facts import column_named
from t4t_core.planning.request import Request
from t4t_core.project import Project
from t4t_core.running.time_values import greatest_in_column
from t4t_core.sql.names import table, table_in
from t4t_core.sql.statements import count_where, rows_of
from t4t_core.sql.text import Sql
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import check_format
from t4t_core.values import TimeValue
from t4t_dagster.lineage import lineage_of

log = logging.getLogger("t4t_core.sources")

SourceName = tuple[str, ...]
"""Schema and table, with the catalog before them where it is another database."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What can be said of a table without reading its rows.

    Two states of a table are equal unless rows came or went, or a greater time came.

    Attributes:
        rows: How many it has.
        times: The greatest value of each column that a time column of a model is made from.
    """

    rows: int
    times: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ", ".join([f"{self.rows} rows", *(f"{name} {value}" for name, value in self.times)])


States = Mapping[SourceName, SourceState]


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found.

    Attributes:
        states: Of every source that is there.
        read_by: The sources of each model, by itself or through ephemeral models.
        versions: How often each model that ever ran has committed.
        behind: The models whose sources have times past their watermark.
    """

    states: States
    read_by: Mapping[str, frozenset[SourceName]]
    versions: Mapping[str, int]
    behind: frozenset[str]


def concerned(found: Sources, before: States | None) -> dict[str, tuple[SourceName, ...]]:
    """The models that have something to do, each with the sources that changed.

    A model one of whose sources is not there yet is left out.

    Args:
        found: What the sources are like now.
        before: What they were like the last time; None for the first time, when the watermarks
            decide.
    """
    told: dict[str, tuple[SourceName, ...]] = {}
    for model, names in found.read_by.items():
        if not names or not names <= found.states.keys():
            continue
        changed: tuple[SourceName, ...] = ()
        if before is not None:
            changed = tuple(sorted(n for n in names if before.get(n) != found.states[n]))
        is_behind = before is None and model in found.behind
        if changed or is_behind or model not in found.versions:
            told[model] = changed
    return told


def look_at_sources(project: Project, models: Sequence[Model], warehouse: Warehouse) -> Sources:
    """What the sources of these models are like now; nothing is written.

    Files are left out, and what is not there.

    Raises:
        DatabaseError: A source cannot be read.
    """
    check_format(warehouse)
    commits = {commit.model_name.lower(): commit for commit in last_commits(warehouse)}
    read_by = {str(model): _sources_of(model, project) for model in models}
    times_of = {str(model): _time_columns(model, project, warehouse) for model in models}
    wanted: dict[SourceName, set[str]] = {
        name: set() for names in read_by.values() for name in names
    }
    for pairs in times_of.values():
        for name, column in pairs:
            wanted.setdefault(name, set()).add(column)

    states: dict[SourceName, SourceState] = {}
    greatest: dict[tuple[SourceName, str], TimeValue] = {}
    for name, columns in sorted(wanted.items()):
        found = _state(name, sorted(columns), warehouse)
        if found is None:
            continue
        rows, found_times = found
        states[name] = SourceState(
            rows, tuple((column, str(at)) for column, at in found_times.items())
        )
        greatest |= {(name, column): at for column, at in found_times.items()}

    versions: dict[str, int] = {}
    behind = set()
    for model in models:
        commit = commits.get(str(model).lower())
        if commit is None:
            continue
        versions[str(model)] = commit.version
        times = (greatest.get(pair) for pair in times_of[str(model)])
        if any(at is not None and _is_past(at, commit.watermark) for at in times):
            behind.add(str(model))
    return Sources(states, read_by, versions, frozenset(behind))


def _is_past(at: TimeValue, watermark: TimeValue | None) -> bool:
    if watermark is None:
        return True
    return at.kind is watermark.kind and at.ordinal > watermark.ordinal


def _sources_of(model: Model, project: Project) -> frozenset[SourceName]:
    refs = project.graph.sources_through_ephemerals(model)
    return frozenset(project.graph.source_name(ref) for ref in refs if not ref.is_file)


def _time_columns(
    model: Model, project: Project, warehouse: Warehouse
) -> tuple[tuple[SourceName, str], ...]:
    """The columns of sources that the model's time column is made from."""
    if model.window is None:
        return ()
    try:
        lineage = lineage_of(model, project, Request(variables=project.variables), warehouse)
    except T4tError as error:
        log.debug("%s: %s", model, error)
        return ()
    wanted = model.window.time_column.lower()
    sources = _sources_of(model, project)
    return tuple(
        (name, origin.column)
        for column, origins in lineage.items()
        if column.lower() == wanted
        for origin in origins
        if (name := project.graph.source_name(origin.table)) in sources
    )


def _state(
    name: SourceName, columns: Iterable[str], warehouse: Warehouse
) -> tuple[int, dict[str, TimeValue]] | None:
    """Rows and greatest times of a source, or None where it is not there."""
    source = _table(name)
    try:
        described = warehouse.columns(rows_of(source))
    except DatabaseError as error:
        log.debug("%s: %s", ".".join(name), error)
        return None
    rows = warehouse.number(count_where(source))
    times = {}
    for wanted in columns:
        column = column_named(described, wanted)
        at = None if column is None else greatest_in_column(source, column, warehouse)
        if at is not None:
            times[wanted] = at
    return rows, times


def _table(name: SourceName) -> Sql:
    of_schema = TableName(*name[-2:])
    return table(of_schema) if len(name) == 2 else table_in(name[0], of_schema)


def to_json(states: States) -> str:
    """The states as a sensor's cursor keeps them."""
    return json.dumps([[list(n), s.rows, [list(t) for t in s.times]] for n, s in states.items()])


def from_json(text: str) -> States:
    """The states that `to_json` wrote."""
    return {
        tuple(name): SourceState(rows, tuple((column, at) for column, at in times))
        for name, rows, times in json.loads(text)
    }
