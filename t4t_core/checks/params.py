"""What users write as the `params` of a data test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from msgspec import Struct
from pydantic import Field, PlainValidator, ValidationInfo, field_validator, model_validator

from t4t_core.checks.accepted_values import AcceptedValues, literal_of
from t4t_core.checks.expression import Expression
from t4t_core.checks.freshness import Freshness
from t4t_core.checks.not_null import NotNull
from t4t_core.checks.relationships import Relationships
from t4t_core.checks.row_count import HasRows, RowCount
from t4t_core.checks.sql_reader import AnyKind, SqlReader
from t4t_core.checks.unique import Unique, UniqueRows
from t4t_core.errors import Place, T4tError
from t4t_core.sql.condition import Condition
from t4t_core.sql.table_ref import TableRef
from t4t_core.values import Lookback
from t4t_core.written.base import Written, with_our_names
from t4t_core.written.read import read_as
from t4t_core.written.strategies import ColumnNames


def _condition(value: object, info: ValidationInfo) -> Condition:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a condition in SQL")  # noqa: TRY004  pydantic collects ValueErrors
    reader = cast(SqlReader, info.context)
    try:
        return reader.condition(value, Place(Path()))
    except T4tError as error:
        raise ValueError(error.what) from error


def _table(value: object, info: ValidationInfo) -> TableRef:
    reader = cast(SqlReader, info.context)
    found = reader.table(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is not a table's name")
    return found


def _age(value: object) -> Lookback:
    try:
        age = Lookback.parse(value) if isinstance(value, str) else None
    except ValueError:
        age = None
    if age is None or age.number or age.is_zero:
        raise ValueError(f"{value!r} is not an age; write a number and a unit, such as '2 days'")
    return age


class _Nothing(Written):
    """Of a test without any."""


class _OfColumns(Written):
    """`columns`, or `column` for one; under a column of `schema` that column where neither stands.

    A single text is a list of one.
    """

    columns: ColumnNames

    @model_validator(mode="before")
    @classmethod
    def _take_one(cls, data: object) -> object:
        return with_our_names(data, {"column": "columns"}) if isinstance(data, Mapping) else data


class _AcceptedValues(_OfColumns):
    values: tuple[Any, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _need_literals(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        for value in values:
            literal_of(value)
        return values

    @field_validator("columns")
    @classmethod
    def _need_one(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(columns) != 1:
            raise ValueError("accepted_values is about one column")
        return columns


class _Relationships(Written):
    """Under a column of `schema`, `columns` is that column.

    `table` is another name for `to`, `field` and `column` for `fields`, and `source_fields` for
    `columns`.
    """

    columns: ColumnNames
    to: Annotated[TableRef, PlainValidator(_table)]
    other_columns: ColumnNames = Field(alias="fields")

    @model_validator(mode="before")
    @classmethod
    def _take_other_names(cls, data: object) -> object:
        names = {
            "table": "to",
            "field": "fields",
            "column": "fields",
            "source_fields": "columns",
        }
        return with_our_names(data, names) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _need_pairs(self) -> _Relationships:
        if len(self.columns) != len(self.other_columns):
            raise ValueError(
                f"{len(self.columns)} columns cannot be looked up in "
                f"{len(self.other_columns)}: {', '.join(self.columns)} and "
                f"{', '.join(self.other_columns)}"
            )
        return self


class _Expression(Written):
    expression: Annotated[Condition, PlainValidator(_condition)]


class _RowCount(Written):
    value: int = Field(ge=0)


class _Freshness(Written):
    """`time_column` is another name for `column`."""

    column: str = Field(min_length=1)
    max_age: Annotated[Lookback, PlainValidator(_age)]

    @model_validator(mode="before")
    @classmethod
    def _take_other_name(cls, data: object) -> object:
        return (
            with_our_names(data, {"time_column": "column"}) if isinstance(data, Mapping) else data
        )


_SHAPES: dict[type[Struct], type[Written]] = {
    AcceptedValues: _AcceptedValues,
    Expression: _Expression,
    Freshness: _Freshness,
    HasRows: _Nothing,
    NotNull: _OfColumns,
    Relationships: _Relationships,
    RowCount: _RowCount,
    Unique: _OfColumns,
    UniqueRows: _Nothing,
}


def read_params(kind: type[AnyKind], params: Mapping[str, object], sql: SqlReader) -> AnyKind:
    """The rule that the `params` of a data test mean.

    Args:
        kind: Which.
        params: As a user wrote them.
        sql: Reads the SQL in them.

    Raises:
        MistakesError: Everything that is wrong in them.
    """
    return read_as(_SHAPES[kind], kind, params, sql)
