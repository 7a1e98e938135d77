"""The trees that sqlglot makes of tokens."""

from __future__ import annotations

from operator import attrgetter

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError

from t4t_core.sql.placeholders import dialect_called
from t4t_core.sql.token_groups import places

# What a text in quotes after them is read as.
_TYPES = frozenset(
    (
        TokenType.DATE,
        TokenType.INTERVAL,
        TokenType.TIME,
        TokenType.TIMESTAMP,
        TokenType.TIMESTAMPNTZ,
        TokenType.TIMESTAMPTZ,
        TokenType.TIMETZ,
    )
)
_LONG_TYPES = tuple([type_, "with", "time", "zone"] for type_ in ("timestamp", "time"))
_AFTER = frozenset((TokenType.DCOLON, TokenType.DOT))


def trees_of(
    text: str, tokens: list[Token], dialect: str, into: type[exp.Expr] | None = None
) -> list[exp.Expr | None]:
    """A tree for each statement; None for one that is empty.

    Args:
        text: What the tokens are from.
        tokens: Of the text, placeholders marked.
        dialect: The sqlglot dialect.
        into: What is read, such as a condition; a statement by default.

    Raises:
        ParseError: The text is broken.
        RecursionError: It is nested too deeply.
    """
    parser = dialect_called(dialect).parser()
    kinds = list(map(attrgetter("token_type"), tokens)) if dialect == "duckdb" else []
    if TokenType.STRING in kinds:
        tokens = _with_whole_literals(tokens, kinds)
    try:
        parsed = (
            parser.parse(tokens, text) if into is None else parser.parse_into(into, tokens, text)
        )
    except TypeError as error:
        # Compiled sqlglot (30.30) stops so where the plain one sees a part missing a step later.
        raise ParseError("something is missing") from error
    if TokenType.L_BRACKET in kinds:
        _keep_indexes(parsed)
    return parsed


def _with_whole_literals(tokens: list[Token], kinds: list[TokenType]) -> list[Token]:
    """The tokens with parentheses around `DATE '2024-01-01'` before `::` and `.`.

    sqlglot takes those for the text's, and the type for what is made of all of it.
    """
    found = list(tokens)
    for at in reversed(list(places(TokenType.STRING, kinds))):
        is_followed = at + 1 < len(kinds) and kinds[at + 1] in _AFTER
        length = _length_of_type(tokens, at) if is_followed else 0
        if length:
            first, last = tokens[at - length], tokens[at]
            opening = Token(TokenType.L_PAREN, "(", first.line, first.col, first.start, first.start)
            closing = Token(TokenType.R_PAREN, ")", last.line, last.col, last.end, last.end)
            found[at - length : at + 1] = [opening, *tokens[at - length : at + 1], closing]
    return found


def _length_of_type(tokens: list[Token], at: int) -> int:
    """How many tokens before a text say what it is read as; 0 for a text of its own."""
    words = [token.text.lower() for token in tokens[max(at - 4, 0) : at]]
    if words in _LONG_TYPES:
        return len(words)
    if not at or tokens[at - 1].token_type not in _TYPES:
        return 0
    is_name = at > 1 and tokens[at - 2].token_type is TokenType.DOT
    return 0 if is_name else 1


def _keep_indexes(parsed: list[exp.Expr | None]) -> None:
    """Has indexes of DuckDB's, which count from 1 and were read so, written as they are."""
    for tree in parsed:
        for bracket in () if tree is None else tree.find_all(exp.Bracket):
            if bracket.args.get("offset") is None:
                bracket.set("offset", 1)
