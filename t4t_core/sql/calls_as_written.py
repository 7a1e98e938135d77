"""Calls of functions as the user wrote them.

sqlglot knows many functions by one node, and writes what the node says: under another name, with
arguments in another order, or without one that it does not know (`reduce(l, f, 0)`,
`regexp_replace(a, b, c, options)`). What reaches the database are the user's own words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter

from sqlglot import Token, TokenType, exp

from t4t_core.sql.names import duckdb_dialect
from t4t_core.sql.token_groups import closing

_START, _WRITTEN = "start", "t4t_written"
# What is looked at or replaced later, and what sqlglot takes out of a call's parentheses.
_STAYS = (
    exp.Anonymous,
    exp.Columns,
    exp.Explode,
    exp.IgnoreNulls,
    exp.Parameter,
    exp.Placeholder,
    exp.Query,
    exp.RespectNulls,
    exp.Table,
    exp.UDTF,
    exp.Window,
)
_STAYS_IN = (exp.IgnoreNulls, exp.RespectNulls, exp.Table, exp.WithinGroup)


def note_calls(nodes: Iterable[exp.Expr], text: str, tokens: Sequence[Token]) -> None:
    """Notes on each call among the nodes of a tree how it is written.

    Args:
        nodes: Of the tree.
        text: In DuckDB's words.
        tokens: Of the text, that the tree was made of.
    """
    calls = [node for node in nodes if isinstance(node, exp.Func) and _START in node.meta]
    if not calls:
        return
    starts = list(map(attrgetter("start"), tokens))
    for call in calls:
        start = call.meta[_START]
        at = bisect_left(starts, start) + 1
        is_call = at < len(tokens) and tokens[at].token_type is TokenType.L_PAREN
        end = closing(tokens, at) if is_call and starts[at - 1] == start else None
        if end is not None:
            call.meta[_WRITTEN] = text[start : tokens[end].end + 1]


def with_calls_as_written(tree: exp.Expr) -> exp.Expr:
    """The tree, changed in place, with calls as they were noted.

    A call stays a node where something in it may be looked at or replaced later.
    """
    if _is_to_write(tree):
        return _written(tree)
    # A chain of a thousand UNIONs or ORs is as deep, so nothing here calls itself.
    outer = [tree]
    while outer:
        for node in list(outer.pop().iter_expressions()):
            if _is_to_write(node):
                node.replace(_written(node))
            else:
                outer.append(node)
    return tree


def _written(call: exp.Expr) -> exp.Var:
    return exp.Var(this=call.meta[_WRITTEN].replace("\n", _line_break()))


@cache
def _line_break() -> str:
    """What sqlglot writes as a line break and does not indent: a line may end within a text."""
    return str(duckdb_dialect().generator().SENTINEL_LINE_BREAK)


def _is_to_write(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Func) or isinstance(node.parent, _STAYS_IN):
        return False
    written = node.meta.get(_WRITTEN)
    # A placeholder may have become something else in the tree.
    if written is None or "@" in written or "{{" in written:
        return False
    # DuckDB 2.0 refuses `x -> x + 1`, which sqlglot writes as it wants it.
    stays = (*_STAYS, exp.Lambda) if "->" in written else _STAYS
    return not any(
        isinstance(inner, stays) or (isinstance(inner, exp.Column) and inner.args.get("db"))
        for inner in node.dfs()
    )
