"""Slices: the rows whose column has one of some values, as a tenant's have."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.sql.literals import literal, text_literal
from t4t_core.sql.text import Sql, listed, sql


class Slice(Struct, frozen=True):
    """Rows whose `column` has one of the values, of which there is at least one."""

    column: str
    values: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.column} = {', '.join(map(str, self.values))}"

    def holds(self, value: Sql) -> Sql:
        """Whether a row with this value in the column belongs to the slice.

        A text is left without a type, so that it is read as what the column is.
        """
        texts_or_numbers = (
            text_literal(one) if isinstance(one, str) else literal(one) for one in self.values
        )
        return sql("{value} IN ({values})", value=value, values=listed(texts_or_numbers))
