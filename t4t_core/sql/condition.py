"""A boolean expression that a user wrote in metadata."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from t4t_core.errors import Place
from t4t_core.sql.calls import call_refs
from t4t_core.sql.calls_as_written import with_calls_as_written
from t4t_core.sql.placeholders import Placeholder
from t4t_core.sql.query import parse_condition
from t4t_core.sql.tables import TableRef, table_refs


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean expression over the columns of the model's table.

    Attributes:
        fingerprint: SHA-256 over its tokens.
    """

    tree: exp.Expr = field(repr=False, compare=False)
    placeholders: tuple[Placeholder, ...]
    text: str
    fingerprint: str
    tables: tuple[TableRef, ...] = ()
    calls: tuple[TableRef, ...] = ()

    @property
    def tree_to_run(self) -> exp.Expr:
        """A fresh tree with calls as the user wrote them."""
        return with_calls_as_written(self.tree.copy())


def read_condition(text: str, place: Place) -> Condition:
    """The condition that a text holds, with its placeholders open.

    Raises:
        SqlError: It is not one expression.
    """
    tree, placeholders, fingerprint = parse_condition(text, place)
    return Condition(tree, placeholders, text, fingerprint, table_refs(tree), call_refs(tree))
