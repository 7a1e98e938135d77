"""The commit that a finished run leaves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from t4t_core.commit import OF_HOOKS, Commit, is_of_hooks
from t4t_core.config import AppendConfig
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.config_hash import config_hash
from t4t_core.planning.facts import Facts
from t4t_core.planning.plan import Plan
from t4t_core.project.load import Project
from t4t_core.running.apply import Tallies
from t4t_core.schema.incomplete import with_incomplete
from t4t_core.values import TimeValue


def later_of(read: TimeValue | None, before: TimeValue | None) -> TimeValue | None:
    """The watermark never moves back."""
    if read is None:
        return before
    if before is None or before.kind is not read.kind:
        return read
    return max(read, before, key=lambda value: value.ordinal)


def new_commit(
    made: Plan,
    facts: Facts,
    tallies: Tallies,
    watermark: TimeValue | None,
    row_count: int | None,
    project: Project,
    commits: Mapping[str, Commit],
    started: float,
) -> Commit:
    """The ledger's row for a plan whose statements have run."""
    model = made.model
    before = facts.commit
    now = datetime.now(UTC).replace(tzinfo=None)
    version = 1 if before is None else before.version + 1
    has_changed_rows = tallies.inserted or tallies.updated or tallies.deleted
    has_hooks = bool(model.pre_hooks or model.post_hooks)
    has_changed = (
        made.decision.is_full
        or has_changed_rows
        or made.schema_change.alters
        # The rows that hooks write are not counted.
        or (before is not None and has_hooks is not is_of_hooks(before.data_version))
    )
    data_version = f"{version}-{now:%Y%m%dT%H%M%S%f}{OF_HOOKS if has_hooks else ''}"
    if before is not None and not has_changed:
        data_version = before.data_version
    elif model.config.materialization == "view":
        data_version = _view_version(made, project.graph, commits) or data_version
    return Commit(
        model_name=str(model),
        version=version,
        origin="reset" if made.resets_state else "run",
        materialization=model.config.materialization,
        strategy=None if model.strategy is None else model.strategy.name,
        mode=made.decision.mode,
        reason=made.decision.reason,
        definition=replace(
            with_incomplete(made.definition, made.incomplete), old_until=_old_until(made, before)
        ),
        config_hash=config_hash(model),
        watermark=watermark,
        start=made.start,
        rows_inserted=tallies.inserted,
        rows_updated=tallies.updated,
        rows_deleted=tallies.deleted,
        row_count=row_count,
        data_version=data_version,
        committed_at=now,
        duration_s=time.perf_counter() - started,
    )


def _old_until(made: Plan, before: Commit | None) -> str:
    """Up to where rows of an append table may be of an earlier definition."""
    is_append = isinstance(made.model.strategy, AppendConfig)
    if before is None or made.decision.is_full or not is_append:
        return ""
    if not made.decision.keeps_old_rows or before.watermark is None:
        return before.definition.old_until
    return str(before.watermark)


def _view_version(made: Plan, graph: Graph, commits: Mapping[str, Commit]) -> str | None:
    """A view's content is its parents' seen through its statement; None where one is foreign."""
    key = made.model.name.key
    if key not in graph.nodes or graph.sources[key]:
        return None
    parents = []
    for parent in graph.parents[key]:
        node = graph.nodes[parent]
        if isinstance(node, Model) and node.is_ephemeral:
            return None
        commit = commits.get(str(node).lower())
        if commit is None:
            return None
        parents.append(commit.data_version)
    functions = [fingerprint for _, fingerprint in made.definition.functions]
    text = "|".join([made.steps[-1].sql, *functions, *parents])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
