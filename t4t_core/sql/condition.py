"""A boolean expression that a user wrote in metadata."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.sql.filling import Fill, filled
from t4t_core.sql.reading import Placeholder
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql
from t4t_core.sql.unset import require_values


class Condition(Struct, frozen=True):
    """A boolean expression over the columns of the model's table.

    Attributes:
        words: What DuckDB gets of the text.
        fingerprint: SHA-256 over its tokens.
        columns: The parts of each column's name, in the order of the tree.
        holds_query: Whether a query stands in it.
        unsteady: What may give another value for the same; see `t4t_core.parsing.steadiness`.
        starts: The column and the placeholder where it is `column >= @placeholder` and no more.
    """

    words: SlottedText
    placeholders: tuple[Placeholder, ...]
    text: str
    fingerprint: str
    tables: tuple[TableRef, ...] = ()
    calls: tuple[TableRef, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    holds_query: bool = False
    unsteady: tuple[str, ...] = ()
    starts: tuple[str, str] | None = None

    def filled(self, fill: Fill) -> Sql:
        """The expression as DuckDB gets it; beside another operator it needs parentheses.

        Raises:
            VariableError: Nothing sets a placeholder, or its value has no literal.
        """
        require_values(
            [one for one in self.placeholders if one.name not in fill.words],
            fill.values,
            fill.place,
        )
        return filled(self.words, fill)
