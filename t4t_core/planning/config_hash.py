"""A hash of the metadata that bears on how a model runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from t4t_core.models import Model


def config_hash(model: Model) -> str:
    """SHA-256 over the metadata that bears on how the model runs."""
    bearing = {"materialization", "incremental", "full_refresh"}
    if model.config.materialization == "scd2":
        bearing.add("scd2")
    written: Mapping[str, object] = model.config.model_dump(mode="json", include=bearing)
    return hashlib.sha256(
        json.dumps(written, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
