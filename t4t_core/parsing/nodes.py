"""The nodes of a query's tree that say what the query reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sqlglot import exp

_LOOKED_AT = (
    exp.Anonymous,
    exp.Cast,
    exp.Func,
    exp.Parameter,
    exp.Placeholder,
    exp.Select,
    exp.SessionParameter,
    exp.Table,
    exp.Window,
)
_LEAVES = (exp.Identifier, exp.Literal)


def span_of(*parts: exp.Expr | None) -> tuple[int, int] | None:
    """Where a name stands in the text, up to an offset; None where sqlglot did not note it.

    Args:
        parts: Of the name, in their order; None for one that is not written.
    """
    written = [part for part in parts if part is not None]
    start, end = written[0].meta.get("start"), written[-1].meta.get("end")
    return None if start is None or end is None else (int(start), int(end) + 1)


def nodes_of(tree: exp.Expr) -> list[exp.Expr]:
    """Tables, calls, windows, placeholders, casts and SELECTs, in the order of the tree.

    A walk is most of what reading a parsed query costs, so there is one for all of them. It leaves
    names and literals out, which are half of a tree and hold nothing.
    """
    found = []
    ahead = [tree]
    while ahead:
        node = ahead.pop()
        if _is_looked_at(_kind(node)):
            found.append(node)
        for part in reversed(node.args.values()):
            if isinstance(part, list):
                ahead += [item for item in reversed(part) if _may_hold_nodes(_kind(item))]
            elif _may_hold_nodes(_kind(part)):
                ahead.append(part)
    return found


# Of a type mypy would ask for its instances' hash.
_kind: Callable[[object], object] = type


@cache
def _is_looked_at(kind: type) -> bool:
    """The same as asking each node, which its metaclass makes slow, once for each kind."""
    return issubclass(kind, _LOOKED_AT)


@cache
def _may_hold_nodes(kind: type) -> bool:
    return issubclass(kind, exp.Expr) and not issubclass(kind, _LEAVES)
