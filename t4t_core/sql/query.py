"""A model's text as one query."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError, VariableError
from t4t_core.sql.literals import literal
from t4t_core.sql.placeholders import Placeholder, masked, position, tokens_of
from t4t_core.sql.tables import TableRef, table_refs

_QUOTED_WORD = re.compile(r"[\"']?(?:name |with name |column )?[\"']?([A-Za-z_]\w*)[\"']?")
_CASED = (
    TokenType.STRING,
    TokenType.NATIONAL_STRING,
    TokenType.HEREDOC_STRING,
    TokenType.RAW_STRING,
    TokenType.BYTE_STRING,
    TokenType.UNICODE_STRING,
)


@dataclass(frozen=True, slots=True)
class Query:
    """One query with its placeholders still open.

    Attributes:
        text: What the user wrote.
        place: The file it stands in.
        tree: The parsed query; a placeholder is `exp.Placeholder`. Never changed: copy it first.
        placeholders: In the order of the text; a name may come more than once.
        tables: What it reads, each once, in the order of the text.
        fingerprint: SHA-256 over the tokens, so that comments and layout do not count.
    """

    text: str
    place: Place
    tree: exp.Expr = field(repr=False, compare=False, hash=False)
    placeholders: tuple[Placeholder, ...]
    tables: tuple[TableRef, ...]
    fingerprint: str
    dialect: str = "duckdb"

    def place_of_word_in(self, message: str) -> tuple[int | None, int | None]:
        """Where the first name that an error message puts in quotes stands in the text."""
        for word in _QUOTED_WORD.findall(message):
            for token in tokens_of(self.text, self.dialect):
                if token.text.lower() == word.lower():
                    return position(self.text, token.start)
        return None, None


def parse_query(text: str, place: Place, dialect: str = "duckdb") -> Query:
    """The query that a text holds.

    Args:
        text: One SELECT-like statement; a closing semicolon is allowed.
        place: The file, for errors.
        dialect: The sqlglot dialect the text is written in.

    Raises:
        SqlError: It is broken, empty, several statements, or no query.
    """
    try:
        tokens = tokens_of(text, dialect)
    except TokenError as error:
        raise SqlError(
            f"the SQL cannot be read: {error}", place=place, hint="close the quote or comment"
        ) from error
    tokens = _one_statement(text, tokens, place)
    _refuse_parameters(text, tokens, place)
    end = tokens[-1].end + 1
    masked_text, placeholders = masked(text[:end], tokens)
    try:
        tree = sqlglot.parse_one(masked_text, read=dialect)
    except ParseError as error:
        raise _parse_error(error, place) from error
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        line, column = position(text, tokens[0].start)
        raise SqlError(
            f"this is not a query but a {tree.key.upper()} statement",
            place=Place(place.file, line, column),
            hint="write only the SELECT; t4t makes the statements around it",
        )
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        raise SqlError(
            "SELECT INTO writes a table of its own",
            place=place,
            hint="leave INTO out; the model's name is the table",
        )
    return Query(
        text=text,
        place=place,
        tree=tree,
        placeholders=placeholders,
        tables=table_refs(tree),
        fingerprint=_fingerprint(tokens),
        dialect=dialect,
    )


def parse_condition(text: str, place: Place) -> tuple[exp.Expr, tuple[Placeholder, ...]]:
    """The boolean expression that a text holds, with its placeholders open.

    Raises:
        SqlError: It is not one expression.
    """
    try:
        tokens = tokens_of(text, "duckdb")
        masked_text, placeholders = masked(text, tokens)
        tree = sqlglot.parse_one(masked_text, read="duckdb", into=exp.Condition)
    except (ParseError, TokenError) as error:
        raise SqlError(f"{text!r} is not a condition: {_first_line(error)}", place=place) from error
    if any(token.token_type is TokenType.SEMICOLON for token in tokens) or isinstance(
        tree, exp.Query | exp.DDL | exp.Command
    ):
        raise SqlError(f"{text!r} is not a condition", place=place)
    return tree, placeholders


def with_values(
    tree: exp.Expr,
    placeholders: tuple[Placeholder, ...],
    values: Mapping[str, object],
    place: Place,
) -> exp.Expr:
    """A copy of the tree in which every placeholder is its variable's typed literal.

    Raises:
        VariableError: Nothing sets a placeholder, or its value has no literal.
    """
    for placeholder in placeholders:
        if placeholder.name not in values:
            raise unset_variable(
                placeholder.name, Place(place.file, placeholder.line, placeholder.column)
            )
    copied = tree.copy()
    if not placeholders:
        return copied
    return copied.transform(lambda node: _filled(node, values, place), copy=False)


def unset_variable(name: str, place: Place) -> VariableError:
    """The error for a placeholder that nothing sets."""
    return VariableError(
        f"nothing sets the placeholder @{name}",
        place=place,
        hint=f"pass --vars '{{\"{name}\": ...}}', or put `{name} = ...` under [vars] in "
        f"project.toml (in Dagster: config `vars` of t4t_io_manager); "
        f"for an absolute value write abs({name})",
    )


def _filled(node: exp.Expr, values: Mapping[str, object], place: Place) -> exp.Expr:
    if not isinstance(node, exp.Placeholder) or not node.name:
        return node
    try:
        return literal(values[node.name])
    except ValueError as error:
        raise VariableError(f"variable {node.name!r}: {error}", place=place) from error


def _one_statement(text: str, tokens: list[Token], place: Place) -> list[Token]:
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        raise SqlError("the file holds no query", place=place, hint="write a SELECT in it")
    for at, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            line, column = position(text, tokens[at + 1].start)
            raise SqlError(
                "a second statement begins here; a model is one query",
                place=Place(place.file, line, column),
                hint="put it into a model of its own",
            )
    return tokens


def _refuse_parameters(text: str, tokens: list[Token], place: Place) -> None:
    """`$name` and `?` are taken: a placeholder becomes one on its way through the parser."""
    for at, token in enumerate(tokens[:-1]):
        is_dollar = token.text == "$" and tokens[at + 1].start == token.end + 1
        if is_dollar or token.token_type is TokenType.PLACEHOLDER:
            line, column = position(text, token.start)
            raise SqlError(
                "a query parameter has nobody to fill it in",
                place=Place(place.file, line, column),
                hint="write a variable as @name",
            )


def _parse_error(error: ParseError, place: Place) -> SqlError:
    if not error.errors:
        return SqlError(f"the SQL cannot be read: {_first_line(error)}", place=place)
    first = error.errors[0]
    line, column = first.get("line"), first.get("col")
    word = first.get("highlight")
    near = f" near {word!r}" if word else ""
    start = None if column is None else max(column - len(word or "") + 1, 1)
    return SqlError(
        f"the SQL cannot be read{near}: {first.get('description')}",
        place=Place(place.file, line, start),
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _fingerprint(tokens: list[Token]) -> str:
    digest = hashlib.sha256()
    for token in tokens:
        kind = "s" if token.token_type in _CASED else "i"
        word = token.text if kind == "s" else token.text.lower()
        digest.update(f"{kind}{len(word)}:{word}".encode())
    return digest.hexdigest()
