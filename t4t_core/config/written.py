"""The base of all that users write: unknown keys are errors, and nothing changes afterwards."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Written(BaseModel):
    """What a user wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
