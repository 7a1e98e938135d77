"""A model's text as one query."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec.structs import replace

from t4t_core.errors import Place
from t4t_core.sql.filling import Fill, Filled
from t4t_core.sql.query_text import Outermost, QueryText
from t4t_core.sql.reading import Reading
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.text import in_parentheses
from t4t_core.sql.unset import require_values


class Query(Reading, frozen=True):
    """One query with its placeholders still open.

    Attributes:
        text: What the user wrote.
        place: The file it stands in.
        dialect: The sqlglot dialect it is written in.
    """

    text: str
    place: Place
    dialect: str

    @property
    def defaults(self) -> Mapping[str, object]:
        """What placeholders take that no variable sets, by their names."""
        found: dict[str, object] = json.loads(self.written_defaults)
        return found

    def filled(self, fill: Fill) -> QueryText:
        """The query as DuckDB gets it.

        Args:
            fill: What is put into its places; defaults are added to the values.

        Raises:
            VariableError: Nothing sets a placeholder, or its value has no literal.
        """
        values = {**self.defaults, **fill.values}
        require_values(self.placeholders, values, self.place)
        text = self.text if self.in_duckdb is None else self.in_duckdb
        end = self.end if self.in_duckdb is None else len(text)
        start = self.start if self.in_duckdb is None else 0
        found = Filled(SlottedText(text, self.slots), replace(fill, values=values))
        whole = found.part(start, end)
        if not self.is_select:
            return QueryText.of_table(in_parentheses(whole))
        clauses = self.clauses
        if clauses is None:
            return QueryText(whole)
        where = clauses.where
        conditions = () if where is None else (in_parentheses(found.part(*where)),)
        sources = None
        if clauses.sources is not None:
            sources = {name: found.part(*span) for name, span in clauses.sources.items()}
        outermost = Outermost(
            head=found.part(start, clauses.from_end),
            tail=found.part(clauses.from_end if where is None else where[1], end),
            conditions=conditions,
            sources=sources,
            scans=clauses.scans,
        )
        return QueryText(whole, outermost)
