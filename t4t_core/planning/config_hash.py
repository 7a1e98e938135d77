"""A hash of the metadata that bears on how a model runs."""

from __future__ import annotations

import hashlib
import json

from msgspec import to_builtins

from t4t_core.models import Model


def config_hash(model: Model) -> str:
    """SHA-256 over the metadata that bears on how the model runs."""
    config = model.config
    bearing: dict[str, object] = {
        "materialization": config.materialization,
        "incremental": config.incremental,
        "full_refresh": config.full_refresh,
    }
    if config.materialization == "scd2":
        bearing["scd2"] = config.scd2
    return hashlib.sha256(
        json.dumps(to_builtins(bearing), sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
