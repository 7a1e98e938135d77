"""What a text says as a query."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from t4t_core.sql.file_names import FileRead
from t4t_core.sql.slots import Slot
from t4t_core.sql.table_ref import TableRef


class Placeholder(Struct, frozen=True):
    """A name that a variable must give a value, and the 1-based place where it stands."""

    name: str
    line: int
    column: int


class Clauses(Struct, frozen=True):
    """Where a condition may join the WHERE of a query's outermost SELECT; offsets into its text.

    Attributes:
        from_end: Where FROM ends, or what stands in its place.
        where: What stands in WHERE, or None.
        sources: Of the columns that the query gives, by their names in lower case, where WHERE
            finds them; None where it calls every column as the query does.
        scans: The name of the table of which the query reads rows and does no more, or None.
    """

    from_end: int
    where: tuple[int, int] | None
    sources: dict[str, tuple[int, int]] | None
    scans: str | None


class Reading(Struct, frozen=True):
    """What a text says as a query.

    Attributes:
        start: The offset of the query's first word.
        end: The offset after its last word.
        placeholders: In the order of the text; a name may come more than once.
        tables: What it reads, each once, in the order of the text.
        calls: The functions it calls that are none of SQL's own, each once.
        fingerprint: SHA-256 over the tokens, so that comments and layout do not count.
        is_select: Whether it is a SELECT or several of them, and not VALUES or PIVOT.
        metadata: What follows `metadata:` in a comment, or None where no comment begins so.
        written_defaults: What placeholders take that no variable sets: a JSON object.
        files: What files it reads.
        unsteady: What may give other rows of the same tables; see `t4t_core.parsing.steadiness`.
        in_duckdb: The text in DuckDB's SQL where it is written in another dialect, or None.
        slots: The places in DuckDB's SQL that may be written otherwise when it runs.
        clauses: Of DuckDB's SQL; None where no condition may join a WHERE.
    """

    start: int
    end: int
    placeholders: tuple[Placeholder, ...]
    tables: tuple[TableRef, ...]
    calls: tuple[TableRef, ...]
    fingerprint: str
    is_select: bool
    metadata: str | None
    written_defaults: str
    files: tuple[FileRead, ...]
    unsteady: tuple[str, ...]
    in_duckdb: str | None
    slots: tuple[Slot, ...]
    clauses: Clauses | None


def said(reading: Reading) -> dict[str, Any]:
    """What a reading says, by the names of its fields; a query is one with a text."""
    return {name: getattr(reading, name) for name in Reading.__struct_fields__}


def reading_of(query: Reading) -> Reading:
    """What a query's text says, without the text."""
    return Reading(**said(query))
