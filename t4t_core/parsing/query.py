"""Reading a text as one query, or as one condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.calls import calls_among
from t4t_core.parsing.clauses import clauses_of
from t4t_core.parsing.files_read import files_read
from t4t_core.parsing.fingerprint import fingerprint_of
from t4t_core.parsing.metadata_comment import metadata_comment
from t4t_core.parsing.misplaced import refuse_misplaced
from t4t_core.parsing.nodes import nodes_of
from t4t_core.parsing.parse_errors import first_line, parse_error, unclosed
from t4t_core.parsing.placeholders import (
    candidates,
    marked,
    placeholder_at,
    position,
    replace_parameters,
    tokens_of,
)
from t4t_core.parsing.slots_of import slots_of
from t4t_core.parsing.steadiness import unsteady
from t4t_core.parsing.tables import ReadTable, refs_of, tables_in
from t4t_core.parsing.trees import trees_of
from t4t_core.sql.condition import Condition
from t4t_core.sql.query import Query
from t4t_core.sql.reading import Placeholder
from t4t_core.sql.slots import Slot, SlottedText

Prepared = Callable[[str, list[Token]], list[Token]]


class _Parsed(Struct, frozen=True):
    """A text of DuckDB's SQL, or of another dialect, taken apart."""

    tree: exp.Expr
    nodes: list[exp.Expr]
    tables: list[ReadTable]
    tokens: list[Token]
    placeholders: tuple[Placeholder, ...]
    values: list[Slot]


