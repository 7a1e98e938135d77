"""Reading a function of SQL from its CREATE FUNCTION statement.

DuckDB's own form (`CREATE MACRO f(a, b := 1) AS ...`, with overloads and AS TABLE) is kept as it
is. The standard's form (`CREATE FUNCTION f(a DOUBLE) RETURNS DOUBLE AS $$ ... $$`), which DuckDB
does not read, becomes a macro that casts its arguments and its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError
from t4t_core.names import TableName
from t4t_core.parsing.calls import calls_among
from t4t_core.parsing.fingerprint import fingerprint_of
from t4t_core.parsing.nodes import nodes_of
from t4t_core.parsing.parse_errors import parse_error
from t4t_core.parsing.placeholders import marked, position, tokens_of
from t4t_core.parsing.query import refuse_parameters
from t4t_core.parsing.signature import signature_of
from t4t_core.parsing.slots_of import slots_of
from t4t_core.parsing.steadiness import unsteady
from t4t_core.parsing.tables import ReadTable, refs_of, tables_in
from t4t_core.parsing.token_groups import closing, outside_parentheses
from t4t_core.parsing.trees import trees_of
from t4t_core.sql.macro import Macro, Overload
from t4t_core.sql.names import cast, identifiers
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.text import Sql, subquery

_FORM = "write CREATE OR REPLACE FUNCTION {name}(a, b) AS ..., or AS TABLE SELECT ..."
_QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES", "PIVOT", "UNPIVOT")
_NO_EXPRESSION = (exp.Create, exp.Drop, exp.Insert, exp.Update, exp.Delete, exp.Command)
_TEXT = (TokenType.HEREDOC_STRING, TokenType.RAW_STRING, TokenType.STRING)


def parse_macro(text: str, place: Place, name: TableName, dialect: str = "duckdb") -> Macro:
    """The function that a CREATE FUNCTION or CREATE MACRO statement makes.

    Args:
        text: One statement; a closing semicolon is allowed.
        place: The file, for errors.
        name: What the statement must call it; the schema may be left out.
        dialect: The sqlglot dialect the text is written in.

    Raises:
        SqlError: It is something else, or makes a function of another name.
    """
    tokens = _tokens(text, place, dialect)
    at = _after_name(text, tokens, _after_create(text, tokens, place, name), place, name)
    overloads = []
    while at < len(tokens):
        close = closing(tokens, at)
        later = [] if close is None else outside_parentheses(tokens, close + 1)
        body = next((n for n in later if tokens[n].text.upper() == "AS"), None)
        if close is None or body is None or body + 1 == len(tokens):
            raise _unlike(text, tokens[at], place, "after the parameters AS is missing", name)
        is_table = tokens[body + 1].token_type is TokenType.TABLE
        start = body + 1 + is_table
        end = _end_of_overload(tokens, start, is_table)
        overloads.append(
            _overload(
                text,
                tokens[at + 1 : close],
                tokens[close + 1 : body],
                tokens[start:end],
                place,
                dialect,
                is_table=is_table,
            )
        )
        at = end + 1
    return _macro(overloads, tokens)


def macro_of_body(
    parameters: Sequence[str], text: str, returns: str | None, place: Place, dialect: str
) -> Macro:
    """The function that an expression, or a query of one value, makes of its parameters.

    Args:
        parameters: Their names.
        text: The expression.
        returns: The DuckDB type that the result is cast to, or None to leave it.
        place: The file, for errors.
        dialect: The sqlglot dialect the text is written in.

    Raises:
        SqlError: It is no expression.
    """
    tokens = _tokens(text, place, dialect)
    body = _value_of(_in_duckdb(text, tokens, place, dialect, is_table=False))
    if returns is not None:
        body = cast(body, returns)
    written = identifiers(parameters)
    found = _macro([_overload_of(written, body, place, is_table=False)], tokens)
    whole = "|".join([found.fingerprint, written, returns or ""])
    return replace(found, fingerprint=hashlib.sha256(whole.encode()).hexdigest())


def _macro(overloads: Sequence[tuple[Overload, _Body]], tokens: list[Token]) -> Macro:
    bodies = [body for _, body in overloads]
    # A parameter may have a default that is computed.
    texts = [text for one, _ in overloads for text in (one.parameters, one.body.text)]
    words = (word for text in texts for word in unsteady(tokens_of(text, "duckdb")))
    return Macro(
        overloads=tuple(overload for overload, _ in overloads),
        tables=tuple(dict.fromkeys(ref for body in bodies for ref in refs_of(body.tables))),
        calls=tuple(dict.fromkeys(ref for body in bodies for ref in calls_among(body.nodes))),
        fingerprint=fingerprint_of(tokens),
        unsteady=tuple(dict.fromkeys(words)),
    )


def _tokens(text: str, place: Place, dialect: str) -> list[Token]:
    try:
        tokens = tokens_of(text, dialect)
    except TokenError as error:
        raise SqlError("a quote or comment is never closed", place=place) from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SqlError("there is no SQL", place=place, hint="write CREATE OR REPLACE FUNCTION ...")
    for at, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            raise SqlError(
                "a second statement begins here; the file of a function makes that function alone",
                place=Place(place.file, *position(text, tokens[at + 1].start)),
                hint="put it into a file of its own",
            )
    refuse_parameters(text, tokens, place)
    _, placeholders, _ = marked(text, tokens)
    if placeholders:
        first = placeholders[0]
        raise SqlError(
            f"@{first.name}: a function is kept in the database and sees no variables of a run",
            place=Place(place.file, first.line, first.column),
            hint=f"give it a parameter {first.name}, and pass @{first.name} where it is called",
        )
    return tokens


def _after_create(text: str, tokens: list[Token], place: Place, name: TableName) -> int:
    words = [token.text.upper() for token in tokens[:4]]
    at = 3 if words[1:3] == ["OR", "REPLACE"] else 1
    if words[0] != "CREATE" or words[at : at + 1] not in (["FUNCTION"], ["MACRO"]):
        raise _unlike(text, tokens[0], place, "this is no CREATE FUNCTION statement", name)
    return at + 1


def _after_name(text: str, tokens: list[Token], at: int, place: Place, name: TableName) -> int:
    """Where the parameters begin.

    Raises:
        SqlError: The name is not the file's.
    """
    end = next(
        (n for n in range(at, len(tokens)) if tokens[n].token_type is TokenType.L_PAREN),
        len(tokens),
    )
    parts = [t.text for t in tokens[at:end] if t.token_type is not TokenType.DOT]
    wanted = [name.schema.lower(), name.name.lower()]
    if end == len(tokens) or not parts or [p.lower() for p in parts] != wanted[-len(parts) :]:
        what = f"the file's function is {name}, but the statement makes {'.'.join(parts) or '?'}"
        raise _unlike(text, tokens[min(at, len(tokens) - 1)], place, what, name)
    return end


def _overload(
    text: str,
    parameters: list[Token],
    clauses: list[Token],
    body: list[Token],
    place: Place,
    dialect: str,
    *,
    is_table: bool,
) -> tuple[Overload, _Body]:
    body_text = text
    is_standard = bool(clauses) or body[0].token_type is TokenType.HEREDOC_STRING
    if is_standard and body[0].token_type in _TEXT:
        clauses = [*clauses, *body[1:]]
        body_text = body[0].text
        body = _tokens(body_text, place, dialect)
    signature = signature_of(text, parameters, clauses, place, dialect)
    is_table = is_table or signature.columns is not None
    if not is_standard and dialect == "duckdb":
        written = Sql(_slice(text, parameters))
        return _overload_of(written, Sql(_slice(text, body)), place, is_table=is_table)
    read = _in_duckdb(body_text, body, place, dialect, is_table=is_table)
    if not is_table:
        value = _value_of(read)
        read = _body(value, tokens_of(value, "duckdb"), place, "duckdb", is_table=False)
    typed = signature.applied_to(read.text, read.tree)
    return _overload_of(signature.parameters, typed, place, is_table=is_table)


def _overload_of(
    parameters: Sql, text: Sql, place: Place, *, is_table: bool
) -> tuple[Overload, _Body]:
    """The overload of a body in DuckDB's SQL."""
    body = _body(text, tokens_of(text, "duckdb"), place, "duckdb", is_table=is_table)
    slots = slots_of(body.tree, body.nodes, body.tables, body.tokens, (), place)
    return Overload(parameters, is_table, SlottedText(text, slots)), body


