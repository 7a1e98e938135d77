"""A data test: a rule about one table, and what happens when it is broken."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from t4t_core.checks.expression import Expression
from t4t_core.checks.relationships import Relationships
from t4t_core.checks.sql_reader import Kind
from t4t_core.checks.sql_test import OfSqlTest
from t4t_core.config import Severity
from t4t_core.errors import Place
from t4t_core.sql.condition import Condition
from t4t_core.sql.query import Query
from t4t_core.sql.table_ref import TableRef

Rule = Kind | OfSqlTest
LIMIT: Final = 5


class Check(Struct, frozen=True):
    """One data test of one table.

    Attributes:
        name: As it is shown, `not_null(id)`; the checks of one table all have other names.
        severity: What it is when rows break the rule.
        place: The file it is written in.
        column: The column of `schema` it is written under, or None.
        where: The rows it is about, or None for all of them.
        limit: How many violating rows are shown.
    """

    name: str
    rule: Rule
    severity: Severity
    place: Place
    column: str | None = None
    where: Condition | None = None
    limit: int = LIMIT
    description: str | None = None

    @property
    def tables(self) -> tuple[TableRef, ...]:
        """The other tables that it reads."""
        found = [table for text in self._texts for table in text.tables]
        if isinstance(self.rule, Relationships):
            found.append(self.rule.to)
        return tuple(dict.fromkeys(found))

    @property
    def calls(self) -> tuple[TableRef, ...]:
        """The functions that it calls, as it names them."""
        return tuple(dict.fromkeys(call for text in self._texts for call in text.calls))

    @property
    def _texts(self) -> tuple[Condition | Query, ...]:
        """The SQL that is written in it."""
        where = () if self.where is None else (self.where,)
        match self.rule:
            case Expression(expression=condition):
                return (*where, condition)
            case OfSqlTest(test=test):
                return (*where, test.query)
            case _:
                return where

    @property
    def unset(self) -> tuple[tuple[str, Place], ...]:
        """The names of the placeholders that only variables can set, and where they stand."""
        found = (
            [] if self.where is None else [(p.name, self.place) for p in self.where.placeholders]
        )
        match self.rule:
            case Expression(expression=condition):
                found += [(p.name, self.place) for p in condition.placeholders]
            case OfSqlTest(test=test, params=params):
                found += [
                    (p.name, Place(test.place.file, p.line, p.column))
                    for p in test.query.placeholders
                    if p.name in test.parameters and p.name not in {**params, **test.query.defaults}
                ]
            case _:
                pass
        return tuple(dict.fromkeys(found))
