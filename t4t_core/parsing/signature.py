"""The parameters and the result of a function in the standard's form, and what they mean here."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlglot import Token, exp
from sqlglot.errors import ParseError

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.token_groups import between_commas, closing
from t4t_core.sql.filling import Fill, filled
from t4t_core.sql.names import cast, column, identifier, identifiers, named
from t4t_core.sql.slots import Slot, SlottedText
from t4t_core.sql.statements import select
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, listed, sql, subquery


class Signature(Struct, frozen=True):
    """What a function takes and gives.

    Attributes:
        parameters: As DuckDB takes them: names and defaults, without types.
        types: The type of each parameter that has one, by its name in lower case.
        returns: The type of the result, or None where none is written.
        columns: Of a table function, name and type, or None.
    """

    parameters: Sql
    types: dict[str, Sql]
    returns: Sql | None
    columns: tuple[tuple[str, Sql | None], ...] | None

    def applied_to(self, body: Sql, tree: exp.Expr) -> Sql:
        """The body with arguments and result of these types.

        They are casts, since DuckDB keeps typed parameters only in files of storage version 1.4.
        """
        typed = self._with_casts(body, tree)
        if self.columns is not None:
            return _with_columns(typed, self.columns)
        if self.returns is None:
            return typed
        return cast(typed, self.returns)

    def _with_casts(self, body: Sql, tree: exp.Expr) -> Sql:
        """The body with each parameter of a type in a cast."""
        columns = [node for node in tree.find_all(exp.Column) if not node.table]
        words = {
            node.name: cast(identifier(node.name), type_)
            for node in columns
            if (type_ := self.types.get(node.name.lower())) is not None
        }
        slots = [
            Slot("name", meta["start"], meta["end"] + 1, TableRef("", "", node.name))
            for node in columns
            if node.name in words and "start" in (meta := node.this.meta)
        ]
        slots.sort(key=lambda slot: slot.start)
        return filled(SlottedText(body, tuple(slots)), Fill(words=words))


def signature_of(
    text: str, parameters: list[Token], clauses: list[Token], place: Place, dialect: str
) -> Signature:
    """The signature that a CREATE FUNCTION statement writes.

    Args:
        text: The statement.
        parameters: What stands between the parentheses.
        clauses: RETURNS, LANGUAGE and their like; those that DuckDB has no use for are left out.
        place: The file, for errors.
        dialect: What it is written in.

    Raises:
        SqlError: A type is unknown, or the language is not SQL.
    """
    declared = [_parameter(text, part, place, dialect) for part in between_commas(parameters)]
    words = [token.text.upper() for token in clauses]
    if "LANGUAGE" in words and words[words.index("LANGUAGE") + 1 :][:1] != ["SQL"]:
        raise SqlError(
            "the function is not written in SQL",
            place=place,
            hint="write Python functions in a .py file with @functions.python()",
        )
    returns, columns = None, None
    if "RETURNS" in words:
        at = words.index("RETURNS") + 1
        close = closing(clauses, at + 1) if words[at + 1 : at + 2] == ["("] else None
        if words[at : at + 1] == ["TABLE"] and close is not None:
            parts = between_commas(clauses[at + 2 : close])
            found = [_parameter(text, part, place, dialect) for part in parts]
            columns = tuple((name, kind) for name, kind, _ in found)
        else:
            # A type may be several words; sqlglot reads it and leaves what follows.
            end = words.index("LANGUAGE") if "LANGUAGE" in words[at:] else len(words)
            returns = _type(text, clauses[at:end], place, dialect)
    taken = [
        Sql(identifier(name) + ("" if default is None else f" := {default}"))
        for name, _, default in declared
    ]
    return Signature(
        parameters=listed(taken),
        types={name.lower(): kind for name, kind, _ in declared if kind is not None},
        returns=returns,
        columns=columns,
    )


def _parameter(
    text: str, tokens: list[Token], place: Place, dialect: str
) -> tuple[str, Sql | None, str | None]:
    """Name, type and default of one parameter."""
    at = next(
        (n for n, t in enumerate(tokens) if t.text.upper() in (":=", "DEFAULT", "=")), len(tokens)
    )
    value = tokens[at + 1 :]
    return (
        tokens[0].text,
        _type(text, tokens[1:at], place, dialect) if at > 1 else None,
        text[value[0].start : value[-1].end + 1] if value else None,
    )


def _type(text: str, tokens: list[Token], place: Place, dialect: str) -> Sql:
    written = text[tokens[0].start : tokens[-1].end + 1] if tokens else ""
    try:
        return Sql(exp.DataType.build(written, dialect=dialect).sql("duckdb"))
    except (ParseError, ValueError) as error:
        raise SqlError(f"{written!r} is no type", place=place) from error


def _with_columns(body: Sql, columns: Sequence[tuple[str, Sql | None]]) -> Sql:
    """The query with its columns named and cast, in their order."""
    names = identifiers(name for name, _ in columns)
    selected = [
        column(name) if kind is None else named(cast(column(name), kind), name)
        for name, kind in columns
    ]
    return select(listed(selected), subquery(body, sql("q({names})", names=names)))
