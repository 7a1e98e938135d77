"""What users write under `tests`, and in the comment of a SQL test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from t4t_core.config.checks import Severity
from t4t_core.written.base import Written


def _severity(value: object) -> object:
    if isinstance(value, str):
        word = value.lower()
        return "warning" if word == "warn" else word
    return value


_Severity = Annotated[Severity, BeforeValidator(_severity)]


class WrittenTest(Written):
    """One entry of `tests`: a name alone, or a name with what belongs to it.

    `severity` and `limit` are None where they are not written: a SQL test may have its own.
    """

    name: str = Field(min_length=1)
    params: dict[str, Any] = Field(default_factory=dict)
    severity: _Severity | None = None
    where: str | None = Field(None, min_length=1)
    limit: int | None = Field(None, ge=1, le=1000)
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_other_forms(cls, data: object) -> object:
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, Mapping) and "test" in data:
            if "name" in data:
                raise ValueError("'test' is another name for 'name': write one of them")
            return {"name" if key == "test" else key: value for key, value in data.items()}
        return data


class WrittenSqlTest(Written):
    """The comment `-- metadata: {...}` of a SQL test."""

    description: str | None = None
    severity: _Severity = "error"
    limit: int = Field(5, ge=1, le=1000)
