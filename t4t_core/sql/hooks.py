"""Statements of the user's own that stand around a model's, with their placeholders.

They may be any statement of DuckDB's, so they are never parsed to be run: a placeholder's value is
put in its place in the text, as a literal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError, VariableError
from t4t_core.names import TableName
from t4t_core.sql.filled import refuse_misplaced, unset_variable
from t4t_core.sql.literals import literal
from t4t_core.sql.names import rendered, table
from t4t_core.sql.placeholders import (
    Span,
    marked,
    spans,
    tokens_of,
    with_parameters,
)
from t4t_core.sql.trees import trees_of

THIS = frozenset({"table_name", "this"})
"""The names that stand for the model's own table."""

# The model's transaction is t4t's, and so is the database that names are looked up in.
_FORBIDDEN = frozenset(
    {"BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK", "ATTACH", "DETACH", "USE"}
)


@dataclass(frozen=True, slots=True)
class Hook:
    """One statement with its placeholders still open.

    Attributes:
        key: Of the metadata: `pre_hook` or `post_hook`.
        place: The file it stands in.
    """

    key: str
    text: str
    place: Place
    placeholders: tuple[Span, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that it needs."""
        return tuple(span.name for span in self.placeholders if span.name not in THIS)


def parse_hook(key: str, text: str, place: Place) -> Hook:
    """The hook that a text holds.

    Raises:
        SqlError: It is no single statement, ends the transaction, or a value stands for a name.
    """
    try:
        # sqlglot takes what follows some first words, such as CALL, for one text.
        tokens = tokens_of(f"({text}", "duckdb")[1:]
    except TokenError as error:
        raise SqlError(f"{key}: a quote or comment is never closed", place=place) from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        raise SqlError(f"{key} holds no statement", place=place)
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise SqlError(
            f"{key}: a second statement begins after the first",
            place=place,
            hint="write a list with one statement each",
        )
    word = tokens[0].text.upper()
    if word in _FORBIDDEN:
        raise SqlError(
            f"{key} begins with {word}, which a hook must not do",
            place=place,
            hint="a hook runs in the model's own transaction, which t4t begins and commits",
        )
    found = tuple(
        replace(span, start=span.start - 1, end=span.end - 1) for span in spans(f"({text}", tokens)
    )
    typed = next((span.name for span in found if span.is_typed), None)
    if typed is not None:
        raise SqlError(
            f"{key}: a type stands before '@{typed}', which is a value with a type of its own",
            place=place,
            hint=f"write CAST(@{typed} AS DATE) in place of DATE '@{typed}'",
        )
    text = text[: tokens[-1].end]
    _refuse_names(key, text, found, place)
    return Hook(key, text, place, found)


def hook_statement(hook: Hook, name: TableName, catalog: str, values: Mapping[str, object]) -> str:
    """The statement, with the model's table and the values of variables in it.

    In quotes, `'@table_name'`, the table's name is text.

    Raises:
        VariableError: A variable has no value, or its value has no literal.
    """
    parts, at = [], 0
    for span in hook.placeholders:
        parts += [hook.text[at : span.start], _replacement(span, hook, name, catalog, values)]
        at = span.end
    return "".join([*parts, hook.text[at:]])


def _replacement(
    span: Span, hook: Hook, name: TableName, catalog: str, values: Mapping[str, object]
) -> str:
    if span.name in THIS:
        return rendered(literal(str(name)) if span.is_quoted else table(name, catalog))
    if span.name not in values:
        raise unset_variable(span.name, hook.place)
    try:
        return rendered(literal(values[span.name]))
    except ValueError as error:
        raise VariableError(f"variable {span.name!r}: {error}", place=hook.place) from error


def _refuse_names(key: str, text: str, found: tuple[Span, ...], place: Place) -> None:
    """A variable's value must not decide which table or file a statement is about.

    Raises:
        SqlError: It could, or sqlglot cannot tell.
    """
    variables = [span for span in found if span.name not in THIS]
    if not variables:
        return
    parts, at = [], 0
    for span in found:
        if span.name in THIS:
            parts += [text[at : span.start], "'t'" if span.is_quoted else "t"]
            at = span.end
    readable = "".join([*parts, text[at:]])
    changed, placeholders = marked(readable, tokens_of(readable, "duckdb"))
    tree = _tree(changed, readable)
    if tree is None or tree.find(exp.Command):
        raise SqlError(
            f"{key}: whether @{variables[0].name} is a value here cannot be told",
            place=place,
            hint="a variable can stand in SELECT, INSERT, UPDATE, DELETE and MERGE, where a value "
            "can; @table_name can stand in every statement",
        )
    refuse_misplaced(with_parameters(tree).dfs(), placeholders, place)


def _tree(tokens: list[Token], text: str) -> exp.Expr | None:
    try:
        parsed = trees_of(text, tokens, "duckdb")
    except ParseError:
        return None
    return parsed[0] if len(parsed) == 1 else None
