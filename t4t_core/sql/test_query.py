"""The text of a SQL test as a query.

Besides values it has names that are filled in, `@table_name` and `@column_name`, and a value may
have a default, `@least:10`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import Token, TokenType, exp

from t4t_core.errors import Place, SqlError
from t4t_core.sql.names import identifier
from t4t_core.sql.placeholders import SPLIT, placeholder_at, position
from t4t_core.sql.query import Query, parse_query
from t4t_core.sql.tables import TableRef, with_tables

TABLE, COLUMN = "table_name", "column_name"

# What stands for the names until they are known; nobody calls a table so.
_STAND_IN = {TABLE: "t4t:table_name", COLUMN: "t4t:column_name"}
_TABLE_REF = TableRef("", "", _STAND_IN[TABLE])
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None}


def parse_test(text: str, place: Place, dialect: str) -> tuple[Query, dict[str, object]]:
    """The query of a SQL test, and the defaults of its placeholders by their names.

    Raises:
        SqlError: It is not one query, or a placeholder has two defaults.
    """
    defaults: dict[str, object] = {}
    query = parse_query(
        text, place, dialect, lambda text, tokens: _prepared(text, tokens, defaults, place)
    )
    tables = tuple(ref for ref in query.tables if ref != _TABLE_REF)
    return replace(query, tables=tables), defaults


def names_in(query: Query) -> frozenset[str]:
    """Which of `table_name` and `column_name` a test's query mentions."""
    found = {node.name for node in query.tree.find_all(exp.Identifier)}
    named = {name for name, stand_in in _STAND_IN.items() if stand_in in found}
    in_quotes = {placeholder.name for placeholder in query.placeholders} & set(_STAND_IN)
    return frozenset(named | in_quotes)


def with_names(tree: exp.Expr, table: exp.Expr, name: str, column: str | None) -> exp.Expr:
    """The tree, changed in place, with the table and the column where their names stand.

    Args:
        tree: Of a test's query.
        table: What is read for `@table_name`.
        name: What the table's columns are qualified by.
        column: The column; None where the test names none.
    """
    tree = with_tables(tree, lambda ref: table.copy() if ref == _TABLE_REF else None)
    names = {_STAND_IN[TABLE]: name, _STAND_IN[COLUMN]: column}
    for node in list(tree.find_all(exp.Identifier)):
        meant = names.get(node.name)
        if meant is not None:
            node.replace(identifier(meant))
    return tree


@dataclass(frozen=True, slots=True)
class _Found:
    """A placeholder among tokens: what is kept of it, its default, and how many tokens it takes."""

    name: str
    start: int
    kept: Sequence[Token]
    default: Sequence[Token]
    used: int


def _prepared(
    text: str, tokens: Sequence[Token], defaults: dict[str, object], place: Place
) -> list[Token]:
    """The tokens with names as identifiers and without defaults, which are noted."""
    changed: list[Token] = []
    at = 0
    while at < len(tokens):
        found = _with_colon(text, tokens, at) or _with_filter(tokens, at)
        if found is None:
            changed.append(tokens[at])
            at += 1
            continue
        is_name = found.name in _STAND_IN and found.kept[0].token_type is not TokenType.STRING
        changed += _as_identifier(found) if is_name else found.kept
        if found.default:
            value = _value(found.default)
            if defaults.setdefault(found.name, value) != value:
                raise SqlError(
                    f"@{found.name} has two defaults",
                    place=Place(place.file, *position(text, found.start)),
                    hint="write it once; it counts for the whole test",
                )
        at += found.used
    return changed


def _with_colon(text: str, tokens: Sequence[Token], at: int) -> _Found | None:
    """A placeholder, `@name`, or one with a default, `@name:10`; no blank stands inside."""
    name, start, used = placeholder_at(text, tokens, at)
    if name is None:
        return None
    kept, after = tokens[at : at + used], at + used
    default: Sequence[Token] = ()
    is_default = after < len(tokens) and tokens[after].token_type is TokenType.COLON
    if is_default and kept[0].token_type is not TokenType.STRING and _touches(tokens, after):
        default = _literal(tokens, after + 1) if _touches(tokens, after + 1) else ()
    return _Found(name, start, kept, default, used + (1 + len(default) if default else 0))


def _with_filter(tokens: Sequence[Token], at: int) -> _Found | None:
    """`{{ name | default(10) }}`."""
    if [token.text.lower() for token in tokens[at : at + 2]] != ["{", "{"]:
        return None
    if [token.text.lower() for token in tokens[at + 3 : at + 6]] != ["|", "default", "("]:
        return None
    default = _literal(tokens, at + 6)
    closing = tokens[at + 6 + len(default) :][:3]
    if not default or [token.text for token in closing] != [")", "}", "}"]:
        return None
    kept = [*tokens[at : at + 3], *closing[1:]]
    return _Found(tokens[at + 2].text, tokens[at].start, kept, default, 9 + len(default))


def _touches(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token follows the one before it without a blank."""
    return at < len(tokens) and tokens[at].start == tokens[at - 1].end + 1


def _literal(tokens: Sequence[Token], at: int) -> Sequence[Token]:
    """The tokens of the literal that begins here; none where there is no literal."""
    for token in tokens[at : at + 1]:
        if token.token_type in (TokenType.NUMBER, TokenType.STRING) or token.text.lower() in _WORDS:
            return tokens[at : at + 1]
        is_number_next = [t.token_type for t in tokens[at + 1 : at + 2]] == [TokenType.NUMBER]
        if token.token_type is TokenType.DASH and is_number_next:
            return tokens[at : at + 2]
    return ()


def _value(tokens: Sequence[Token]) -> object:
    *sign, last = tokens
    if last.token_type is TokenType.STRING:
        return last.text
    if last.text.lower() in _WORDS:
        return _WORDS[last.text.lower()]
    text = ("-" if sign else "") + last.text
    return int(text) if last.text.isdigit() else float(text)


def _as_identifier(found: _Found) -> list[Token]:
    first, last = found.kept[0], found.kept[-1]
    changed = []
    if first.text in SPLIT:
        kind, operator = SPLIT[first.text]
        changed.append(
            Token(kind, operator, first.line, first.col - 1, first.start, found.start - 1)
        )
    stand_in = _STAND_IN[found.name]
    comments = last.comments
    changed.append(
        Token(TokenType.IDENTIFIER, stand_in, last.line, last.col, found.start, last.end, comments)
    )
    return changed
