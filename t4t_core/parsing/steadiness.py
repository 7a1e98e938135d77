"""Whether a text gives the same rows whenever it reads the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Final

from sqlglot import Token, TokenType

from t4t_core.parsing.fingerprint import CASED
from t4t_core.parsing.token_groups import closing, opening, places
from t4t_core.sql.steady_names import IN_WITH, NO_CALLS, STEADY

# Each gives something that no table says: the moment, a sample, who asks, what the catalog lists,
# where a row lies. DuckDB takes the first ones without parentheses, even in quotes.
_UNSTEADY: Final = frozenset(
    (
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_catalog",
        "current_schema",
        "current_role",
        "current_user",
        "session_user",
        "tablesample",
        "describe",
        "show",
        "summarize",
        "rowid",
    )
)
# A WITH may hold a statement that writes (DuckDB 2.0). Its words are none of a name's in quotes.
_WRITERS: Final = {"insert": ("into", "or"), "delete": ("from",), "merge": ("into",)}
_BEFORE_ALIASES: Final = frozenset({"as", "with", "recursive"})
_BEFORE_ROWS: Final = frozenset({"from", "join", "lateral", ","})
_BEFORE_QUERY: Final = frozenset({"not", "materialized", "not materialized"})
_QUERY: Final = frozenset(
    """
    select from with values table pivot unpivot insert update delete merge describe show summarize
    """.split()  # noqa: SIM905  a list of strings would fill a screen
)
_TEXTS: Final = CASED | {TokenType.NUMBER, TokenType.BIT_STRING, TokenType.HEX_STRING}
# Last words that may say so without a parenthesis after them, and first ones that may.
_LAST: Final = _UNSTEADY | {"sample"}
_FIRST: Final = frozenset(_WRITERS) | {"update"}


def unsteady(tokens: Sequence[Token]) -> tuple[str, ...]:
    """What in a text may give other rows although the tables it reads are the same.

    `random()` or `current_date`, each once, in lower case. A call of anything that is not known to
    be steady is among them, the project's own functions too. It is told by the text alone, as
    DuckDB reads it: sqlglot has one node for functions of several names.
    """
    found: dict[str, None] = {}
    for at in _suspects(list(map(attrgetter("text"), tokens))):
        token = tokens[at]
        if not _is_word(token):
            continue
        word = _last_word(token)
        if at + 1 < len(tokens) and tokens[at + 1].token_type is TokenType.L_PAREN:
            name = _called(tokens, at)
            is_word = name in NO_CALLS and token.token_type is not TokenType.IDENTIFIER
            if not is_word and name not in STEADY and not _is_alias(tokens, at):
                found[f"{name}()"] = None
        elif word in _UNSTEADY and (word == "rowid" or not _follows_dot(tokens, at)):
            found[word] = None
        elif word == "sample" and at and _last_word(tokens[at - 1]) == "using":
            found["using sample"] = None
        elif _writes(tokens, at):
            found[f"{word}{IN_WITH}"] = None
    return tuple(found)


def _suspects(texts: Sequence[str]) -> list[int]:
    """The places that have to be looked at, told by the texts of tokens alone: few of many."""
    calls = (at - 1 for at in places("(", texts) if at)
    suspects = {at for at in calls if texts[at - 1] == "." or not _is_steady(texts[at])}
    for text in set(texts):
        if _is_suspicious(text):
            suspects.update(places(text, texts))
    return sorted(suspects)


@lru_cache(maxsize=4096)
def _is_steady(text: str) -> bool:
    """Whether a token of this text, with no dot before it, is steady where it is called."""
    return text.lower() in STEADY


@lru_cache(maxsize=4096)
def _is_suspicious(text: str) -> bool:
    """Whether a token of this text may be unsteady where no parenthesis follows."""
    words = text.lower().split() or [""]
    return words[-1] in _LAST or words[0] in _FIRST


def _writes(tokens: Sequence[Token], at: int) -> bool:
    """Whether a statement that writes rows begins here; `(update ...` is always taken for one."""
    if tokens[at].token_type is TokenType.IDENTIFIER:
        return False
    words = tokens[at].text.lower().split()
    words += [_last_word(token) for token in tokens[at + 1 : at + 2]]
    if words[0] == "update":
        return at > 0 and tokens[at - 1].text in "()"
    return len(words) > 1 and words[1] in _WRITERS.get(words[0], ())


def _is_word(token: Token) -> bool:
    if token.token_type is TokenType.IDENTIFIER:
        return True
    return token.token_type not in _TEXTS and (token.text[:1].isalpha() or token.text[:1] == "_")


def _last_word(token: Token) -> str:
    """`by` of `GROUP BY`, which is one token."""
    text = token.text.lower()
    return text if token.token_type is TokenType.IDENTIFIER else text.rpartition(" ")[2]


def _follows_dot(tokens: Sequence[Token], at: int) -> bool:
    return at > 0 and tokens[at - 1].token_type is TokenType.DOT


def _called(tokens: Sequence[Token], at: int) -> str:
    """What is called: `schema.name`; `name` where it is called on a value, as in `'a'.upper()`.

    `a.upper()` may be a function in the schema `a`, or called on the column `a`.
    """
    name = _last_word(tokens[at])
    while _follows_dot(tokens, at) and at > 1 and _is_word(tokens[at - 2]):
        at -= 2
        name = f"{_last_word(tokens[at])}.{name}"
    return name


def _is_alias(tokens: Sequence[Token], at: int) -> bool:
    """Whether the parenthesis holds the columns of an alias: `AS t(a, b)`, `, t(a, b) AS (`."""
    if at and (_last_word(tokens[at - 1]) in _BEFORE_ALIASES or _is_after_rows(tokens, at)):
        return True
    end = closing(tokens, at + 1)
    if end is None or end + 2 >= len(tokens) or tokens[end + 1].text.lower() != "as":
        return False
    following = end + 2
    while following < len(tokens) - 1 and tokens[following].text.lower() in _BEFORE_QUERY:
        following += 1
    is_body = following + 2 < len(tokens) and tokens[following].token_type is TokenType.L_PAREN
    return is_body and _is_query(tokens, following + 1)


def _is_after_rows(tokens: Sequence[Token], at: int) -> bool:
    """Whether rows in parentheses stand before it: `FROM f(x) t(a)`, `JOIN (SELECT 1) t(a)`.

    What follows the columns of DISTINCT ON is a call.
    """
    is_name = tokens[at].token_type in (TokenType.VAR, TokenType.IDENTIFIER)  # no TABLESAMPLE
    if not is_name or tokens[at - 1].token_type is not TokenType.R_PAREN:
        return False
    start = opening(tokens, at - 1)
    if not start:
        return False
    before = start - 1
    if _is_word(tokens[before]) and _last_word(tokens[before]) not in _BEFORE_ROWS:
        while _follows_dot(tokens, before) and before > 1:
            before -= 2
        before -= 1
    return before >= 0 and _last_word(tokens[before]) in _BEFORE_ROWS


def _is_query(tokens: Sequence[Token], at: int) -> bool:
    """Whether a query begins here, and not the columns of an alias: `f() AS (a, b)`."""
    if tokens[at].token_type is TokenType.L_PAREN:
        return True
    is_quoted = tokens[at].token_type is TokenType.IDENTIFIER
    word = tokens[at].text.lower().partition(" ")[0]
    return not is_quoted and word in _QUERY and tokens[at + 1].text not in (",", ")")
