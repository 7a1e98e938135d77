"""What reads the SQL of data tests."""

from __future__ import annotations

from typing import Protocol

from t4t_core.errors import Place
from t4t_core.sql.condition import Condition
from t4t_core.sql.table_ref import TableRef


class SqlReader(Protocol):
    """Reads texts of metadata; pydantic hands it to the shapes of `params` as their context."""

    def condition(self, text: str, place: Place) -> Condition:
        """The condition that a text holds.

        Raises:
            SqlError: It is none.
        """

    def table(self, text: str) -> TableRef | None:
        """The table of a name, or None for what is no name."""
