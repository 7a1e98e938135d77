"""What of a run's other steps may come before the next step of t4t."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import dagster as dg

STEP_TAG = "t4t/step"
"""On the steps that open the database through an IO manager alone: the key of that one."""

_ONE_PROCESS = frozenset({"in_process", "execute_in_process_executor"})
_EITHER = "multi_or_in_process_executor"
_PARENT_RUN = "dagster/parent_run_id"


@dataclass(frozen=True, slots=True)
class OtherStep:
    """A step of other code.

    Attributes:
        before: The steps of t4t that it waits for.
        after: The steps of t4t that wait for it.
    """

    before: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """A step of t4t, in a run whose steps run one after another in this process.

    Attributes:
        name: Of the step.
        foreign: All steps of other code in the run.
        has_hooks: Hooks run after it.
    """

    name: str
    foreign: tuple[OtherStep, ...]
    has_hooks: bool = False

    def is_followed_by_ours(self, done: Collection[str]) -> bool:
        """Whether no other code can run before the next step of t4t.

        A step of other code has run where one that waits for it has, and cannot run yet where one
        that it waits for has not.

        Args:
            done: The steps of t4t that have run, this one among them.
        """
        return not self.has_hooks and all(
            not other.after.isdisjoint(done) or not other.before.issubset(done)
            for other in self.foreign
        )


# By the key of the IO manager: the same for all of its steps; None where some step is in a pool.
_Found = dict[str, tuple[OtherStep, ...] | None]
_FOUND: WeakKeyDictionary[dg.JobDefinition, _Found] = WeakKeyDictionary()


def standing_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> Standing | None:
    """Where in its run a step stands.

    None where each step has a process of its own, or where steps may have to wait for something
    else than those before them: for a pool, or for a step that an earlier run did.

    Args:
        context: Of a step of t4t.
    """
    job = context.job_def
    if not _is_in_one_process(job, context.run) or _PARENT_RUN in context.run.tags:
        return None
    known, io_manager_key = _FOUND.setdefault(job, {}), context.op_def.tags[STEP_TAG]
    if io_manager_key not in known:
        known[io_manager_key] = _other_steps(job, io_manager_key)
    found = known[io_manager_key]
    if found is None:
        return None
    hooks = set(job.hook_defs)
    if isinstance(context, dg.AssetExecutionContext):
        hooks |= context.assets_def.hook_defs
    return Standing(context.op_def.name, found, bool(hooks))


def _is_in_one_process(job: dg.JobDefinition, run: dg.DagsterRun) -> bool:
    name = job.executor_def.name
    if name != _EITHER:
        return name in _ONE_PROCESS
    match run.run_config:
        case {"execution": {"config": {"in_process": _}}}:
            return True
        case _:
            return False


def _other_steps(job: dg.JobDefinition, io_manager_key: str) -> tuple[OtherStep, ...] | None:
    """The steps of other code; None where some step is in a pool.

    Those of another project are other code: it may attach the database that this one holds.

    A job's nodes and their dependencies are no part of what Dagster promises, and have been the
    same since long before 1.13.
    """
    if any(node.definition.pools for node in job.nodes):
        return None
    above: dict[str, set[str]] = {node.name: set() for node in job.nodes}
    below: dict[str, set[str]] = {node.name: set() for node in job.nodes}
    for invocation, inputs in job.dependencies.items():
        name = invocation.alias or invocation.name
        for dependency in inputs.values():
            for parent in dependency.get_node_dependencies():
                above[name].add(parent.node)
                below[parent.node].add(name)
    ours = {node.name for node in job.nodes if node.definition.tags.get(STEP_TAG) == io_manager_key}
    # The steps of a graph wait for some of what it waits for, and some may come after its outputs.
    graphs = {node.name for node in job.nodes if not isinstance(node.definition, dg.OpDefinition)}
    return tuple(
        OtherStep(
            before=frozenset(() if name in graphs else _reached([name], above) & ours),
            after=frozenset(() if name in graphs else _reached([name], below) & ours),
        )
        for name in above
        if name not in ours
    )


def _reached(start: Iterable[str], edges: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        new = set(edges[ahead.pop()]) - found
        found |= new
        ahead += new
    return found
