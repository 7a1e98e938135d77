"""The text of a SQL test as a query.

Besides values it has names that are filled in, `@table_name` and `@column_name`, and a value may
have a default, `@least:10`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import Token, TokenType, exp

from t4t_core.errors import Place, SqlError
from t4t_core.sql.defaults import Found, value_of, with_colon, with_filter
from t4t_core.sql.names import identifier
from t4t_core.sql.placeholders import SPLIT, position
from t4t_core.sql.query import Query, parse_query
from t4t_core.sql.reading import LazyTree
from t4t_core.sql.tables import TableRef, with_tables
from t4t_core.sql.window import subquery

TABLE, COLUMN = "table_name", "column_name"

# What stands for the names until they are known; nobody calls a table so.
_STAND_IN = {TABLE: "t4t:table_name", COLUMN: "t4t:column_name"}
_TABLE_REF = TableRef("", "", _STAND_IN[TABLE])


def parse_test(text: str, place: Place, dialect: str) -> tuple[Query, dict[str, object]]:
    """The query of a SQL test, and the defaults of its placeholders by their names.

    Raises:
        SqlError: It is not one query, or a placeholder has two defaults.
    """
    defaults: dict[str, object] = {}
    query = parse_query(
        text, place, dialect, lambda text, tokens: _prepared(text, tokens, defaults, place)
    )
    tables = tuple(ref for ref in query.tables if ref != _TABLE_REF)
    return replace(query, tables=tables), defaults


def untrue(query: Query) -> Query:
    """The query for the rows whose first column is not TRUE.

    The public t4t's tests of functions, in `tests/functions/`, say TRUE where all is well.
    """
    told = subquery(query.tree.copy())
    told.set(
        "alias",
        exp.TableAlias(this=exp.to_identifier("q"), columns=[exp.to_identifier("test_passed")]),
    )
    is_true = exp.Is(this=exp.column("test_passed", "q"), expression=exp.true())
    wrong = exp.Select(expressions=[exp.Star()]).from_(told, copy=False)
    tree = wrong.where(exp.not_(is_true), copy=False)
    return replace(query, syntax=LazyTree(lambda: tree))


def names_in(query: Query) -> frozenset[str]:
    """Which of `table_name` and `column_name` a test's query mentions."""
    found = {node.name for node in query.tree.find_all(exp.Identifier)}
    named = {name for name, stand_in in _STAND_IN.items() if stand_in in found}
    in_quotes = {placeholder.name for placeholder in query.placeholders} & set(_STAND_IN)
    return frozenset(named | in_quotes)


def with_names(tree: exp.Expr, table: exp.Expr, name: str, column: str | None) -> exp.Expr:
    """The tree, changed in place, with the table and the column where their names stand.

    Args:
        tree: Of a test's query.
        table: What is read for `@table_name`.
        name: What the table's columns are qualified by.
        column: The column; None where the test names none.
    """
    tree = with_tables(tree, lambda ref: table.copy() if ref == _TABLE_REF else None)
    names = {_STAND_IN[TABLE]: name, _STAND_IN[COLUMN]: column}
    for node in list(tree.find_all(exp.Identifier)):
        meant = names.get(node.name)
        if meant is not None:
            node.replace(identifier(meant))
    return tree


def _prepared(
    text: str, tokens: Sequence[Token], defaults: dict[str, object], place: Place
) -> list[Token]:
    """The tokens with names as identifiers and without defaults, which are noted."""
    changed: list[Token] = []
    at = 0
    while at < len(tokens):
        found = with_colon(text, tokens, at) or with_filter(tokens, at)
        if found is None:
            changed.append(tokens[at])
            at += 1
            continue
        is_name = found.name in _STAND_IN and found.kept[0].token_type is not TokenType.STRING
        changed += _as_identifier(found) if is_name else found.kept
        if found.default:
            value = value_of(found.default)
            if defaults.setdefault(found.name, value) != value:
                raise SqlError(
                    f"@{found.name} has two defaults",
                    place=Place(place.file, *position(text, found.start)),
                    hint="write it once; it counts for the whole test",
                )
        at += found.used
    return changed


def _as_identifier(found: Found) -> list[Token]:
    first, last = found.kept[0], found.kept[-1]
    changed = []
    if first.text in SPLIT:
        kind, operator = SPLIT[first.text]
        changed.append(
            Token(kind, operator, first.line, first.col - 1, first.start, found.start - 1)
        )
    stand_in = _STAND_IN[found.name]
    comments = last.comments
    changed.append(
        Token(TokenType.IDENTIFIER, stand_in, last.line, last.col, found.start, last.end, comments)
    )
    return changed
