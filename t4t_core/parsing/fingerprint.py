"""A hash of SQL that comments and layout do not change."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from operator import attrgetter

from sqlglot import Token, TokenType

from t4t_core.names import is_plain

# Kinds of tokens whose text is taken as it is written.
CASED = frozenset(
    (
        TokenType.STRING,
        TokenType.NATIONAL_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.RAW_STRING,
        TokenType.BYTE_STRING,
        TokenType.UNICODE_STRING,
    )
)


def fingerprint_of(tokens: list[Token]) -> str:
    """SHA-256 over tokens, without comments and layout."""
    kinds, words = map(attrgetter("token_type"), tokens), map(attrgetter("text"), tokens)
    return hashlib.sha256("".join(map(_part, kinds, words)).encode()).hexdigest()


@lru_cache(maxsize=4096)
def _part(kind: TokenType, word: str) -> str:
    """What one token adds; the same words come again and again."""
    if kind in CASED:
        return f"s{len(word)}:{word}"
    if kind is not TokenType.IDENTIFIER:
        word = word.lower()
    elif not is_plain(word):
        return f"q{len(word)}:{word}"  # "null" in quotes is a column
    return f"i{len(word)}:{word}"