def _slice(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end + 1] if tokens else ""


class _Body(Struct, frozen=True):
    """What a function computes, taken apart."""

    text: Sql
    tokens: list[Token]
    tree: exp.Expr
    nodes: list[exp.Expr]
    tables: list[ReadTable]


def _in_duckdb(
    text: str, tokens: list[Token], place: Place, dialect: str, *, is_table: bool
) -> _Body:
    """A body in DuckDB's SQL."""
    if dialect != "duckdb":
        read = _body(text, tokens, place, dialect, is_table=is_table)
        text = read.tree.sql("duckdb", comments=False)
        tokens = tokens_of(text, "duckdb")
    body = Sql(_slice(text, tokens))
    return _body(body, tokens_of(body, "duckdb"), place, "duckdb", is_table=is_table)


def _body(text: str, tokens: list[Token], place: Place, dialect: str, *, is_table: bool) -> _Body:
    is_query = tokens[0].text.upper() in _QUERY_WORDS
    try:
        into = None if is_table or is_query else exp.Condition
        tree = trees_of(text, tokens, dialect, into)[0]
    except (ParseError, RecursionError) as error:
        raise parse_error(error, place) from error
    if tree is None or tree.find(*_NO_EXPRESSION):
        raise SqlError("the function's body is no expression and no query", place=place)
    if is_table and not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        raise SqlError("what stands after AS TABLE is no query", place=place)
    nodes = nodes_of(tree)
    return _Body(Sql(text), tokens, tree, nodes, list(tables_in(nodes)))