def parse_query(
    text: str, place: Place, dialect: str = "duckdb", prepared: Prepared | None = None
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
    found = _parsed(text, tokens, place, dialect, prepared)
    tree, nodes = found.tree, found.nodes
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        line, column = position(text, tokens[0].start)
        raise SqlError(
            f"this is not a query but the statement {tree.key.upper()}",
            place=Place(place.file, line, column),
            hint="write only the SELECT; t4t makes the statements around it",
        )
    refuse_misplaced(nodes, found.placeholders, place)
    names = {placeholder.name for placeholder in found.placeholders}
    if any(isinstance(node, exp.Placeholder) and node.name not in names for node in nodes):
        raise _parameter(place)  # as `:name` in another dialect
    if any(isinstance(node, exp.Select) and not node.expressions for node in nodes):
        raise SqlError("a SELECT selects nothing", place=place, hint="name columns, or write *")
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        raise SqlError(
            "SELECT INTO writes a table of its own",
            place=place,
            hint="leave INTO out; the model's name is the table",
        )
    in_duckdb, ran = (None, found) if dialect == "duckdb" else _in_duckdb(tree, dialect, place)
    # What stands in the text: of those that were parsed, defaults were left out.
    written = tokens if in_duckdb is None else ran.tokens
    return Query(
        start=tokens[0].start,
        end=tokens[-1].end + 1,
        placeholders=found.placeholders,
        tables=refs_of(found.tables),
        calls=calls_among(nodes),
        fingerprint=fingerprint_of(found.tokens),
        is_select=isinstance(tree, exp.Query),
        metadata=metadata,
        written_defaults="{}",
        files=tuple(files_read(ran.nodes, ran.tables)),
        unsteady=unsteady(written),
        in_duckdb=in_duckdb,
        slots=_slots(ran, place),
        clauses=clauses_of(ran.tree, ran.nodes, written),
        text=text,
        place=place,
        dialect=dialect,
    )


def read_condition(text: str, place: Place) -> Condition:
    """The boolean expression that a text holds, with its placeholders open.

    Raises:
        SqlError: It is not one expression.
    """
    try:
        tokens = tokens_of(text, "duckdb")
        changed, placeholders, values = marked(text, tokens)
        tree = _tree(trees_of(text, changed, "duckdb", exp.Condition))
    except (ParseError, TokenError, RecursionError) as error:
        # sqlglot tells of a statement in names of its classes.
        why = first_line(error)
        told = "" if why.startswith("Failed to parse") else f": {why}"
        raise SqlError(f"{text!r} is not a condition{told}", place=place) from error
    if any(token.token_type is TokenType.SEMICOLON for token in tokens) or isinstance(
        tree, exp.Query | exp.DDL | exp.Command
    ):
        raise SqlError(f"{text!r} is not a condition", place=place)
    nodes = _nodes(tree)
    refuse_misplaced(nodes, placeholders, place)
    # A comment before or after it is none of it.
    start, end = tokens[0].start, tokens[-1].end + 1
    tables = list(tables_in(nodes))
    slots = _slots(_Parsed(tree, nodes, tables, changed, placeholders, values), place)
    moved = tuple(replace(slot, start=slot.start - start, end=slot.end - start) for slot in slots)
    return Condition(
        words=SlottedText(text[start:end], moved),
        placeholders=placeholders,
        text=text,
        fingerprint=fingerprint_of(changed),
        tables=refs_of(tables),
        calls=calls_among(nodes),
        columns=tuple(
            tuple(part.name for part in column.parts) for column in tree.find_all(exp.Column)
        ),
        holds_query=any(isinstance(node, exp.Select) for node in nodes),
        unsteady=unsteady(tokens),
        starts=_starts(tree),
    )


def _starts(tree: exp.Expr) -> tuple[str, str] | None:
    """The column and the placeholder of `column >= @placeholder`."""
    if not isinstance(tree, exp.GTE) or not isinstance(tree.expression, exp.Placeholder):
        return None
    # A field of a struct looks like a table's column.
    is_column = isinstance(tree.this, exp.Column) and not tree.this.table
    return (tree.this.name, tree.expression.name) if is_column else None


def _parsed(
    text: str, tokens: list[Token], place: Place, dialect: str, prepared: Prepared | None = None
) -> _Parsed:
    """The text taken apart; a placeholder in its tree is `exp.Placeholder`.

    Raises:
        SqlError: sqlglot cannot read it.
    """
    changed: list[Token] = tokens
    placeholders: tuple[Placeholder, ...] = ()
    values: list[Slot] = []
    if candidates(text, tokens):
        kept = tokens if prepared is None else prepared(text, tokens)
        changed, placeholders, values = marked(text, kept)
        if len(kept) < len(tokens):
            values = [_with_default(slot, kept, tokens) for slot in values]
    try:
        tree = _tree(trees_of(text, changed, dialect))
    except (ParseError, RecursionError) as error:
        raise parse_error(error, place) from error
    nodes = _nodes(tree)
    return _Parsed(tree, nodes, list(tables_in(nodes)), changed, placeholders, values)


def _nodes(tree: exp.Expr) -> list[exp.Expr]:
    """The nodes of the tree of marked tokens, in which every placeholder becomes one."""
    nodes = nodes_of(tree)
    return nodes_of(tree) if replace_parameters(nodes) else nodes


def _with_default(slot: Slot, kept: Sequence[Token], tokens: Sequence[Token]) -> Slot:
    """The place with the default that was written after it, `@name:10`."""
    following = next((token.start for token in kept if token.start >= slot.end), None)
    left_out = (
        token.end + 1
        for token in tokens
        if token.start >= slot.end and (following is None or token.start < following)
    )
    return replace(slot, end=max(left_out, default=slot.end))


def _in_duckdb(tree: exp.Expr, dialect: str, place: Place) -> tuple[str, _Parsed]:
    """A query of another dialect as DuckDB gets it, as text and taken apart."""
    written = tree.copy()
    for node in list(written.find_all(exp.Placeholder)):
        node.replace(exp.Var(this=f"@{node.name}"))
    try:
        text = written.sql("duckdb", pretty=True, comments=False)
        return text, _parsed(text, tokens_of(text, "duckdb"), place, "duckdb", _with_plain_texts)
    except (TokenError, RecursionError, SqlError) as error:
        raise SqlError(
            f"what sqlglot makes of this {dialect} query cannot be read as DuckDB's SQL",
            place=place,
            hint="write it with words that both have, or in DuckDB's SQL",
        ) from error


def _with_plain_texts(text: str, tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a translated query, in whose texts no placeholder is left.

    One in quotes is without them by now; `'@name'` was `$$@name$$` or `r'@name'`.
    """
    return [
        Token(TokenType.RAW_STRING, t.text, t.line, t.col, t.start, t.end, t.comments)
        if t.token_type is TokenType.STRING and placeholder_at(text, tokens, at)[0] is not None
        else t
        for at, t in enumerate(tokens)
    ]


def _slots(found: _Parsed, place: Place) -> tuple[Slot, ...]:
    return slots_of(found.tree, found.nodes, found.tables, found.tokens, found.values, place)


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
            raise _parameter(Place(place.file, *position(text, token.start)))


def _parameter(place: Place) -> SqlError:
    return SqlError(
        "a query parameter has nobody to fill it in", place=place, hint="write a variable as @name"
    )


def _tree(parsed: list[exp.Expr | None]) -> exp.Expr:
    """The one tree that a parser gave.

    Raises:
        ParseError: It gave none.
    """
    if len(parsed) != 1 or parsed[0] is None:
        raise ParseError("there is no expression in it")
    return parsed[0]
