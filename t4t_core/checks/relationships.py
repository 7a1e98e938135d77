"""`relationships`: each value stands in a column of another table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast

from pydantic import Field, PlainValidator, ValidationInfo, model_validator

from t4t_core.checks.sql_reader import SqlReader
from t4t_core.checks.subject import Subject
from t4t_core.config.strategies import ColumnNames
from t4t_core.config.written import Written, with_our_names
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in, rows_of
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, all_of, negated, sql, subquery

_OTHER_NAMES = {
    "table": "to",
    "field": "fields",
    "column": "fields",
    "source_fields": "columns",
}


def _table(value: object, info: ValidationInfo) -> TableRef:
    reader = cast(SqlReader, info.context)
    found = reader.table(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is not a table's name")
    return found


class Relationships(Written):
    """`params` of `relationships`.

    `table` is another name for `to`, `field` and `column` for `fields`, and `source_fields` for
    `columns`. Under a column of `schema`, `columns` is that column.
    """

    columns: ColumnNames
    to: Annotated[TableRef, PlainValidator(_table)]
    other_columns: ColumnNames = Field(alias="fields")

    @model_validator(mode="before")
    @classmethod
    def _take_other_names(cls, data: object) -> object:
        return with_our_names(data, _OTHER_NAMES) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _need_pairs(self) -> Relationships:
        if len(self.columns) != len(self.other_columns):
            raise ValueError(
                f"{len(self.columns)} columns cannot be looked up in "
                f"{len(self.other_columns)}: {', '.join(self.columns)} and "
                f"{', '.join(self.other_columns)}"
            )
        return self


def orphans(rule: Relationships, subject: Subject) -> Sql:
    """The rows whose values the other table does not hold.

    A row with a NULL in one of the columns refers to nothing and is none of them.
    """
    pairs = zip(rule.columns, rule.other_columns, strict=True)
    matches = (
        sql("{other} = {own}", other=column(other, "parent"), own=column(own, "child"))
        for own, other in pairs
    )
    # In subqueries: `where` qualifies columns by the table's own name, and an ephemeral model has
    # a name already.
    return sql(
        "SELECT *\nFROM {child}\nWHERE {is_held} AND NOT EXISTS (\n"
        "SELECT 1\nFROM {parent}\nWHERE {is_found}\n)",
        child=subquery(subject.rows(), Sql("child")),
        is_held=negated(is_null_in(rule.columns, "child")),
        parent=subquery(rows_of(subject.other(rule.to)), Sql("parent")),
        is_found=all_of(*matches),
    )
