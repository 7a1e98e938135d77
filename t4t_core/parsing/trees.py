"""The trees that sqlglot makes of tokens."""

from __future__ import annotations

from sqlglot import Token, exp
from sqlglot.errors import ParseError

from t4t_core.parsing.placeholders import dialect_called


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
    try:
        if into is None:
            return parser.parse(tokens, text)
        return parser.parse_into(into, tokens, text)
    except TypeError as error:
        # Compiled sqlglot (30.30) stops so where the plain one sees a part missing a step later.
        raise ParseError("something is missing") from error
