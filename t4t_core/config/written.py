"""The base of all that users write: unknown keys are errors, and nothing changes afterwards."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Written(BaseModel):
    """What a user wrote."""

    # Validators are built at their first use: a command uses few of them, and most are only parts.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, populate_by_name=True)
