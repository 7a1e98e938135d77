"""`relationships`: each value stands in a column of another table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.checks.subject import Subject
from t4t_core.config.strategies import ColumnNames
from t4t_core.config.written import Written, with_our_names
from t4t_core.sql.names import column
from t4t_core.sql.statements import is_null_in
from t4t_core.sql.tables import TableRef
from t4t_core.sql.window import subquery

_OTHER_NAMES = {
    "table": "to",
    "field": "fields",
    "column": "fields",
    "source_fields": "columns",
}


def _table(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parsed = exp.to_table(value, dialect="duckdb")
    except (ParseError, TokenError) as error:
        raise ValueError(f"{value!r} is not a table's name") from error
    return TableRef(parsed.catalog, parsed.db, parsed.name)


class Relationships(Written):
    """`params` of `relationships`.

    `table` is another name for `to`, `field` and `column` for `fields`, and `source_fields` for
    `columns`. Under a column of `schema`, `columns` is that column.
    """

    columns: ColumnNames
    to: Annotated[TableRef, BeforeValidator(_table)]
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


def orphans(rule: Relationships, subject: Subject) -> exp.Select:
    """The rows whose values the other table does not hold.

    A row with a NULL in one of the columns refers to nothing and is none of them.
    """
    found = exp.select(exp.Literal.number(1), copy=False).from_(_named(subject, rule), copy=False)
    for own, other in zip(rule.columns, rule.other_columns, strict=True):
        match = exp.EQ(this=column(other, "parent"), expression=column(own, "child"))
        found = found.where(match, copy=False)
    # In a subquery, so that `where` can qualify columns by the table's own name.
    child = subject.table.copy() if subject.where is None else subquery(subject.select())
    child.set("alias", exp.TableAlias(this=exp.to_identifier("child")))
    return (
        exp.Select(expressions=[exp.Star()])
        .from_(child, copy=False)
        .where(
            exp.not_(exp.paren(is_null_in(rule.columns, "child")), copy=False),
            exp.not_(exp.Exists(this=found), copy=False),
            copy=False,
        )
    )


def _named(subject: Subject, rule: Relationships) -> exp.Expr:
    parent = subject.other(rule.to)
    parent.set("alias", exp.TableAlias(this=exp.to_identifier("parent")))
    return parent
