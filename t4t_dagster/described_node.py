"""What the templates of a `defs.yaml` see of a model: `{{ node.name }}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

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
        config=_as_written(node.config),
    )


def _as_written(value: Any) -> Any:
    """Metadata as dicts of the names that users write."""
    if isinstance(value, Struct):
        kind = value.__struct_config__
        tag = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {**tag, **{name: _as_written(getattr(value, field)) for name, field in names}}
    if isinstance(value, tuple):
        return tuple(map(_as_written, value))
    return value
