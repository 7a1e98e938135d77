"""Where a SQL text has placeholders: `@name`, `{{ name }}`, and either of them in quotes.

They are found on tokens, before parsing: DuckDB's `@` is the absolute value, so a parser would read
`@start` as `abs(start)` and nothing would say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter

from sqlglot import Dialect, Token, TokenType, exp

from t4t_core.parsing.token_groups import length_of_type
from t4t_core.sql.reading import Placeholder
from t4t_core.sql.slots import Slot
from t4t_core.sql.table_ref import TableRef

_QUOTED = re.compile(r"@([^\W\d]\w*)|\{\{\s*([^\W\d]\w*)\s*\}\}")

# `a<@name` compares with a value. DuckDB's own operator is meant where a blank follows it.
SPLIT = {"<@": (TokenType.LT, "<"), "^@": (TokenType.CARET, "^")}


@cache
def dialect_called(name: str) -> Dialect:
    """The sqlglot dialect of a name, to read texts in."""
    if name != "duckdb":
        return Dialect.get_or_raise(name)
    # Nothing is read where all texts are as they were: to import it takes longer than the rest.
    from t4t_core.parsing.duckdb_as_written import DuckDBAsWritten

    return DuckDBAsWritten()


def tokens_of(text: str, dialect: str) -> list[Token]:
    """The tokens of a text.

    Raises:
        sqlglot.errors.TokenError: A quote or comment is never closed.
    """
    return dialect_called(dialect).tokenize(text)


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of an offset into a text."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def marked(
    text: str, tokens: Sequence[Token]
) -> tuple[list[Token], tuple[Placeholder, ...], list[Slot]]:
    """The tokens with each placeholder as the two of a query parameter, and what was found.

    They are changed as tokens, so that every dialect's parser reads them, and places stay those of
    the file. In a typed literal, `DATE '@start'`, the text is left to `with_parameters`.
    """
    changed: list[Token] = []
    found: list[Placeholder] = []
    slots: list[Slot] = []
    done = 0
    for at in candidates(text, tokens):
        if at < done:
            continue
        name, start, used = placeholder_at(text, tokens, at)
        if name is None:
            continue
        changed += tokens[done:at]
        line, column = position(text, start)
        found.append(Placeholder(name, line, column))
        first, last = tokens[at], tokens[at + used - 1]
        if first.text in SPLIT:
            kind, operator = SPLIT[first.text]
            changed.append(Token(kind, operator, first.line, first.col - 1, first.start, start - 1))
        words = _words_of_type(tokens, at)
        if words:
            changed.append(first)
            type_ = text[tokens[at - words].start : tokens[at - 1].end + 1]
            start = tokens[at - words].start
        else:
            type_ = ""
            changed.append(Token(TokenType.PARAMETER, "$", first.line, first.col, start, start))
            changed.append(
                Token(TokenType.VAR, name, last.line, last.col, start, last.end, last.comments)
            )
        slots.append(Slot("value", start, last.end + 1, TableRef("", "", name), as_type=type_))
        done = at + used
    return [*changed, *tokens[done:]], tuple(found), slots


def with_parameters(tree: exp.Expr) -> exp.Expr:
    """The tree of marked tokens, changed in place: every placeholder is `exp.Placeholder`."""
    replace_parameters(list(tree.dfs()))
    return tree


def replace_parameters(nodes: Iterable[exp.Expr]) -> bool:
    """The same for the nodes of a tree; gives whether it was changed."""
    is_changed = False
    for node in nodes:
        if isinstance(node, exp.Parameter | exp.SessionParameter):
            node.replace(exp.Placeholder(this=node.name))
            is_changed = True
        elif isinstance(node, exp.Cast):
            text = node.this
            if isinstance(text, exp.Literal) and text.is_string:
                quoted = _QUOTED.fullmatch(text.name.strip())
                if quoted is not None:
                    text.replace(exp.Placeholder(this=quoted[1] or quoted[2]))
                    is_changed = True
    return is_changed


def candidates(text: str, tokens: Sequence[Token]) -> list[int]:
    """The places of the tokens at which a placeholder may begin: few of a text's many."""
    if "@" not in text and "{" not in text:
        return []
    words = map(attrgetter("text"), tokens)
    return [at for at, word in enumerate(words) if "@" in word or "{" in word]


def placeholder_at(text: str, tokens: Sequence[Token], at: int) -> tuple[str | None, int, int]:
    """The placeholder that begins at a token: its name, its start and its number of tokens."""
    token = tokens[at]
    nothing = (None, 0, 0)
    if token.token_type is TokenType.STRING:
        quoted = _QUOTED.fullmatch(token.text.strip())
        return nothing if quoted is None else (quoted[1] or quoted[2], token.start, 1)
    if token.text == "@" or token.text in SPLIT:
        if at + 1 < len(tokens) and tokens[at + 1].start == token.end + 1:
            name = text[tokens[at + 1].start : tokens[at + 1].end + 1]
            if _is_name(name):
                return name, token.end, 2
        return nothing
    if token.text == "{" and at + 4 < len(tokens):
        inner = tokens[at + 1 : at + 5]
        name = text[inner[1].start : inner[1].end + 1]
        if [t.text for t in (inner[0], inner[2], inner[3])] == ["{", "}", "}"] and _is_name(name):
            return name, token.start, 5
    is_bare = token.text.startswith("@") and text[token.start] == "@"
    if is_bare and _is_name(token.text[1:]):
        return token.text[1:], token.start, 1
    return nothing


def _is_name(text: str) -> bool:
    return text.isidentifier()


def _words_of_type(tokens: Sequence[Token], at: int) -> int:
    """How many tokens before a placeholder in quotes say its type.

    INTERVAL is not counted: in `INTERVAL '@n' DAY` a number can stand.
    """
    is_text = at > 0 and tokens[at].token_type is TokenType.STRING
    if not is_text or tokens[at - 1].token_type is TokenType.INTERVAL:
        return 0
    return length_of_type(tokens, at)
