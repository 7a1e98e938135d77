"""Data tests as asset checks: what they are called, where they run, what they show."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from msgspec.structs import replace

from t4t_core.checks import Assigned, Check
from t4t_core.checks.assigned import tables_read
from t4t_core.models import Model
from t4t_core.project import Project
from t4t_core.report import CheckReport
from t4t_core.resolution import Key
from t4t_core.seeds.seed import Seed
from t4t_dagster.steps_between import STEP_TAG, standing_of
from t4t_dagster.translator import T4tTranslator

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
_SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


@dataclass(frozen=True)
class NamedCheck:
    """A data test with the name that Dagster knows it by.

    Attributes:
        name: Letters, digits and underscores: `not_null(id)` is `not_null_id`.
        others: The tables of the project that it reads beside its own and what that is built from;
            where there are any it cannot run in the step of its own table.
    """

    name: str
    check: Check
    others: tuple[Key, ...]


def named_checks(node: Model | Seed, project: Project) -> tuple[NamedCheck, ...]:
    """The data tests of a model or seed, each with a name of its own."""
    upstream = project.graph.upstream(node.name.key)
    found: dict[str, NamedCheck] = {}
    for check in project.checks.of(node.name.key):
        plain = _NOT_IN_NAMES.sub("_", check.name).strip("_") or "test"
        name, number = plain, 1
        while name in found:
            number += 1
            name = f"{plain}_{number}"
        read = _built(tables_read(check, node.name.key, project.graph), project)
        found[name] = NamedCheck(name, check, tuple(key for key in read if key not in upstream))
    return tuple(found.values())


def _built(keys: Sequence[Key], project: Project) -> tuple[Key, ...]:
    """The same seen through ephemeral models, which are no assets."""
    found: dict[Key, None] = {}
    for key in keys:
        node = project.graph.nodes[key]
        if isinstance(node, Model) and node.is_ephemeral:
            found |= dict.fromkeys(_built(project.graph.parents[key], project))
        else:
            found[key] = None
    return tuple(found)


def in_step(node: Model | Seed, project: Project) -> tuple[NamedCheck, ...]:
    """The data tests that run in the step of their own table, before it is published."""
    return tuple(one for one in named_checks(node, project) if not one.others)


def check_spec(one: NamedCheck, key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The spec of a check that runs in the step of its asset."""
    return dg.AssetCheckSpec(
        name=one.name,
        asset=key,
        description=one.check.description or one.check.name,
        blocking=one.check.severity == "error",
    )


def separate_checks(
    nodes: Sequence[Model | Seed],
    project: Project,
    translator: T4tTranslator,
    io_manager_key: str,
) -> list[dg.AssetChecksDefinition]:
    """The data tests that look at tables which their own is not built from, each a step.

    Such a step comes after all these tables. One of severity error keeps what is downstream of its
    asset waiting, unless it waits for something downstream itself.
    """
    return [
        _separate_check(one, node, project, translator, io_manager_key)
        for node in nodes
        for one in named_checks(node, project)
        if one.others
    ]


def _separate_check(
    one: NamedCheck,
    node: Model | Seed,
    project: Project,
    translator: T4tTranslator,
    io_manager_key: str,
) -> dg.AssetChecksDefinition:
    own_key = node.name.key
    comes_later = any(own_key in project.graph.upstream(other) for other in one.others)
    others = [translator.get_asset_key(project.graph.nodes[key], project) for key in one.others]

    @dg.asset_check(
        asset=translator.get_asset_key(node, project),
        name=one.name,
        description=one.check.description or one.check.name,
        additional_deps=others,
        blocking=one.check.severity == "error" and not comes_later,
        required_resource_keys={io_manager_key},
        op_tags={STEP_TAG: io_manager_key},
    )
    def run(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        io_manager = getattr(context.resources, io_manager_key)
        (report,) = io_manager.tested(node, project, [one.check], context.log, standing_of(context))
        return check_result(report, one.name)

    return run


def only(checks: Assigned, key: Key, kept: Collection[Check]) -> Assigned:
    """The checks of a project with none but these at one table."""
    names = {check.name for check in kept}
    left = tuple(check for check in checks.of(key) if check.name in names)
    return replace(checks, by_node={**checks.by_node, key: left})


def check_results(
    reports: Sequence[CheckReport], named: Mapping[str, str], key: dg.AssetKey
) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks that were carried out.

    Args:
        reports: What they found.
        named: The name in Dagster for the name of each check.
        key: Of the asset.
    """
    for report in reports:
        if report.status != "skipped":
            yield check_result(report, named[report.name], key)


def check_result(
    report: CheckReport, name: str, key: dg.AssetKey | None = None
) -> dg.AssetCheckResult:
    """What a check found, in Dagster's terms."""
    metadata: dict[str, dg.MetadataValue[Any]] = {}
    description = None
    if report.status in ("failed", "warned"):
        rows = "1 row breaks" if report.failures == 1 else f"{report.failures:,} rows break"
        description = f"{rows} {report.name}"
    if report.error is not None:
        description = f"{report.name} could not be carried out"
        metadata["t4t/error"] = dg.MetadataValue.text(report.error)
    else:
        metadata["t4t/failures"] = dg.MetadataValue.int(report.failures)
    if report.sample:
        metadata["t4t/sample"] = _sample(report)
    if report.sql:
        metadata["t4t/sql"] = dg.MetadataValue.md(f"```sql\n{report.sql};\n```")
    metadata["t4t/duration_s"] = dg.MetadataValue.float(round(report.duration_s, 4))
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=report.status == "passed",
        severity=_SEVERITIES[report.severity],
        description=description,
        metadata=metadata,
    )


def _sample(report: CheckReport) -> dg.TableMetadataValue:
    """Some of the rows, as a table; NULL is an empty cell."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(dict(zip(report.columns, row, strict=True))) for row in report.sample
        ],
        schema=dg.TableSchema([dg.TableColumn(name) for name in report.columns]),
    )
