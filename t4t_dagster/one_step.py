"""The asset of one step, from its spec and the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

Run = Callable[[dg.AssetExecutionContext, object], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """How Dagster runs a step."""

    io_manager_key: str
    tags: Mapping[str, str]
    retry_policy: dg.RetryPolicy | None
    pool: str | None


def one_step(
    run: Run,
    spec: dg.AssetSpec,
    step: Step,
    *,
    check_specs: Sequence[dg.AssetCheckSpec] = (),
    can_subset: bool = False,
    required_resource_keys: Collection[str] = (),
    backfill_policy: dg.BackfillPolicy | None = None,
) -> dg.AssetsDefinition:
    """The asset that a decorator of Dagster's would give, in a third of the time.

    The decorators read the function's signature many times over. In a code location of a thousand
    models that is most of what its loading takes.

    Args:
        run: Gets the context, and inputs that hold nothing; yields the output `output_name(spec)`
            and the results of checks. Dagster reads its annotations, so they must not be text.
        spec: The asset.
        step: How it runs.
        check_specs: The checks that run in the step.
        can_subset: A run may be of the asset alone, or of some of its checks.
        required_resource_keys: What the context has under `resources`.
        backfill_policy: How many partitions one run of a backfill takes.
    """
    inputs = _inputs(spec)
    checks = {check.get_python_identifier(): check for check in check_specs}
    output = dg.Out(
        dg.Any,
        description=spec.description,
        is_required=not can_subset,
        io_manager_key=step.io_manager_key,
        code_version=spec.code_version,
    )
    result = dg.Out(dg.Nothing, is_required=not can_subset)
    op = dg.OpDefinition(
        run,
        spec.key.to_python_identifier(),
        ins={name: dg.In(dg.Nothing) for name in inputs},
        outs={output_name(spec): output} | dict.fromkeys(checks, result),
        description=spec.description,
        tags=step.tags,
        retry_policy=step.retry_policy,
        pool=step.pool,
        required_resource_keys=set(required_resource_keys),
    )
    return dg.AssetsDefinition(
        keys_by_input_name=inputs,
        keys_by_output_name={output_name(spec): spec.key},
        check_specs_by_output_name=checks,
        node_def=op,
        specs=[spec],
        can_subset=can_subset,
        backfill_policy=backfill_policy,
    )


def output_name(spec: dg.AssetSpec) -> str:
    """The name of the step's output."""
    return spec.key.to_python_identifier()


def _inputs(spec: dg.AssetSpec) -> dict[str, dg.AssetKey]:
    """What the asset waits for, by the names of the step's inputs."""
    found: dict[str, dg.AssetKey] = {}
    for dep in spec.deps:
        plain = dep.asset_key.to_python_identifier()
        name, number = plain, 1
        while name in found:
            number += 1
            name = f"{plain}_{number}"
        found[name] = dep.asset_key
    return found
