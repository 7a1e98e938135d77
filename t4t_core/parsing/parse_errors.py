"""What is told of SQL that sqlglot cannot read."""

from __future__ import annotations

import re

from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.placeholders import position

_INNARDS = re.compile(r" (?:for|but got) <.*", re.DOTALL)
_KEYWORD = re.compile(r"Required keyword: '\w+' missing")

# sqlglot gives the line of the end and, after the colon, the offset of the beginning.
_MISSING = re.compile(r"Missing .+ from \d+:(\d+)")


def parse_error(error: ParseError | RecursionError, place: Place) -> SqlError:
    """The error for SQL that sqlglot cannot read."""
    if isinstance(error, RecursionError):
        # A few dozen parentheses within each other are as deep as Python's stack lets it go.
        hint = "take it apart: into models, CTEs or functions"
        return SqlError("the SQL is nested too deeply to be read", place=place, hint=hint)
    if not error.errors:
        return SqlError(f"the SQL cannot be read: {first_line(error)}", place=place)
    first = error.errors[0]
    # sqlglot shows objects of its own: "... missing for <class ...>", "... but got <Token ...>".
    description = _INNARDS.sub("", str(first.get("description")))
    # What it calls a keyword is its own name for a part of the statement.
    description = _KEYWORD.sub("something is missing here", description)
    line, column = first.get("line"), first.get("col")
    word = first.get("highlight")
    near = f" near {word!r}" if word else ""
    start = None if column is None else max(column - len(word or "") + 1, 1)
    return SqlError(
        f"the SQL cannot be read{near}: {description}",
        place=Place(place.file, line, start),
    )


def first_line(error: Exception) -> str:
    """The first line of an error's words."""
    return str(error).splitlines()[0]


def unclosed(error: TokenError, text: str, place: Place) -> Place:
    """Where the token begins that sqlglot did not find the end of."""
    # Raised from it, which compiled sqlglot (30.30) does not keep as the cause.
    found = _MISSING.search(str(error.__cause__ or error.__context__))
    start = int(found[1]) if found else text.rfind("/*")
    return place if start < 0 else Place(place.file, *position(text, start))
