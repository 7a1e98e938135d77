"""A model's text as one query."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError
from t4t_core.sql.calls import calls_among
from t4t_core.sql.calls_as_written import note_calls
from t4t_core.sql.files import names_relative_files
from t4t_core.sql.filled import refuse_misplaced
from t4t_core.sql.fingerprint import CASED, fingerprint_of
from t4t_core.sql.metadata_comment import metadata_comment
from t4t_core.sql.nodes import nodes_of
from t4t_core.sql.parse_errors import first_line, parse_error, unclosed
from t4t_core.sql.placeholders import (
    Placeholder,
    candidates,
    marked,
    position,
    replace_parameters,
    tokens_of,
    with_parameters,
)
from t4t_core.sql.reading import LazyTree, Reading, said
from t4t_core.sql.steadiness import unsteady
from t4t_core.sql.tables import tables_among
from t4t_core.sql.trees import trees_of

# How DuckDB names what it does not find or cannot convert.
_NAMED = re.compile(r'"([^"]+)"|with name (\S+) does not exist|source column (\w+)')


@dataclass(frozen=True, slots=True)
class Query(Reading):
    """One query with its placeholders still open.

    Attributes:
        text: What the user wrote.
        place: The file it stands in.
        dialect: The sqlglot dialect it is written in.
    """

    text: str
    place: Place
    dialect: str
    syntax: LazyTree = field(repr=False, compare=False, hash=False)

    @property
    def statement(self) -> str:
        """The text up to the query's last word."""
        return self.text[: self.end]

    @property
    def defaults(self) -> Mapping[str, object]:
        """What placeholders take that no variable sets, by their names."""
        found: dict[str, object] = json.loads(self.written_defaults)
        return found

    @property
    def tree(self) -> exp.Expr:
        """The parsed query; a placeholder is `exp.Placeholder`. Never changed: copy it first."""
        return self.syntax.tree

    @property
    def tree_to_run(self) -> exp.Expr:
        """The same, with calls as the user wrote them. Never changed: copy it first."""
        return self.syntax.as_written

    def place_of(self, message: str, sql: str, offset: int | None) -> tuple[int | None, int | None]:
        """The line and column that an error about a statement made from this query speaks of.

        Both are None where that is not certain: no place is better than a wrong one.

        Args:
            message: The error's words.
            sql: The statement.
            offset: Where in the statement the database saw the error.
        """
        written = tokens_of(self.text, self.dialect)
        ran = tokens_of(sql, "duckdb")
        at_fault = next((t for t in ran if offset is not None and t.start <= offset <= t.end), None)
        if at_fault is not None:
            alike = _alike(at_fault.text, written)
            alike_in_sql = _alike(at_fault.text, ran)
            starts = [token.start for token in alike_in_sql]
            if len(alike) == len(alike_in_sql) and at_fault.start in starts:
                return position(self.text, alike[starts.index(at_fault.start)].start)
        named = _NAMED.search(message.partition("Candidate")[0])
        if named is not None:
            alike = _alike(next(filter(None, named.groups())).rpartition(".")[2], written)
            if len(alike) == 1:
                return position(self.text, alike[0].start)
        return None, None


def parse_query(
    text: str,
    place: Place,
    dialect: str = "duckdb",
    prepared: Callable[[str, list[Token]], list[Token]] | None = None,
) -> Query:
    """The query that a text holds.

    Args:
        text: One SELECT-like statement; a closing semicolon is allowed.
        place: The file, for errors.
        dialect: The sqlglot dialect the text is written in.
        prepared: Gives the tokens in which placeholders are looked for, from the text and its own.

    Raises:
        SqlError: It is broken, empty, several statements, or no query.
    """
    try:
        tokens = tokens_of(text, dialect)
    except TokenError as error:
        raise SqlError(
            "a quote or comment that begins here is never closed",
            place=unclosed(error, text, place),
            hint="close it",
        ) from error
    metadata = metadata_comment(text, tokens)
    tokens = _one_statement(text, tokens, place)
    refuse_parameters(text, tokens, place)
    changed = tokens
    placeholders: tuple[Placeholder, ...] = ()
    if candidates(tokens):
        if prepared is not None:
            tokens = prepared(text, tokens)
        changed, placeholders = marked(text, tokens)
    try:
        tree = _tree(trees_of(text, changed, dialect))
    except (ParseError, RecursionError) as error:
        raise parse_error(error, place) from error
    nodes = nodes_of(tree)
    if replace_parameters(nodes):
        nodes = nodes_of(tree)
    if dialect == "duckdb":
        note_calls(nodes, text, changed)
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        line, column = position(text, tokens[0].start)
        raise SqlError(
            f"this is not a query but the statement {tree.key.upper()}",
            place=Place(place.file, line, column),
            hint="write only the SELECT; t4t makes the statements around it",
        )
    refuse_misplaced(nodes, placeholders, place)
    if any(isinstance(node, exp.Select) and not node.expressions for node in nodes):
        raise SqlError("a SELECT selects nothing", place=place, hint="name columns, or write *")
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        raise SqlError(
            "SELECT INTO writes a table of its own",
            place=place,
            hint="leave INTO out; the model's name is the table",
        )
    return Query(
        end=tokens[-1].end + 1,
        placeholders=placeholders,
        tables=tables_among(nodes),
        calls=calls_among(nodes),
        fingerprint=fingerprint_of(changed),
        is_select=isinstance(tree, exp.Query),
        has_relative_files=names_relative_files(nodes),
        metadata=metadata,
        written_defaults="{}",
        unsteady=unsteady(tokens if dialect == "duckdb" else _in_duckdb(tree, dialect, place)),
        text=text,
        place=place,
        dialect=dialect,
        syntax=LazyTree(lambda: tree),
    )


