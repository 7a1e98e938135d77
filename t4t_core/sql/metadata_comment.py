"""The metadata that stands in a comment of a SQL file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token

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
