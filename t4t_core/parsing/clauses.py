"""Where a condition about a query's rows may join the WHERE of its outermost SELECT.

It may where a condition inside means the same as one around the query: nothing that looks at
several rows, or counts them, stands between WHERE and the rows that the query gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlglot import Token, TokenType, exp

from t4t_core.parsing.calls import calls_in
from t4t_core.parsing.nodes import span_of
from t4t_core.parsing.token_groups import outside_parentheses
from t4t_core.sql.reading import Clauses
from t4t_core.sql.steady_names import STEADY

_PLAIN = frozenset(("expressions", "from_", "joins", "where", "order"))
_READS_ALONE = frozenset(("expressions", "from_", "where"))
_PARTS_OF_NAME = frozenset(("this", "db", "catalog", "alias"))
# DuckDB's own that look at no row but their own: the steady ones, and some that are not.
_OF_ONE_ROW = STEADY | frozenset(
    """
    age aggregate array_aggr array_aggregate current_setting currval enum_code enum_first enum_last
    enum_range enum_range_boundary error get_current_timestamp getvariable list_aggr list_aggregate
    nextval nfc_normalize now today transaction_timestamp txid_current uuidv4 uuidv7
    """.split()  # noqa: SIM905  a list of strings would fill a screen
)


def clauses_of(
    tree: exp.Expr, nodes: Sequence[exp.Expr], tokens: Sequence[Token]
) -> Clauses | None:
    """The clauses, or None where a condition has to stand around the query.

    Args:
        tree: Of the query.
        nodes: Those of the tree that `nodes_of` gives.
        tokens: Of the text.
    """
    if not isinstance(tree, exp.Select) or not _args(tree) <= _PLAIN:
        return None
    if tokens[0].token_type is TokenType.TABLE:
        return None  # `TABLE name` has no WHERE
    if not tree.args.get("from_") or _looks_at_other_rows(tree, nodes):
        return None
    sources = None if _is_star(tree) else _sources(tree)
    if sources is not None and not sources:
        return None
    top = outside_parentheses(tokens)
    wheres = [at for at in top if tokens[at].token_type is TokenType.WHERE]
    orders = [at for at in top if tokens[at].token_type is TokenType.ORDER_BY]
    is_clear = len(wheres) == bool(tree.args.get("where")) and len(orders) == bool(
        tree.args.get("order")
    )
    if not is_clear or (wheres and orders and orders[0] < wheres[0]):
        return None
    end = orders[0] if orders else len(tokens)
    where = None
    if wheres:
        where = (tokens[wheres[0] + 1].start, tokens[end - 1].end + 1)
        end = wheres[0]
    return Clauses(tokens[end - 1].end + 1, where, sources, _scanned(tree, nodes))


def _args(node: exp.Expr) -> set[str]:
    """Which parts of a node are written."""
    return {key for key, value in node.args.items() if value}


def _looks_at_other_rows(tree: exp.Select, nodes: Sequence[exp.Expr]) -> bool:
    """Whether a value may come of several rows: by a window, or a macro, which may hold one."""
    windows = (node for node in nodes if isinstance(node, exp.Window))
    macros = (
        call
        for call, ref, _ in calls_in(nodes)
        if ref.schema or ref.catalog or ref.name.lower() not in _OF_ONE_ROW
    )
    return any(_is_projected(node, tree) for node in (*windows, *macros))


def _is_projected(node: exp.Expr, tree: exp.Select) -> bool:
    """Whether it stands in what the outermost SELECT gives, and not in FROM or WHERE."""
    while node.parent is not None and node.parent is not tree:
        node = node.parent
    return node.arg_key == "expressions"


def _is_star(tree: exp.Select) -> bool:
    """Whether it gives every column of one table, and nothing else."""
    if len(tree.expressions) != 1 or type(tree.expressions[0]) is not exp.Star:
        return False
    origin = tree.args["from_"].this
    is_one = not tree.args.get("joins") and isinstance(origin, exp.Table)
    is_named = is_one and isinstance(origin.this, exp.Identifier) and not origin.args.get("joins")
    return bool(is_named and not _args(tree.expressions[0]))


def _sources(tree: exp.Select) -> dict[str, tuple[int, int]]:
    """Where WHERE finds the columns that are given as they are read."""
    found: dict[str, tuple[int, int]] = {}
    if any(projection.is_star for projection in tree.expressions):
        return found
    names = Counter(projection.alias_or_name.lower() for projection in tree.expressions)
    aliases = Counter(projection.alias.lower() for projection in tree.expressions)
    for projection in tree.expressions:
        name, source = projection.alias_or_name.lower(), projection.unalias()
        if not isinstance(source, exp.Column) or names[name] > 1:
            continue
        # WHERE would take another projection of that name for it, or one of that struct's name.
        first = source.parts[0].name.lower()
        if aliases[first] - (projection.alias.lower() == first):
            continue
        span = span_of(*source.parts)
        if span is not None:
            found[name] = span
    return found


def _scanned(tree: exp.Select, nodes: Sequence[exp.Expr]) -> str | None:
    """The table of which the query reads rows and does no more, or None."""
    table = tree.args["from_"].this
    if not _args(tree) <= _READS_ALONE or not isinstance(table, exp.Table):
        return None
    is_named = isinstance(table.this, exp.Identifier) and _args(table) <= _PARTS_OF_NAME
    is_alone = sum(isinstance(node, exp.Select) for node in nodes) == 1
    return table.name if is_named and is_alone else None
