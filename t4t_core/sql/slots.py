"""A user's SQL with the places in it that are written otherwise when it runs.

The rest of the text reaches DuckDB as it stands, so that it means what DuckDB reads in it. Where
the places are is found once, when the text is parsed; `t4t_core.sql.filling` fills them in.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from t4t_core.sql.table_ref import TableRef


class Slot(Struct, frozen=True):
    """One place of a text, from `start` up to `end`, counted from 0.

    Attributes:
        kind: A variable's value, which may be the name of a file (`path`); the name of a table, of
            a function that is called, or of a file; a table's in the name of a column
            (`schema.table` of `schema.table.column`); or a name that is known later.
        ref: What is named there.
        is_aliased: A table with a name of the query's own, or where none can stand: `SUMMARIZE t`.
        is_query: It is `TABLE t`.
        as_type: The type before a value in quotes, `DATE '@day'`, which belongs to the place.
    """

    kind: Literal["value", "path", "table", "call", "file", "schema", "name"]
    start: int
    end: int
    ref: TableRef
    is_aliased: bool = False
    is_query: bool = False
    as_type: str = ""


class SlottedText(Struct, frozen=True):
    """A text with its places in order, of which no two overlap."""

    text: str
    slots: tuple[Slot, ...]
