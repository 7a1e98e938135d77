"""What the page shows of a project, as data."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from t4t_core.checks.check import Check
from t4t_core.commit import Commit
from t4t_core.config import ColumnConfig
from t4t_core.errors import T4tError
from t4t_core.graph import Graph
from t4t_core.models import Model, PythonSource
from t4t_core.parsing.lineage import column_origins
from t4t_core.planning.compiled import compiled_query
from t4t_core.planning.facts import Column, column_named
from t4t_core.project.load import Project
from t4t_core.resolution import Key
from t4t_core.seeds.seed import Seed
from t4t_core.site.database import Found
from t4t_core.site.layout import NODE_HEIGHT, NODE_WIDTH, layout
from t4t_core.sql.origins import Lineage
from t4t_core.sql.query import Query
from t4t_core.sql.table_ref import TableRef


def site_content(
    project: Project, found: Found, unit_tests: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The project's name, its nodes (sources, seeds and models) and where they stand.

    Args:
        project: The project.
        found: What the database knows.
        unit_tests: The names of each model's unit tests, by the model's name.
    """
    graph = project.graph
    nodes: dict[str, dict[str, Any]] = {}
    columns: dict[Key, tuple[str, ...]] = {}
    for key, node in graph.nodes.items():
        checks = project.checks.of(key)
        parents = [str(graph.nodes[parent]) for parent in graph.parents[key]]
        for ref in graph.sources[key]:
            source = _source(ref, graph, found)
            if source["id"] != str(node):
                nodes.setdefault(source["id"], source)
                parents.append(source["id"])
        shown = {
            **(_seed(node, project) if isinstance(node, Seed) else _model(node, project)),
            "parents": list(dict.fromkeys(parents)),
            "tests": [_check(check) for check in checks if check.column is None],
            "functions": [str(one) for one in graph.functions_of(node)]
            if isinstance(node, Model)
            else [],
            "unit_tests": list(unit_tests.get(str(node), ())),
            "state": _state(found.commits.get(str(node).lower())),
        }
        origins = _origins(node, graph, found, columns)
        shown["columns"] = _columns(node, found.columns.get(key, ()), origins, checks)
        columns[key] = tuple(column["name"] for column in shown["columns"])
        nodes[str(node)] = shown
    placed = layout({name: node["parents"] for name, node in nodes.items()})
    return {
        "project": project.settings.folder.name,
        "nodes": [
            {**node, "x": placed.nodes[name][0], "y": placed.nodes[name][1]}
            for name, node in nodes.items()
        ],
        "edges": [
            {"from": parent, "to": child, "points": points}
            for (parent, child), points in placed.edges.items()
        ],
        "size": {
            "width": placed.width,
            "height": placed.height,
            "node_width": NODE_WIDTH,
            "node_height": NODE_HEIGHT,
        },
    }


def _source(ref: TableRef, graph: Graph, found: Found) -> dict[str, Any]:
    name = graph.source_name(ref)
    key = (name[0].lower(), name[1].lower()) if len(name) == 2 else None
    listed = () if key is None else found.columns.get(key, ())
    return {
        "id": ".".join(name),
        "schema": ".".join(name[:-1]),
        "name": name[-1],
        "materialization": "source",
        "parents": [],
        "columns": [_column(column.name, column.type, None, ()) for column in listed],
    }


def _seed(seed: Seed, project: Project) -> dict[str, Any]:
    return {
        "id": str(seed),
        "schema": seed.name.schema,
        "name": seed.name.name,
        "materialization": "seed",
        "file": seed.file.relative_to(project.settings.folder).as_posix(),
    }


def _model(model: Model, project: Project) -> dict[str, Any]:
    config = model.config
    is_python = isinstance(model.source, PythonSource)
    compiled, problem = (None, None) if is_python else _compiled(model, project)
    return {
        "id": str(model),
        "schema": model.name.schema,
        "name": model.name.name,
        "materialization": config.materialization,
        "strategy": None if model.strategy is None else model.strategy.name,
        "settings": _settings(model),
        "description": config.description,
        "tags": list(config.tags),
        "owners": list(config.owners),
        "file": model.place.file.relative_to(project.settings.folder).as_posix(),
        "language": "python" if is_python else "sql",
        "written": _written(model),
        "compiled": compiled,
        "problem": problem,
    }


