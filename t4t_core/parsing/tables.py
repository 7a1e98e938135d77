"""Which tables a query reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from t4t_core.sql.table_ref import TableRef

ReadTable = tuple[exp.Table, TableRef]
"""A table that a query reads, and the name that it calls it by."""


def refs_of(tables: Iterable[ReadTable]) -> tuple[TableRef, ...]:
    """What a query calls its tables, each once."""
    return tuple(dict.fromkeys(ref for _, ref in tables))


def tables_in(nodes: Iterable[exp.Expr]) -> Iterator[ReadTable]:
    """The nodes that are tables which a query reads, in their order.

    Names of common table expressions are not tables, where they can be seen; nor are table
    functions. A file (`FROM 'events.parquet'`) is one, with the file as its name.
    """
    for node in nodes:
        if not isinstance(node, exp.Table):
            continue
        if isinstance(node.this, exp.Identifier) and not is_cte(node):
            yield node, TableRef(catalog=node.catalog, schema=node.db, name=node.name)


def is_cte(table: exp.Table) -> bool:
    """Whether a bare name is a common table expression that can be seen from where it stands.

    One sees those written before it in its own WITH, and itself where it is recursive.
    """
    if table.db:
        return False
    wanted = table.name.lower()
    node: exp.Expr = table
    inside: exp.CTE | None = None
    while (parent := node.parent) is not None:
        if isinstance(node, exp.CTE):
            inside = node
        clause = parent.args.get("with_")
        if isinstance(clause, exp.With):
            came_from_clause = node is clause
            for cte in clause.expressions:
                is_self = came_from_clause and cte is inside
                if is_self and not (clause.recursive and _is_recursion(table, cte)):
                    break
                if cte.alias.lower() == wanted:
                    return True
                if is_self:
                    break
        node = parent
    return False


def _is_recursion(table: exp.Table, cte: exp.CTE) -> bool:
    """Whether a table within a CTE of WITH RECURSIVE stands where DuckDB takes its name for it.

    That is what a UNION adds to what comes before it; elsewhere the name is a table's.
    """
    body = cte.this.unnest()
    if not isinstance(body, exp.Union) or body.args.get("by_name"):
        return False
    node: exp.Expr | None = table
    while node is not None and node is not body.expression:
        node = node.parent
    return node is not None
