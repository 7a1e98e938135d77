"""What of a run's other steps may come before the next step of t4t."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import dagster as dg

STEP_TAG = "t4t/step"
"""On the steps that open the database through the IO manager alone."""

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
    """

    name: str
    foreign: tuple[OtherStep, ...]

    def is_followed_by_ours(self, done: Collection[str]) -> bool:
        """Whether no other code can run before the next step of t4t.

        A step of other code has run where one that waits for it has, and cannot run yet where one
        that it waits for has not.

        Args:
            done: The steps of t4t that have run, this one among them.
        """
        return all(
            not other.after.isdisjoint(done) or not other.before.issubset(done)
            for other in self.foreign
        )


# The same for all steps of a run; None where some of them are in pools.
_FOUND: WeakKeyDictionary[dg.JobDefinition, tuple[OtherStep, ...] | None] = WeakKeyDictionary()


def standing_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> Standing | None:
    """Where in its run a step stands.

    None where each step has a process of its own, or where the step may have to wait for something
    else than the steps before it: for a pool, or for a step that an earlier run did. None too where
    hooks run after it.

    Args:
        context: Of a step of t4t.
    """
    job = context.job_def
    if (
        not _is_in_one_process(job, context.run)
        or _PARENT_RUN in context.run.tags
        or job.hook_defs
        or (isinstance(context, dg.AssetExecutionContext) and context.assets_def.hook_defs)
    ):
        return None
    if job not in _FOUND:
        waits = any(node.definition.pools for node in job.nodes)
        _FOUND[job] = None if waits else _foreign(job)
    foreign = _FOUND[job]
    return None if foreign is None else Standing(context.op_def.name, foreign)


def _is_in_one_process(job: dg.JobDefinition, run: dg.DagsterRun) -> bool:
    name = job.executor_def.name
    if name != _EITHER:
        return name in _ONE_PROCESS
    match run.run_config:
        case {"execution": {"config": {"in_process": _}}}:
            return True
        case _:
            return False


def _foreign(job: dg.JobDefinition) -> tuple[OtherStep, ...]:
    above: dict[str, set[str]] = {node.name: set() for node in job.nodes}
    below: dict[str, set[str]] = {node.name: set() for node in job.nodes}
    for invocation, inputs in job.dependencies.items():
        name = invocation.alias or invocation.name
        for dependency in inputs.values():
            for parent in dependency.get_node_dependencies():
                above[name].add(parent.node)
                below[parent.node].add(name)
    ours = {node.name for node in job.nodes if STEP_TAG in node.definition.tags}
    return tuple(
        OtherStep(
            before=frozenset(_reached([name], above) & ours),
            after=frozenset(_reached([name], below) & ours),
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
