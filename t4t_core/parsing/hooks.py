"""Reading the statements of the user's own that stand around a model's."""

from __future__ import annotations

from msgspec.structs import replace
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.misplaced import refuse_misplaced
from t4t_core.parsing.placeholders import marked, tokens_of, with_parameters
from t4t_core.parsing.trees import trees_of
from t4t_core.sql.filling import Fill, filled
from t4t_core.sql.hooks import THIS, THIS_TABLE, Hook, variables_in
from t4t_core.sql.slots import Slot, SlottedText
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql

# The model's transaction is t4t's, and so is the database that names are looked up in.
_FORBIDDEN = frozenset(
    {"BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK", "ATTACH", "DETACH", "USE"}
)


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
    _, _, values = marked(f"({text}", tokens)
    text = text[: tokens[-1].end]
    words = SlottedText(text, tuple(_in_hook(slot, text) for slot in values))
    _refuse_names(key, words, place)
    return Hook(key, words, place)


def _in_hook(slot: Slot, text: str) -> Slot:
    """The place, counted without the parenthesis; the model's table is a name, but in quotes."""
    moved = replace(slot, start=slot.start - 1, end=slot.end - 1)
    if slot.ref.name not in THIS or text[moved.start] == "'":
        return moved
    return replace(moved, kind="name", ref=TableRef("", "", THIS_TABLE))


def _refuse_names(key: str, words: SlottedText, place: Place) -> None:
    """A variable's value must not decide which table or file a statement is about.

    Raises:
        SqlError: It could, or sqlglot cannot tell.
    """
    variables = variables_in(words)
    if not variables:
        return
    named = tuple(slot for slot in words.slots if slot.ref.name not in variables)
    fill = Fill(values=dict.fromkeys(THIS, "t"), words={THIS_TABLE: Sql("t")})
    readable = filled(SlottedText(words.text, named), fill)
    changed, placeholders, _ = marked(readable, tokens_of(readable, "duckdb"))
    tree = _tree(changed, readable)
    if tree is None or tree.find(exp.Command):
        raise SqlError(
            f"{key}: whether @{variables[0]} is a value here cannot be told",
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
