"""The places of a parsed text that may be written otherwise when it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from msgspec.structs import replace
from sqlglot import Token, TokenType, exp

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.calls import calls_in
from t4t_core.parsing.files import relative_names, variable_names
from t4t_core.parsing.nodes import span_of
from t4t_core.parsing.tables import ReadTable
from t4t_core.parsing.token_groups import between_commas, closing, places
from t4t_core.sql.slots import Slot
from t4t_core.sql.table_ref import TableRef


def slots_of(
    tree: exp.Expr,
    nodes: Sequence[exp.Expr],
    tables: Iterable[ReadTable],
    tokens: Sequence[Token],
    values: Iterable[Slot],
    place: Place,
) -> tuple[Slot, ...]:
    """The places, in the order of the text.

    Args:
        tree: Of the text.
        nodes: Those of the tree that `nodes_of` gives, at least.
        tables: Those among them that `tables_in` gives.
        tokens: That the tree was made of.
        values: The places of variables' values.
        place: The file, for errors.

    Raises:
        SqlError: The place of a name that may be written otherwise cannot be told.
    """
    read = [node for node in nodes if isinstance(node, exp.Table)]
    kinds = list(map(attrgetter("token_type"), tokens))
    try:
        found = [*_with_paths(values, read, tokens), *_files(read), *_calls(nodes)]
        files = {slot.start for slot in found}
        found += (slot for slot in _tables(tables, tokens, kinds) if slot.start not in files)
        if _has_long_names(kinds):
            found += _schemas(tree)
    except _UnplacedNameError as error:
        raise SqlError(
            f"where {error} stands in the SQL cannot be told",
            place=place,
            hint="put the name in double quotes",
        ) from error
    return tuple(sorted(found, key=lambda slot: slot.start))


def _tables(
    tables: Iterable[ReadTable], tokens: Sequence[Token], kinds: Sequence[TokenType]
) -> Iterator[Slot]:
    words = places(TokenType.TABLE, kinds)
    as_queries = {tokens[at + 1].start: tokens[at].start for at in words if at + 1 < len(tokens)}
    for table, ref in tables:
        start, end = _span(ref, table.args.get("catalog"), table.args.get("db"), table.this)
        if isinstance(table.parent, exp.Describe | exp.Summarize):
            yield Slot("table", start, end, ref, is_aliased=True)
        elif start in as_queries:
            yield Slot("table", as_queries[start], end, ref, is_query=True)
        else:
            yield Slot("table", start, end, ref, is_aliased=bool(table.args.get("alias")))


def _calls(nodes: Iterable[exp.Expr]) -> Iterator[Slot]:
    for call, ref, qualifiers in calls_in(nodes):
        start, end = _span(ref, *qualifiers, call)
        yield Slot("call", start, end, ref)


def _files(nodes: Iterable[exp.Expr]) -> Iterator[Slot]:
    for name in relative_names(nodes):
        start, end = _span(name.name, name)
        yield Slot("file", start, end, TableRef("", "", name.name))


def _with_paths(
    values: Iterable[Slot], nodes: Sequence[exp.Expr], tokens: Sequence[Token]
) -> list[Slot]:
    """The places of values, with those told that name files."""
    found = list(values)
    for call, names in variable_names(nodes) if found else ():
        start, _ = _span(call.name, call)
        opening = next(n for n, token in enumerate(tokens) if token.start == start) + 1
        # The arguments that follow the first say how the files are read.
        arguments = between_commas(tokens[opening + 1 : closing(tokens, opening)])
        first, last = arguments[0][0].start, arguments[0][-1].end
        for n, slot in enumerate(found):
            if slot.ref.name in names and first <= slot.start <= last:
                found[n] = replace(slot, kind="path")
    return found


def _schemas(tree: exp.Expr) -> Iterator[Slot]:
    """What names the table in `schema.table.column`."""
    for column in tree.find_all(exp.Column):
        if column.args.get("db"):
            ref = TableRef("", column.db, column.table)
            start, end = _span(ref, *map(column.args.get, ("catalog", "db", "table")))
            yield Slot("schema", start, end, ref)


class _UnplacedNameError(Exception):
    """Where a name stands in the text is not known; the error's text is the name."""


def _span(name: object, *parts: exp.Expr | None) -> tuple[int, int]:
    span = span_of(*parts)
    if span is None:
        raise _UnplacedNameError(str(name))
    return span


def _has_long_names(kinds: Sequence[TokenType]) -> bool:
    """Whether a name may have three parts, by the kinds of a text's tokens."""
    dots = places(TokenType.DOT, kinds)
    return any(later - dot == 2 for dot, later in pairwise(dots))
