"""How a table is called."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

# The schema of what t4t keeps in the database for itself.
OWN_SCHEMA: Final = "_t4t"
# Before a node's name: what a thread that runs the node is called.
THREAD: Final = "t4t "


def quoted(identifier: str) -> str:
    """The identifier in double quotes, for any text: `a"b` gives `"a""b"`."""
    return '"' + identifier.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """The text in single quotes, for statements in which DuckDB takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def is_plain(identifier: str) -> bool:
    """Whether the identifier is an ASCII word that starts with no digit."""
    return identifier.isascii() and identifier.isidentifier()


class TableName(Struct, frozen=True, order=True):
    """A table's schema and name, spelled as the user spelled them.

    DuckDB compares identifiers without case, so look names up by `key`.
    """

    schema: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """What is equal for two spellings of one table."""
        return (self.schema.lower(), self.name.lower())

    @property
    def parts(self) -> tuple[str, str]:
        """What DuckDB is asked for: it is to lower both sides, as Python lowers some otherwise."""
        return (self.schema, self.name)

    @property
    def is_plain(self) -> bool:
        """Whether both parts are plain words."""
        return is_plain(self.schema) and is_plain(self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"
