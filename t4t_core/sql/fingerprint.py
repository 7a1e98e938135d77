"""A hash of SQL that comments and layout do not change."""

from __future__ import annotations

import hashlib

from sqlglot import Token, TokenType

from t4t_core.names import is_plain

# Kinds of tokens whose text is taken as it is written.
CASED = (
    TokenType.STRING,
    TokenType.NATIONAL_STRING,
    TokenType.HEREDOC_STRING,
    TokenType.RAW_STRING,
    TokenType.BYTE_STRING,
    TokenType.UNICODE_STRING,
)


def fingerprint_of(tokens: list[Token]) -> str:
    """SHA-256 over tokens, without comments and layout."""
    parts = []
    for token in tokens:
        kind = "s" if token.token_type in CASED else "i"
        if token.token_type is TokenType.IDENTIFIER and not is_plain(token.text):
            kind = "q"  # "null" in quotes is a column
        is_cased = kind == "s" or token.token_type is TokenType.IDENTIFIER
        word = token.text if is_cased else token.text.lower()
        parts.append(f"{kind}{len(word)}:{word}")
    return hashlib.sha256("".join(parts).encode()).hexdigest()
