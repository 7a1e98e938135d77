"""Where the columns of a query come from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from t4t_core.sql.table_ref import TableRef


class Origin(Struct, frozen=True, order=True):
    """A column of a table that a query reads."""

    table: TableRef
    column: str


Lineage = Mapping[str, tuple[Origin, ...]]
"""For each column of a query, those it is computed from."""
