"""The nodes of a query's tree that say what the query reads."""

from __future__ import annotations

from sqlglot import exp

_LOOKED_AT = (
    exp.Anonymous,
    exp.Cast,
    exp.Parameter,
    exp.Placeholder,
    exp.Select,
    exp.SessionParameter,
    exp.Table,
)


def nodes_of(tree: exp.Expr) -> list[exp.Expr]:
    """Tables, calls, placeholders, casts and SELECTs, in the order of the tree.

    A walk is most of what reading a parsed query costs, so there is one for all of them.
    """
    return [node for node in tree.dfs() if isinstance(node, _LOOKED_AT)]
