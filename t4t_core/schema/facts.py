"""What the database says about a model's declared schema, and the indexes of its table."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import T4tError
from t4t_core.models import Model
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Column, Facts, Index
from t4t_core.schema.change import differences, on_schema_change


def with_schema(
    facts: Facts,
    model: Model,
    decided: Decision,
    warehouse: Warehouse,
) -> Facts:
    """The facts with what is declared of the columns, and with the indexes that would be lost.

    Args:
        facts: As far as they are known.
        model: The model.
        decided: Full or incremental.
        warehouse: With an open transaction.

    Raises:
        RunError: A declared type does not exist.
    """
    indexes: tuple[Index, ...] = ()
    if facts.target is not None and facts.target.kind == "table":
        is_altered = on_schema_change(model) != "fail" and bool(differences(facts))
        if decided.is_full or is_altered:
            indexes = warehouse.indexes(model.name)
    declared = tuple(_declared(model, warehouse))
    return replace(facts, declared=declared, indexes=indexes)


def _declared(model: Model, warehouse: Warehouse) -> Iterator[Column]:
    """The columns that the metadata gives a type, in DuckDB's own names."""
    for column, written in model.types:
        try:
            type_ = warehouse.type_called(written)
        except T4tError as error:
            error.what += f", which the metadata gives the column {column!r}"
            error.hint = "write a type of DuckDB's, or leave `datatype` out"
            raise error.located(place=model.config_place) from error
        yield Column(column, type_)
