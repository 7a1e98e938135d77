"""Where a SQL text has placeholders: `@name`, `{{ name }}`, and either of them in quotes.

They are found on tokens, before parsing: DuckDB's `@` is the absolute value, so a parser would read
`@start` as `abs(start)` and nothing would say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlglot import Dialect, Token, TokenType

_QUOTED = re.compile(r"@([A-Za-z_]\w*)|\{\{\s*([A-Za-z_]\w*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name that a variable must give a value, and the 1-based place where it stands."""

    name: str
    line: int
    column: int


@cache
def _dialect(name: str) -> Dialect:
    return Dialect.get_or_raise(name)


def tokens_of(text: str, dialect: str) -> list[Token]:
    """The tokens of a text.

    Raises:
        sqlglot.errors.TokenError: A quote or comment is never closed.
    """
    return _dialect(dialect).tokenize(text)


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of an offset into a text."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def masked(text: str, tokens: Sequence[Token]) -> tuple[str, tuple[Placeholder, ...]]:
    """The text with each placeholder written as the SQL parameter `$name`, and what was found.

    The masked text is as long as the text, line by line, so that places in it are places in the
    file. (One blank more stands before a placeholder that follows a word directly.)
    """
    parts: list[str] = []
    found: list[Placeholder] = []
    done = 0
    at = 0
    while at < len(tokens):
        name, start, end, used = _placeholder_at(text, tokens, at)
        if name is None:
            at += 1
            continue
        line, column = position(text, start)
        found.append(Placeholder(name, line, column))
        parameter = f"${name}"
        if start and (text[start - 1].isalnum() or text[start - 1] in '_$"'):
            parameter = " " + parameter
        parts += [text[done:start], parameter.ljust(end - start)]
        done = end
        at += used
    parts.append(text[done:])
    return "".join(parts), tuple(found)


def _placeholder_at(
    text: str, tokens: Sequence[Token], at: int
) -> tuple[str | None, int, int, int]:
    """The placeholder that begins at a token: its name, start, end and number of tokens."""
    token = tokens[at]
    if token.token_type is TokenType.STRING:
        quoted = _QUOTED.fullmatch(token.text.strip())
        name = (quoted[1] or quoted[2]) if quoted else None
        return name, token.start, token.end + 1, 1
    if text[token.start] == "@":
        return _at_sign(text, tokens, at)
    if token.text == "{" and len(tokens) > at + 4:
        opening, inner, *closing = tokens[at + 1 : at + 5]
        name = text[inner.start : inner.end + 1]
        if [opening.text, *(brace.text for brace in closing)] == ["{", "}", "}"] and _is_name(name):
            return name, token.start, closing[-1].end + 1, 5
    return None, 0, 0, 0


def _at_sign(text: str, tokens: Sequence[Token], at: int) -> tuple[str | None, int, int, int]:
    """`@name`, which is one token in some dialects and two in DuckDB's."""
    token = tokens[at]
    last, used = token, 1
    if token.text == "@" and at + 1 < len(tokens) and tokens[at + 1].start == token.end + 1:
        last, used = tokens[at + 1], 2
    name = text[token.start + 1 : last.end + 1]
    return (name if _is_name(name) else None), token.start, last.end + 1, used


def _is_name(text: str) -> bool:
    return text.isidentifier()