def _value_of(body: _Body) -> Sql:
    """The expression of a body; of `SELECT value` the value, which may be an aggregate."""
    tree, tokens = body.tree, body.tokens
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        return body.text
    is_one = isinstance(tree, exp.Select) and _is_one_value(tree)
    if not is_one or tokens[0].token_type is not TokenType.SELECT:
        return subquery(body.text)
    end = len(tokens)
    alias = tree.expressions[0].args.get("alias")
    if alias is not None:
        start = alias.meta.get("start")
        end = next(at for at, token in enumerate(tokens) if token.start == start)
        if end == 1:  # `SELECT name: value`
            return subquery(body.text)
        end -= tokens[end - 1].token_type is TokenType.ALIAS
    return Sql(_slice(body.text, tokens[1:end]))


def _is_one_value(tree: exp.Select) -> bool:
    """Whether it is `SELECT value` and nothing else."""
    written = [key for key, value in tree.args.items() if value]
    return written == ["expressions"] and len(tree.expressions) == 1


def _end_of_overload(tokens: list[Token], start: int, is_table: bool) -> int:
    """Where the next overload's comma stands, or the end.

    In a query `, (a) AS b` may be a column, so there only `, (a) AS TABLE` begins an overload.
    """
    for at in outside_parentheses(tokens, start):
        following = tokens[at + 1 : at + 2]
        if tokens[at].token_type is not TokenType.COMMA or not following:
            continue
        if following[0].token_type is not TokenType.L_PAREN:
            continue
        words = [tokens[n].text.upper() for n in outside_parentheses(tokens, at + 1)[:2]]
        if words[:1] == ["AS"] and (not is_table or words[1:] == ["TABLE"]):
            return at
    return len(tokens)


def _unlike(text: str, token: Token, place: Place, what: str, name: TableName) -> SqlError:
    at = Place(place.file, *position(text, token.start))
    return SqlError(what, place=at, hint=_FORM.format(name=name))
