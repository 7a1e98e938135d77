"""The metadata that stands in a comment of a SQL file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token
from sqlglot.errors import TokenError

from t4t_core.parsing.placeholders import tokens_of

_WORD = "metadata:"


def metadata_comment(text: str, tokens: Sequence[Token]) -> str | None:
    """What follows `metadata:` at the beginning of a comment; None where no comment begins so.

    All comments after it belong to it: JSON may go on over several comment lines.
    """
    if _WORD not in text:
        return None
    comments = [comment.strip() for token in tokens for comment in token.comments]
    for at, comment in enumerate(comments):
        if comment.startswith(_WORD):
            return "\n".join([comment.removeprefix(_WORD), *comments[at + 1 :]]).strip()
    return None


def comment_of(text: str, dialect: str) -> str | None:
    """The same of a text; None too where a quote or comment in it is never closed."""
    try:
        return metadata_comment(text, tokens_of(text, dialect))
    except TokenError:
        return None
