"""Where things are in a list of tokens: what closes a parenthesis, what is between commas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import Token, TokenType

_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
# What a text in quotes after them is read as.
_TYPES = frozenset(
    (
        TokenType.DATE,
        TokenType.DATETIME,
        TokenType.INTERVAL,
        TokenType.TIME,
        TokenType.TIMESTAMP,
        TokenType.TIMESTAMPNTZ,
        TokenType.TIMESTAMPTZ,
        TokenType.TIMETZ,
    )
)
_LONG_TYPES = tuple([type_, "with", "time", "zone"] for type_ in ("timestamp", "time"))


def outside_parentheses(tokens: Sequence[Token], start: int = 0) -> list[int]:
    """The places, from `start` on, that stand in no parentheses opened there."""
    found = []
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].token_type in _OPENING:
            depth += 1
        elif tokens[at].token_type in _CLOSING:
            depth -= 1
        elif depth == 0:
            found.append(at)
    return found


def closing(tokens: Sequence[Token], start: int) -> int | None:
    """The place of the parenthesis that closes the one at `start`, or None."""
    depth = 0
    for at in range(start, len(tokens)):
        depth += tokens[at].token_type in _OPENING
        depth -= tokens[at].token_type in _CLOSING
        if depth == 0:
            return at
    return None


def opening(tokens: Sequence[Token], end: int) -> int | None:
    """The place of the parenthesis that the one at `end` closes, or None."""
    depth = 0
    for at in range(end, -1, -1):
        depth += tokens[at].token_type in _CLOSING
        depth -= tokens[at].token_type in _OPENING
        if depth == 0:
            return at
    return None


def places(wanted: object, among: Sequence[object]) -> Iterator[int]:
    """Where something is among the texts or the kinds of tokens."""
    at = -1
    for _ in range(among.count(wanted)):
        at = among.index(wanted, at + 1)
        yield at


def between_commas(tokens: Sequence[Token]) -> list[list[Token]]:
    """The parts between commas, without empty ones."""
    commas = [at for at in outside_parentheses(tokens) if tokens[at].token_type is TokenType.COMMA]
    starts = [0, *(at + 1 for at in commas)]
    ends = [*commas, len(tokens)]
    return [list(tokens[a:b]) for a, b in zip(starts, ends, strict=True) if a < b]


def length_of_type(tokens: Sequence[Token], at: int) -> int:
    """How many tokens before a text say what it is read as; 0 for a text of its own."""
    words = [token.text.lower() for token in tokens[max(at - 4, 0) : at]]
    if words in _LONG_TYPES:
        return len(words)
    if not at or tokens[at - 1].token_type not in _TYPES:
        return 0
    is_name = at > 1 and tokens[at - 2].token_type is TokenType.DOT
    return 0 if is_name else 1
