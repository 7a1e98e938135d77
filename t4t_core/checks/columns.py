"""The columns that a check is about, as users write them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from t4t_core.config.strategies import ColumnNames
from t4t_core.config.written import Written, with_our_names


class OfColumns(Written):
    """`columns`, or `column` for one; under a column of `schema` that column where neither stands.

    A single text is a list of one.
    """

    columns: ColumnNames

    @model_validator(mode="before")
    @classmethod
    def _take_one(cls, data: object) -> object:
        return with_our_names(data, {"column": "columns"}) if isinstance(data, Mapping) else data
