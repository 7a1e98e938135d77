"""Arrays of a fixed length on their way through an outer join.

On the side that may have no row DuckDB 2.0.0 gives other values of them, or an error, once a row
without one came before. As lists they stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from t4t_core.sql.names import cast, column, identifier, named
from t4t_core.sql.text import Sql, listed, sql, subquery

# A name or a text in quotes, as of a field or in an ENUM, may hold brackets too.
_LENGTHS = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\[\d+\]""")


def has_fixed_array(type_: str) -> bool:
    """Whether a value of the type is, or holds, an array of a fixed length."""
    return _as_lists(type_) != type_


def with_lists(table: Sql, alias: str, types: Mapping[str, str]) -> Sql:
    """A table for the side of an outer join that may have no row: its arrays are lists.

    Args:
        table: The table.
        alias: What its columns are qualified by.
        types: Of the columns that are used, by their names.
    """
    replaced = lists_in(types)
    if not replaced:
        return named(table, alias)
    rows = sql("SELECT *{replaced}\nFROM {table}", replaced=replaced, table=table)
    return subquery(rows, identifier(alias))


def lists_in(types: Mapping[str, str], alias: str | None = None) -> Sql:
    """What follows a star to get arrays as lists; empty where there are none."""
    replaced = [
        named(cast(column(name, alias), _as_lists(type_)), name)
        for name, type_ in types.items()
        if has_fixed_array(type_)
    ]
    return sql(" REPLACE ({values})", values=listed(replaced)) if replaced else Sql("")


def as_it_was(value: Sql, type_: str) -> Sql:
    """A value of `with_lists` in its own type again."""
    return cast(value, type_) if has_fixed_array(type_) else value


def _as_lists(type_: str) -> str:
    return _LENGTHS.sub(lambda found: "[]" if found[0][0] == "[" else found[0], type_)
