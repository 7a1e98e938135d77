"""Keys of the public t4t that describe a model and change nothing in its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from t4t_core.written.base import Written


class _NoneIsNothing(Written):
    """A key that is None is as one that is not written."""

    @model_validator(mode="before")
    @classmethod
    def _leave_none_out(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None}


class DescriptiveColumn(_NoneIsNothing):
    """Of a column: which dimension it leads to."""

    fk_to: dict[str, str] | None = None
    dimension: str | None = None


class DescriptiveModel(_NoneIsNothing):
    """Of a model: its part in a dimensional model, and the partitions of other databases."""

    partitions: tuple[str, ...] = ()
    table_type: str | None = None
    data_model: bool | None = None
    hierarchy: dict[str, Any] | None = None
    conformed_dimension: dict[str, str] | None = None
    disable_default_tests: bool | tuple[str, ...] = ()
