"""What the templates of a `defs.yaml` see of a model: `{{ node.name }}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t4t_core.models import Model
from t4t_core.seeds.seed import Seed


@dataclass(frozen=True)
class DescribedNode:
    """A model or seed in plain values.

    Attributes:
        name: The table's name without its schema.
        schema: The table's schema.
        resource_type: `model` or `seed`.
        materialization: As the metadata says; `seed` for a seed.
        strategy: Of an incremental model; otherwise empty.
        config: The metadata with its defaults, by the names that users write.
    """

    name: str
    schema: str
    resource_type: str
    materialization: str
    strategy: str
    description: str
    tags: Sequence[str]
    owners: Sequence[str]
    config: Mapping[str, Any]


def described(node: Model | Seed) -> DescribedNode:
    """A model or seed in plain values."""
    is_seed = isinstance(node, Seed)
    settings = None if isinstance(node, Seed) else node.strategy
    return DescribedNode(
        name=node.name.name,
        schema=node.name.schema,
        resource_type="seed" if is_seed else "model",
        materialization="seed" if isinstance(node, Seed) else node.config.materialization,
        strategy="" if settings is None else settings.name,
        description=node.config.description or "",
        tags=node.config.tags,
        owners=node.config.owners,
        config=node.config.model_dump(by_alias=True),
    )