def _in_duckdb(tree: exp.Expr, dialect: str, place: Place) -> list[Token]:
    """The tokens of a query of another dialect as DuckDB gets it."""
    try:
        return tokens_of(tree.sql("duckdb"), "duckdb")
    except (TokenError, RecursionError) as error:
        raise SqlError(
            f"what sqlglot makes of this {dialect} query cannot be read as DuckDB's SQL",
            place=place,
            hint="write it with words that both have, or in DuckDB's SQL",
        ) from error


def reading_of(query: Query) -> Reading:
    """What a query's text says, without the text."""
    return Reading(**said(query))


def parse_condition(text: str, place: Place) -> tuple[exp.Expr, tuple[Placeholder, ...], str]:
    """The boolean expression that a text holds, its open placeholders, and its fingerprint.

    Raises:
        SqlError: It is not one expression.
    """
    try:
        tokens = tokens_of(text, "duckdb")
        changed, placeholders = marked(text, tokens)
        tree = with_parameters(_tree(trees_of(text, changed, "duckdb", exp.Condition)))
        note_calls(tree.dfs(), text, changed)
    except (ParseError, TokenError, RecursionError) as error:
        raise SqlError(f"{text!r} is not a condition: {first_line(error)}", place=place) from error
    if any(token.token_type is TokenType.SEMICOLON for token in tokens) or isinstance(
        tree, exp.Query | exp.DDL | exp.Command
    ):
        raise SqlError(f"{text!r} is not a condition", place=place)
    refuse_misplaced(tree.dfs(), placeholders, place)
    return tree, placeholders, fingerprint_of(changed)


def _alike(name: str, tokens: list[Token]) -> list[Token]:
    return [t for t in tokens if t.text.lower() == name.lower() and t.token_type not in CASED]


def _one_statement(text: str, tokens: list[Token], place: Place) -> list[Token]:
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        raise SqlError("the file holds no query", place=place, hint="write a SELECT in it")
    for at, token in enumerate(tokens if ";" in text else ()):
        if token.token_type is TokenType.SEMICOLON:
            line, column = position(text, tokens[at + 1].start)
            raise SqlError(
                "a second statement begins here; a model is one query",
                place=Place(place.file, line, column),
                hint="put it into a model of its own",
            )
    return tokens


def refuse_parameters(text: str, tokens: list[Token], place: Place) -> None:
    """`$name` and `?` are taken: a placeholder becomes one on its way through the parser."""
    if "$" not in text and "?" not in text:
        return
    for at, token in enumerate(tokens):
        following = tokens[at + 1 : at + 2]
        is_sign = token.token_type is TokenType.PARAMETER and token.text == "$"
        is_dollar = is_sign and following and following[0].start == token.end + 1
        if is_dollar or token.token_type is TokenType.PLACEHOLDER:
            line, column = position(text, token.start)
            raise SqlError(
                "a query parameter has nobody to fill it in",
                place=Place(place.file, line, column),
                hint="write a variable as @name",
            )


def _tree(parsed: list[exp.Expr | None]) -> exp.Expr:
    """The one tree that a parser gave.

    Raises:
        ParseError: It gave none.
    """
    if len(parsed) != 1 or parsed[0] is None:
        raise ParseError("there is no expression in it")
    return parsed[0]
