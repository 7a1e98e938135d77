"""A table, or a function, as a query names it."""

from __future__ import annotations

from msgspec import Struct


class TableRef(Struct, frozen=True, order=True):
    """A table as a query names it; the parts it leaves out are empty."""

    catalog: str
    schema: str
    name: str

    @property
    def is_file(self) -> bool:
        """Whether the name is that of a file (`FROM 'events.parquet'`), by its look."""
        return not self.schema and any(sign in self.name for sign in "./\\*")

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)
