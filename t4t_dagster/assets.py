"""One asset for each model and seed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from t4t_core.errors import ProjectError, T4tError, UsageError
from t4t_core.models import Model
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_dagster.attributes import NOT_TAKEN, config_of, not_taken
from t4t_dagster.attributes import retry_policy as own_retry_policy
from t4t_dagster.checks import NamedCheck, check_results, check_spec, in_step, separate_checks
from t4t_dagster.one_step import Step, one_step, output_name
from t4t_dagster.partition_mappings import with_partition_mappings
from t4t_dagster.partitions import Part, part_of_run, policy_of, unusable_partitions
from t4t_dagster.steps_between import STEP_TAG, Standing, standing_of
from t4t_dagster.translator import T4tTranslator

IO_MANAGER_KEY = "t4t_io_manager"
_OTHER_KEY = (
    "rename it, or give it another key: asset_key under dagster in its metadata, or "
    "T4tTranslator.get_asset_key"
)
_KEY_PART = re.compile(r"[A-Za-z0-9_.\-]+")


@dataclass(frozen=True)
class T4tOutput:
    """What a model's asset hands to the IO manager, which runs it.

    The model is run there and not in the asset's body, so that reading the facts, calling a Python
    model and writing share one transaction.

    Attributes:
        node: The model or seed.
        project: The project that it stands in.
        set_data_version: Sets the data version of the materialization.
        checks: The data tests that the run carries out.
        part: The rows of the run's partitions; None for every row.
        standing: The step, where the database may stay open after it; None to have it closed.
    """

    node: Model | Seed
    project: Project
    set_data_version: Callable[[dg.DataVersion], None]
    checks: tuple[NamedCheck, ...] = ()
    part: Part | None = None
    standing: Standing | None = None


Execute = Callable[[dg.AssetExecutionContext, T4tOutput], object]


@dataclass(frozen=True)
class _Steps:
    """What the steps of all assets have in common."""

    io_manager_key: str
    retry_policy: dg.RetryPolicy | None
    pool: str | None
    op_tags: Mapping[str, str]
    backfill_policy: dg.BackfillPolicy | None
    execute: Execute | None

    def of(self, node: Model | Seed) -> Step:
        """The step of a node; what its metadata says stands above the rest."""
        own = config_of(node)
        # A body of the user's could open the database itself.
        mark = {STEP_TAG: self.io_manager_key} if self.execute is None else {}
        return Step(
            self.io_manager_key,
            {**self.op_tags, **own.op_tags, **mark},
            own_retry_policy(own.retry_policy) or self.retry_policy,
            own.pool or self.pool,
        )


def t4t_assets(
    project: Project,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    translator: T4tTranslator | None = None,
    io_manager_key: str = IO_MANAGER_KEY,
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    backfill_policy: dg.BackfillPolicy | None = None,
    execute: Execute | None = None,
) -> list[dg.AssetsDefinition]:
    """The assets of a project's models and seeds; ephemeral models are part of their readers.

    Args:
        project: From `load_project`.
        select: As `t4t run --select`; everything by default.
        exclude: As `t4t run --exclude`.
        translator: Decides how they look.
        io_manager_key: The resource that runs them.
        retry_policy: For errors of the database; a lock is waited for without one. A model's own
            stands above it.
        pool: The concurrency pool of every step; a model's own stands above it.
        op_tags: Tags of every step; a model's own are added.
        backfill_policy: How many partitions one run of a backfill takes; a range of them by
            default.
        execute: The body of every asset: it gets the context and the output, which it returns.

    Raises:
        SelectionError: A selector matches nothing.
        ProjectError: A name cannot be an asset key, or Dagster does not take an attribute.
    """
    translator = translator or T4tTranslator()
    mistakes: list[T4tError] = []
    specs: list[tuple[Model | Seed, dg.AssetSpec]] = []
    for node in project.graph.select(select, exclude):
        if isinstance(node, Model) and node.is_ephemeral:
            continue
        try:
            specs.append((node, translator.get_asset_spec(node, project)))
        except T4tError as error:
            mistakes.append(error)
    mistakes += _unusable_keys(specs, translator, project)
    mistakes += unusable_partitions(specs)
    steps = _Steps(io_manager_key, retry_policy, pool, op_tags or {}, backfill_policy, execute)
    assets: list[dg.AssetsDefinition] = []
    for node, spec in () if mistakes else with_partition_mappings(specs, translator, project):
        try:
            assets.append(_asset(node, spec, project, steps))
        except NOT_TAKEN as error:
            mistakes.append(not_taken(error, node))
    if mistakes:
        raise ProjectError(tuple(mistakes))
    return assets


def t4t_asset_checks(
    project: Project,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    translator: T4tTranslator | None = None,
    io_manager_key: str = IO_MANAGER_KEY,
) -> list[dg.AssetChecksDefinition]:
    """The data tests that run as steps of their own; all others belong to the assets themselves.

    They look at tables which their own is not built from. Arguments and errors as of `t4t_assets`.
    """
    nodes = [
        node
        for node in project.graph.select(select, exclude)
        if not (isinstance(node, Model) and node.is_ephemeral)
    ]
    return separate_checks(nodes, project, translator or T4tTranslator(), io_manager_key)


def _asset(
    node: Model | Seed, spec: dg.AssetSpec, project: Project, steps: _Steps
) -> dg.AssetsDefinition:
    named = in_step(node, project)
    if named or spec.partitions_def is not None:
        return _checked_asset(node, spec, project, steps, named)

    def run(context: dg.AssetExecutionContext, _inputs: object) -> Iterator[dg.Output[Any]]:
        output = T4tOutput(
            node,
            project,
            lambda version: context.set_data_version(spec.key, version),
            standing=standing_of(context) if steps.execute is None else None,
        )
        handed = output if steps.execute is None else steps.execute(context, output)
        yield dg.Output(handed, output_name(spec))

    return one_step(run, spec, steps.of(node))


def _checked_asset(
    node: Model | Seed,
    spec: dg.AssetSpec,
    project: Project,
    steps: _Steps,
    named: Sequence[NamedCheck],
) -> dg.AssetsDefinition:
    """The asset of a model with data tests, which may also run alone, or with partitions.

    What a check found has to be yielded before the output is, and is known once the model has run.
    So the body has the IO manager run the model, and hands over what it did.
    """

    def run(context: dg.AssetExecutionContext, _inputs: object) -> Iterator[Any]:
        io_manager = getattr(context.resources, steps.io_manager_key)
        wanted = {key.name for key in context.selected_asset_check_keys}
        chosen = tuple(one for one in named if one.name in wanted)
        names = {one.check.name: one.name for one in chosen}
        standing = standing_of(context) if steps.execute is None else None
        if spec.key not in context.selected_asset_keys:
            reports = io_manager.tested(
                node, project, [one.check for one in chosen], context.log, standing
            )
            yield from check_results(reports, names, spec.key)
            return
        output = T4tOutput(
            node,
            project,
            lambda version: context.set_data_version(spec.key, version),
            chosen,
            part_of_run(node, spec.partitions_def, context),
            standing,
        )
        handed = output if steps.execute is None else steps.execute(context, output)
        if isinstance(handed, T4tOutput):
            handed = io_manager.ran(handed, context.log)
            yield from check_results(handed.report.tests, names, spec.key)
            handed.raise_failure()
        yield dg.Output(handed, output_name(spec))

    return one_step(
        run,
        spec,
        steps.of(node),
        check_specs=[check_spec(one, spec.key) for one in named],
        can_subset=True,
        required_resource_keys={steps.io_manager_key},
        backfill_policy=steps.backfill_policy or policy_of(spec.partitions_def),
    )


def _unusable_keys(
    specs: Sequence[tuple[Model | Seed, dg.AssetSpec]],
    translator: T4tTranslator,
    project: Project,
) -> list[T4tError]:
    """Dagster derives names of steps from keys, and says little when they do not fit."""
    mistakes: list[T4tError] = []
    taken: dict[str, Model | Seed] = {}
    for node, spec in specs:
        if spec.key != translator.get_asset_key(node, project):
            mistakes.append(
                UsageError(
                    f"{node} has the key {spec.key.to_user_string()!r}, but what reads it looks "
                    f"for {translator.get_asset_key(node, project).to_user_string()!r}",
                    hint="change keys in T4tTranslator.get_asset_key, the rest in get_asset_spec",
                )
            )
            continue
        if not all(_KEY_PART.fullmatch(part) for part in spec.key.path):
            mistakes.append(
                UsageError(
                    f"{node} cannot be an asset by the key {list(spec.key.path)}: Dagster's names "
                    "have letters, digits, underscores, dots and dashes",
                    place=node.config_place,
                    hint=_OTHER_KEY,
                )
            )
            continue
        step = spec.key.to_python_identifier()
        other = taken.setdefault(step, node)
        if other is not node:
            mistakes.append(
                UsageError(
                    f"{node} and {other} would be one step, {step!r}, to Dagster",
                    place=node.config_place,
                    hint=_OTHER_KEY,
                )
            )
    return mistakes
