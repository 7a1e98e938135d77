"""Which functions a query calls that are none of SQL's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from t4t_core.parsing.placeholders import dialect_called
from t4t_core.sql.table_ref import TableRef

# Catalog and schema.
_MOST_BEFORE = 2


def is_known_function(name: str) -> bool:
    """Whether sqlglot reads a call of this name as a function that it knows.

    Such a call cannot be told from SQL's own function, so no function of a project may have the
    name.
    """
    parser = dialect_called("duckdb").parser()
    return name.upper() in {
        *parser.FUNCTIONS,
        *parser.FUNCTION_PARSERS,
        *parser.NO_PAREN_FUNCTION_PARSERS,
    }


def calls_among(nodes: Iterable[exp.Expr]) -> tuple[TableRef, ...]:
    """The functions that a query calls, as it names them, each once, in the order of the tree.

    Those that sqlglot knows are left out, so what is found may still be one of DuckDB's.
    """
    return tuple(dict.fromkeys(ref for _, ref, _ in calls_in(nodes)))


def calls_in(nodes: Iterable[exp.Expr]) -> Iterator[tuple[exp.Expr, TableRef, list[exp.Expr]]]:
    """The calls among nodes: what names the function, the name, and what stands before it."""
    for call in nodes:
        if not isinstance(call, exp.Anonymous):
            continue
        parent = call.parent
        before: list[exp.Expr] | None = []
        if isinstance(parent, exp.Table):
            before = [part for part in map(parent.args.get, ("catalog", "db")) if part is not None]
        elif isinstance(parent, exp.Dot) and parent.expression is call:
            before = _parts(parent.this)
        elif isinstance(parent, exp.Filter) and isinstance(parent.parent, exp.Column):
            # `s.f(x) FILTER (...)` is read as the column `f(x) FILTER (...)` of the table s.
            parts = map(parent.parent.args.get, ("db", "table"))
            before = [part for part in parts if part is not None]
        if before is not None and len(before) <= _MOST_BEFORE:
            schema = before[-1].name if before else ""
            catalog = before[0].name if len(before) == _MOST_BEFORE else ""
            yield call, TableRef(catalog, schema, call.name), before


def _parts(tree: exp.Expr) -> list[exp.Expr] | None:
    """The names that stand before a call, or None where one is no name but an expression."""
    if isinstance(tree, exp.Dot):
        before, last = _parts(tree.this), _parts(tree.expression)
        return None if before is None or last is None else [*before, *last]
    if isinstance(tree, exp.Column):
        return list(tree.parts)
    return [tree] if isinstance(tree, exp.Identifier) else None