def _settings(model: Model) -> list[tuple[str, str]]:
    """The settings of the strategy, as they hold."""
    if model.strategy is None:
        return []
    values = to_builtins(model.strategy)
    return [(name, _text(value)) for name, value in values.items() if value is not None]


def _text(value: object) -> str:
    """A value of the metadata in a few words."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, default=str)


def _written(model: Model) -> str:
    if isinstance(model.source, Query):
        return model.source.text
    return inspect.getsource(model.source.function)


def _compiled(model: Model, project: Project) -> tuple[str | None, str | None]:
    """The query with names and variables filled in, or why there is none."""
    try:
        return compiled_query(model, project.graph, project.variables).sql, None
    except T4tError as error:
        return None, error.what


def _origins(
    node: Model | Seed,
    graph: Graph,
    found: Found,
    columns: Mapping[Key, tuple[str, ...]],
) -> Mapping[str, list[tuple[str, str]]]:
    """For each column, the node and the column that it comes from."""
    if isinstance(node, Seed) or isinstance(node.source, PythonSource):
        return {}
    ids: dict[TableRef, str] = {}
    known: dict[TableRef, tuple[str, ...]] = {}
    for ref in node.source.tables:
        key = graph.resolve(ref, node.name.schema)
        if key is not None and key in columns:
            ids[ref], known[ref] = str(graph.nodes[key]), columns[key]
            continue
        name = graph.source_name(ref)
        ids[ref] = ".".join(name)
        if len(name) == 2:
            listed = found.columns.get((name[0].lower(), name[1].lower()), ())
            known[ref] = tuple(column.name for column in listed)
    lineage: Lineage = column_origins(node.source, known)
    return {
        column: [(ids[origin.table], origin.column) for origin in origins]
        for column, origins in lineage.items()
    }


def _columns(
    node: Model | Seed,
    listed: Sequence[Column],
    origins: Mapping[str, list[tuple[str, str]]],
    checks: Sequence[Check],
) -> list[dict[str, Any]]:
    """The columns of the table, or those that the metadata and the query tell of."""
    declared = node.config.schema_ if isinstance(node, Model) else ()
    by_name = {column.name.lower(): column for column in declared}
    from_query = {name.lower(): found for name, found in origins.items()}
    names = {column.name.lower(): column.name for column in listed}
    if not names:
        for name in (*origins, *(column.name for column in declared)):
            names.setdefault(name.lower(), name)
    shown = []
    for lower, name in names.items():
        config = by_name.get(lower)
        held = column_named(tuple(listed), name)
        type_ = held.type if held is not None else config.datatype if config else None
        tests = [_check(one) for one in checks if (one.column or "").lower() == lower]
        shown.append(_column(name, type_, config, from_query.get(lower, ()), tests))
    return shown


def _column(
    name: str,
    type_: str | None,
    config: ColumnConfig | None,
    origins: Sequence[tuple[str, str]],
    tests: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_,
        "description": None if config is None else config.description,
        "tests": list(tests),
        "origins": list(origins),
    }


def _check(check: Check) -> str:
    return check.name if check.severity == "error" else f"{check.name} ({check.severity})"


def _state(commit: Commit | None) -> dict[str, Any] | None:
    if commit is None:
        return None
    is_known = commit.watermark is not None and commit.origin != "reset"
    return {
        "last_run": f"{commit.committed_at:%Y-%m-%d %H:%M:%S} UTC",
        "mode": commit.mode,
        "reason": commit.reason,
        "watermark": str(commit.watermark) if is_known else None,
        "row_count": commit.row_count,
        "rows_inserted": commit.rows_inserted,
        "rows_updated": commit.rows_updated,
        "rows_deleted": commit.rows_deleted,
        "duration_s": round(commit.duration_s, 3),
    }
