"""Which tables a query reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, slots=True, order=True)
class TableRef:
    """A table as a query names it; the parts it leaves out are empty."""

    catalog: str
    schema: str
    name: str

    @property
    def is_file(self) -> bool:
        """Whether the name is that of a file (`FROM 'events.parquet'`), by its look."""
        return not self.schema and any(sign in self.name for sign in "./\\*")

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)


def table_refs(tree: exp.Expr) -> tuple[TableRef, ...]:
    """The tables that a query reads, each once, in the order of the tree.

    Names of common table expressions are not tables, where they can be seen; nor are table
    functions. A file (`FROM 'events.parquet'`) is one, with the file as its name.
    """
    return tables_among(tree.dfs())


def tables_among(nodes: Iterable[exp.Expr]) -> tuple[TableRef, ...]:
    """The same of the nodes of a tree, in its order."""
    return tuple(dict.fromkeys(_ref(table) for table in _tables(nodes)))


def with_tables(tree: exp.Expr, replace: Callable[[TableRef], exp.Expr | None]) -> exp.Expr:
    """The tree, changed in place, with tables replaced.

    Args:
        tree: The query.
        replace: Gives the table or subquery to put in place of a table, or None to leave it. A
            replacement without an alias gets the one that was written, or else the table's name,
            so that columns qualified by it still find it.
    """
    for table in list(_tables(tree.dfs())):
        replacement = replace(_ref(table))
        if replacement is None:
            continue
        for key in ("joins", "pivots", "sample", "laterals"):
            if table.args.get(key):
                replacement.set(key, table.args[key])
        alias = table.args.get("alias")
        if alias is not None:
            replacement.set("alias", alias.copy())
        elif isinstance(replacement, exp.Subquery) or replacement.name != table.name:
            replacement.set("alias", exp.TableAlias(this=table.this.copy()))
        if alias is None and table.db:
            shorten_columns(tree, table)
        table.replace(replacement)
    return tree


def shorten_columns(tree: exp.Expr, table: exp.Table) -> exp.Expr:
    """The tree, changed in place: `schema.table.column` of that table becomes `table.column`.

    What stands in the table's place has another schema.
    """
    wanted = (table.db.lower(), table.name.lower())
    for column in tree.find_all(exp.Column):
        if (column.db.lower(), column.table.lower()) == wanted:
            column.set("db", None)
            column.set("catalog", None)
    return tree


def _ref(table: exp.Table) -> TableRef:
    return TableRef(catalog=table.catalog, schema=table.db, name=table.name)


def _tables(nodes: Iterable[exp.Expr]) -> Iterator[exp.Table]:
    for node in nodes:
        if not isinstance(node, exp.Table):
            continue
        if isinstance(node.this, exp.Identifier) and not is_cte(node):
            yield node


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
