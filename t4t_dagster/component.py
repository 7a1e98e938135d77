"""A project as a component: `type: t4t_dagster.T4tProjectComponent` in a `defs.yaml`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import dagster as dg
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver

from t4t_core.models import Model
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_core.written.dagster import WrittenRetry, retry_config
from t4t_dagster.assets import IO_MANAGER_KEY, T4tOutput
from t4t_dagster.attributes import retry_policy
from t4t_dagster.automation import Condition, t4t_eager, t4t_on_code_change, t4t_on_cron
from t4t_dagster.component_scaffolder import T4tProjectScaffolder
from t4t_dagster.definitions import build_t4t_definitions
from t4t_dagster.described_node import described
from t4t_dagster.translator import T4tTranslator
from t4t_dagster.translator_settings import T4tTranslatorSettings


class BackfillPolicyModel(dg.Model):
    """How many partitions one run of a backfill takes: all of them, or so many."""

    type: Literal["single_run", "multi_run"]
    max_partitions_per_run: int = 1


def _backfill_policy(
    _context: dg.ResolutionContext, written: BackfillPolicyModel | None
) -> dg.BackfillPolicy | None:
    if written is None:
        return None
    if written.type == "single_run":
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(written.max_partitions_per_run)


@dataclass
class T4tOpSpec(dg.Resolvable):
    """What the steps of all models have in common; a model's own metadata stands above it."""

    pool: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    retry_policy: Annotated[
        dg.RetryPolicy | None,
        dg.Resolver(
            lambda _context, written: retry_policy(retry_config(written)),
            model_field_type=WrittenRetry,
            description="How often a failed step is tried again; `delay` is in seconds.",
            examples=[{"max_retries": 2, "delay": 30, "backoff": "exponential"}],
        ),
    ] = None
    backfill_policy: Annotated[
        dg.BackfillPolicy | None,
        dg.Resolver(_backfill_policy, model_field_type=BackfillPolicyModel),
    ] = None


def _project_folder(context: dg.ResolutionContext, written: str) -> Path:
    """From the folder of the `defs.yaml`."""
    return context.resolve_source_relative_path(context.resolve_value(written, as_type=str))


@dg.scaffold_with(T4tProjectScaffolder)
@dataclass
class T4tProjectComponent(dg.Component, dg.Resolvable):
    """A t4t project as assets, with the IO manager that runs them.

    Scaffold one with `dg scaffold defs t4t_dagster.T4tProjectComponent NAME --project-path PATH`.
    """

    project: Annotated[
        Path,
        dg.Resolver(
            _project_folder,
            model_field_type=str,
            description="The folder that holds project.toml; a relative one starts from this file.",
            examples=["{{ context.project_root }}/my_project", "../../../my_project"],
        ),
    ]
    select: Annotated[
        str | Sequence[str],
        dg.Resolver.default(
            description="As `t4t run --select`: everything by default.",
            examples=["tag:daily", ["staging.*", "orders+"]],
        ),
    ] = ()
    exclude: Annotated[
        str | Sequence[str],
        dg.Resolver.default(description="As `t4t run --exclude`.", examples=["tag:slow"]),
    ] = ()
    vars: Annotated[
        Mapping[str, Any],
        dg.Resolver.default(
            description="Variables of every run, over [vars] of project.toml; "
            "a run's own stand above them.",
            examples=[{"start_date": "2024-01-01"}],
        ),
    ] = field(default_factory=dict)
    env: Annotated[
        str | None,
        dg.Resolver.default(
            description="The environment of project.toml to take; T4T_ENV names it by default.",
            examples=["dev"],
        ),
    ] = None
    translation: Annotated[
        TranslationFn[Model | Seed] | None,
        TranslationFnResolver(template_vars_for_translation_fn=lambda n: {"node": described(n)}),
    ] = None
    translation_settings: Annotated[
        T4tTranslatorSettings,
        dg.Resolver.default(
            description="What Dagster calls beta or preview: links to files, virtual views.",
            examples=[{"enable_code_references": True}],
        ),
    ] = field(default_factory=T4tTranslatorSettings)
    op: Annotated[
        T4tOpSpec,
        dg.Resolver.default(description="What the steps of all models have in common."),
    ] = field(default_factory=T4tOpSpec)
    io_manager_key: Annotated[
        str,
        dg.Resolver.default(
            description="The resource that runs the models; a second component needs another key."
        ),
    ] = IO_MANAGER_KEY

    @cached_property
    def translator(self) -> T4tTranslator:
        """The translator that asks this component."""
        return T4tComponentTranslator(self)

    def get_asset_spec(self, node: Model | Seed, project: Project) -> dg.AssetSpec:
        """The asset of a model or seed, before `translation`; override it to change any of it."""
        return T4tTranslator.get_asset_spec(self.translator, node, project)

    def execute(self, context: dg.AssetExecutionContext, output: T4tOutput) -> object:  # noqa: ARG002  for those who override this
        """The body of every asset; override it for what has to happen before a model runs.

        The IO manager runs the model that is returned, in one transaction with its state; an
        exception here publishes nothing.
        """
        return output

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002  the paths are resolved already
        """The assets and the IO manager."""
        # The database stays open between steps where no code of the user's own runs in them.
        is_own = type(self).execute is not T4tProjectComponent.execute
        return build_t4t_definitions(
            self.project,
            select=_listed(self.select),
            exclude=_listed(self.exclude),
            translator=self.translator,
            vars=dict(self.vars),
            env=self.env,
            io_manager_key=self.io_manager_key,
            retry_policy=self.op.retry_policy,
            pool=self.op.pool,
            op_tags=self.op.tags,
            backfill_policy=self.op.backfill_policy,
            execute=self.execute if is_own else None,
        )

    @staticmethod
    @dg.template_var
    def t4t_eager() -> Callable[[], Condition]:
        """In the templates of `defs.yaml`."""
        return t4t_eager

    @staticmethod
    @dg.template_var
    def t4t_on_cron() -> Callable[..., Condition]:
        """In the templates of `defs.yaml`."""
        return t4t_on_cron

    @staticmethod
    @dg.template_var
    def t4t_on_code_change() -> Callable[[], Condition]:
        """In the templates of `defs.yaml`."""
        return t4t_on_code_change


class T4tComponentTranslator(T4tTranslator):
    """Asks a component how a model looks; a key that it changes is known to its readers too."""

    def __init__(self, component: T4tProjectComponent) -> None:
        super().__init__(component.translation_settings)
        self._component = component
        self._specs: dict[tuple[str, str], dg.AssetSpec] = {}
        self._asked: set[tuple[str, str]] = set()

    def get_asset_spec(self, node: Model | Seed, project: Project) -> dg.AssetSpec:
        """What the component says, and then its `translation`."""
        key = node.name.key
        if key not in self._specs:
            self._asked.add(key)
            try:
                spec = self._component.get_asset_spec(node, project)
                translation = self._component.translation
                self._specs[key] = spec if translation is None else translation(spec, node)
            finally:
                self._asked.discard(key)
        return self._specs[key]

    def get_asset_key(self, node: Model | Seed, project: Project) -> dg.AssetKey:
        """The key that the model's asset ends up with."""
        if node.name.key in self._asked:
            return super().get_asset_key(node, project)
        return self.get_asset_spec(node, project).key


def _listed(selectors: str | Sequence[str]) -> Sequence[str]:
    return [selectors] if isinstance(selectors, str) else selectors
