"""The text of a SQL test as a query.

Besides values it has names that are filled in, `@table_name` and `@column_name`, and a value may
have a default, `@least:10`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace
from sqlglot import Token, TokenType

from t4t_core.errors import Place
from t4t_core.parsing.defaults import Found, note_default, with_colon, with_filter
from t4t_core.parsing.placeholders import SPLIT, tokens_of
from t4t_core.parsing.query import parse_query
from t4t_core.sql.query import Query
from t4t_core.sql.slots import Slot
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.test_query import STAND_IN, TABLE_REF


def parse_test(text: str, place: Place, dialect: str) -> Query:
    """The query of a SQL test.

    Raises:
        SqlError: It is not one query, or a placeholder has two defaults.
    """
    defaults: dict[str, object] = {}
    named: list[Token] = []

    def prepared(text: str, tokens: Sequence[Token]) -> list[Token]:
        changed = _prepared(text, tokens, defaults, place)
        named.extend(token for token in changed if token.text in STAND_IN.values())
        return changed

    query = parse_query(text, place, dialect, prepared)
    if query.in_duckdb is not None:
        tokens = tokens_of(query.in_duckdb, "duckdb")
        named = [token for token in tokens if token.text in STAND_IN.values()]
    taken = {slot.end for slot in query.slots if slot.ref == TABLE_REF}
    names = (
        Slot("name", token.start, token.end + 1, TableRef("", "", token.text))
        for token in named
        if token.end + 1 not in taken
    )
    slots = sorted((*query.slots, *names), key=lambda slot: slot.start)
    tables = tuple(ref for ref in query.tables if ref != TABLE_REF)
    written = json.dumps(defaults, sort_keys=True)
    return replace(query, tables=tables, slots=tuple(slots), written_defaults=written)


def _prepared(
    text: str, tokens: Sequence[Token], defaults: dict[str, object], place: Place
) -> list[Token]:
    """The tokens with names as identifiers and without defaults, which are noted."""
    changed: list[Token] = []
    at = 0
    while at < len(tokens):
        found = with_colon(text, tokens, at) or with_filter(tokens, at)
        if found is None:
            changed.append(tokens[at])
            at += 1
            continue
        is_name = found.name in STAND_IN and found.kept[0].token_type is not TokenType.STRING
        changed += _as_identifier(found) if is_name else found.kept
        if found.default:
            note_default(found, text, defaults, place)
        at += found.used
    return changed


def _as_identifier(found: Found) -> list[Token]:
    first, last = found.kept[0], found.kept[-1]
    changed = []
    if first.text in SPLIT:
        kind, operator = SPLIT[first.text]
        changed.append(
            Token(kind, operator, first.line, first.col - 1, first.start, found.start - 1)
        )
    stand_in = STAND_IN[found.name]
    comments = last.comments
    changed.append(
        Token(TokenType.IDENTIFIER, stand_in, last.line, last.col, found.start, last.end, comments)
    )
    return changed
