"""What reads the metadata of data tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from t4t_core.checks.accepted_values import AcceptedValues
from t4t_core.checks.expression import Expression
from t4t_core.checks.freshness import Freshness
from t4t_core.checks.not_null import NotNull
from t4t_core.checks.relationships import Relationships
from t4t_core.checks.row_count import HasRows, RowCount
from t4t_core.checks.unique import Unique, UniqueRows
from t4t_core.errors import Place
from t4t_core.sql.condition import Condition
from t4t_core.sql.table_ref import TableRef

Kind = (
    NotNull
    | Unique
    | UniqueRows
    | AcceptedValues
    | Relationships
    | Expression
    | HasRows
    | RowCount
    | Freshness
)
"""The rules that t4t brings along."""
AnyKind = TypeVar("AnyKind", bound=Kind)


class SqlReader(Protocol):
    """Reads texts and `params` of metadata."""

    def condition(self, text: str, place: Place) -> Condition:
        """The condition that a text holds.

        Raises:
            SqlError: It is none.
        """

    def table(self, text: str) -> TableRef | None:
        """The table of a name, or None for what is no name."""

    def rule(self, kind: type[AnyKind], params: Mapping[str, object]) -> AnyKind:
        """The rule that `params` mean.

        Raises:
            MistakesError: Everything that is wrong in them.
        """
