"""Where the time filter goes in a query.

The bound is about the rows that the query gives, so wherever a filter inside could mean something
else, it stands around the query. DuckDB moves such a filter down to the scan by itself wherever
that keeps the rows the same.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from t4t_core.sql.calls import call_refs
from t4t_core.sql.names import column as named_column
from t4t_core.sql.steady_names import STEADY

_NOT_PLAIN = (
    "distinct",
    "group",
    "having",
    "qualify",
    "limit",
    "offset",
    "sample",
    "windows",
    "with_",
    "laterals",
    "pivots",
    "match",
)
# DuckDB's own that look at no row but their own: the steady ones, and some that are not.
_OF_ONE_ROW = STEADY | frozenset(
    """
    age aggregate array_aggr array_aggregate current_setting currval enum_code enum_first enum_last
    enum_range enum_range_boundary error get_current_timestamp getvariable list_aggr list_aggregate
    nextval nfc_normalize now today transaction_timestamp txid_current uuidv4 uuidv7
    """.split()  # noqa: SIM905  a list of strings would fill a screen
)
_PARTS_OF_NAME = ("this", "db", "catalog", "alias")


def filtered(tree: exp.Expr, column: str, condition: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The query that gives exactly those rows of `tree` that satisfy the condition.

    Args:
        tree: Any query. It is changed and must not be used afterwards.
        column: The output column that the condition is about.
        condition: Makes the condition from the expression that stands for the column.
    """
    inner = _source_of(tree, column)
    if inner is not None and isinstance(tree, exp.Select):
        return tree.where(condition(inner), copy=False)
    return around(tree, condition(named_column(column, "q")))


def around(tree: exp.Expr, condition: exp.Expr | None = None) -> exp.Select:
    """`SELECT * FROM (tree) AS q`, with the condition where one is given."""
    outer = exp.Select(expressions=[exp.Star()]).from_(subquery(tree, "q"), copy=False)
    return outer if condition is None else outer.where(condition, copy=False)


def subquery(tree: exp.Expr, alias: str | None = None) -> exp.Subquery:
    """The query in parentheses, for use in FROM."""
    if not isinstance(tree, exp.Query):
        tree = exp.Select(expressions=[exp.Star()]).from_(exp.Subquery(this=tree), copy=False)
    wrapped = exp.Subquery(this=tree)
    if alias is not None:
        wrapped.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return wrapped


def is_scan(tree: exp.Expr, column: str) -> bool:
    """Whether a query does no more than to read one table, whose own column is the one named."""
    if _source_of(tree, column) is None or any(
        tree.args[key] for key in tree.args if key not in ("expressions", "from_", "where")
    ):
        return False
    origin = tree.args.get("from_")
    if origin is None or not isinstance(origin.this, exp.Table):
        return False
    read = origin.this
    has_more = any(read.args[key] for key in read.args if key not in _PARTS_OF_NAME)
    is_named = isinstance(read.this, exp.Identifier) and not has_more
    return is_named and not any(node is not tree for node in tree.find_all(exp.Query))


def _source_of(tree: exp.Expr, column: str) -> exp.Column | None:
    """The column that WHERE can use for an output column, or None where it is not so simple."""
    if not isinstance(tree, exp.Select) or any(tree.args.get(key) for key in _NOT_PLAIN):
        return None
    if any(_may_look_at_other_rows(projection) for projection in tree.expressions):
        return None
    wanted = column.lower()
    if len(tree.expressions) == 1 and type(tree.expressions[0]) is exp.Star:
        return _column_of_star(tree, column)
    if any(projection.is_star for projection in tree.expressions):
        return None
    named = [p for p in tree.expressions if p.alias_or_name.lower() == wanted]
    if len(named) != 1 or not isinstance(named[0].unalias(), exp.Column):
        return None
    source: exp.Column = named[0].unalias()
    others = {p.alias.lower() for p in tree.expressions if p is not named[0]}
    if not source.table and source.name.lower() in others:
        return None
    return source.copy()


def _may_look_at_other_rows(projection: exp.Expr) -> bool:
    """Whether a value may come of several rows: by a window, or a macro, which may hold one."""
    if projection.find(exp.Window):
        return True
    return any(
        ref.schema or ref.catalog or ref.name.lower() not in _OF_ONE_ROW
        for ref in call_refs(projection)
    )


def _column_of_star(tree: exp.Select, column: str) -> exp.Column | None:
    if tree.expressions[0].args.get("except_"):
        return None
    if tree.expressions[0].args.get("replace") or tree.expressions[0].args.get("rename"):
        return None
    origin = tree.args.get("from_")
    if tree.args.get("joins") or origin is None or not isinstance(origin.this, exp.Table):
        return None
    if not isinstance(origin.this.this, exp.Identifier) or origin.this.args.get("joins"):
        return None
    return named_column(column)
