"""Which partitions of a model depend on which of another, where Dagster cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from t4t_core.models import Model
from t4t_core.project import Project
from t4t_core.seeds.seed import Seed
from t4t_dagster.attributes import config_of
from t4t_dagster.translator import T4tTranslator

Described = tuple[Model | Seed, dg.AssetSpec]


def with_partition_mappings(
    specs: Sequence[Described], translator: T4tTranslator, project: Project
) -> list[Described]:
    """The assets, whose partitions depend on all of a model's where Dagster cannot map the two.

    Of time windows in different zones, of windows and values, and of values of different columns
    Dagster takes the partitions of the same name or refuses to evaluate any condition.

    Args:
        specs: All assets that are made; what they read may be made elsewhere.
        translator: The one that made them.
        project: The project.
    """
    if all(spec.partitions_def is None for _, spec in specs):
        return list(specs)
    known = {spec.key: (node, spec) for node, spec in specs}
    for node in project.graph.nodes.values():
        key = translator.get_asset_key(node, project)
        if key not in known and not (isinstance(node, Model) and node.is_ephemeral):
            known[key] = (node, translator.get_asset_spec(node, project))

    def mapped(dep: dg.AssetDep, lower: Described) -> dg.AssetDep:
        upper = known.get(dep.asset_key)
        if dep.partition_mapping is not None or upper is None or _can_be_mapped(upper, lower):
            return dep
        return dg.AssetDep(dep.asset_key, partition_mapping=dg.AllPartitionMapping())

    return [
        (node, spec.replace_attributes(deps=[mapped(dep, (node, spec)) for dep in spec.deps]))
        if spec.partitions_def is not None
        else (node, spec)
        for node, spec in specs
    ]


def _can_be_mapped(upper: Described, lower: Described) -> bool:
    """Whether Dagster's own mapping is right; what only a translator can give is left to it."""
    above, below = upper[1].partitions_def, lower[1].partitions_def
    match above, below:
        case dg.TimeWindowPartitionsDefinition(), dg.TimeWindowPartitionsDefinition():
            return above.timezone == below.timezone
        case dg.StaticPartitionsDefinition(), dg.StaticPartitionsDefinition():
            return above == below and _column(upper[0]) == _column(lower[0])
        case _:
            return not (_is_plain(above) and _is_plain(below))


def _is_plain(partitions: dg.PartitionsDefinition[Any] | None) -> bool:
    return isinstance(partitions, dg.TimeWindowPartitionsDefinition | dg.StaticPartitionsDefinition)


def _column(node: Model | Seed) -> str | None:
    """Whose values the partitions are; None where a translator has made them."""
    written = config_of(node).partitions
    return None if written is None else written.column
