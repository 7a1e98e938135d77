"""Which functions a query calls that are none of SQL's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from t4t_core.sql.names import identifier
from t4t_core.sql.placeholders import dialect_called
from t4t_core.sql.tables import TableRef


def is_known_function(name: str) -> bool:
    """Whether sqlglot reads a call of this name as a function that it knows.

    Such a call cannot be told from SQL's own function, so no function of a project may have the
    name.
    """
    parser = type(dialect_called("duckdb").parser())
    return name.upper() in {
        *parser.FUNCTIONS,
        *parser.FUNCTION_PARSERS,
        *parser.NO_PAREN_FUNCTION_PARSERS,
    }


def call_refs(tree: exp.Expr) -> tuple[TableRef, ...]:
    """The functions that a query calls, as it names them, each once, in the order of the tree.

    Those that sqlglot knows are left out, so what is found may still be one of DuckDB's.
    """
    return calls_among(tree.dfs())


def calls_among(nodes: Iterable[exp.Expr]) -> tuple[TableRef, ...]:
    """The same of the nodes of a tree, in its order."""
    return tuple(dict.fromkeys(ref for _, ref in _calls(nodes)))


def with_calls(tree: exp.Expr, replace: Callable[[TableRef], TableRef | None]) -> exp.Expr:
    """The tree, changed in place, with functions called by other names.

    Args:
        tree: The query.
        replace: Gives the name to call instead, or None to leave the call.
    """
    for call, ref in list(_calls(tree.dfs())):
        wanted = replace(ref)
        if wanted is None:
            continue
        call.set("this", _function_name(wanted.name))
        schema = identifier(wanted.schema) if wanted.schema else None
        catalog = identifier(wanted.catalog) if wanted.catalog else None
        parent = call.parent
        if isinstance(parent, exp.Table):
            parent.set("db", schema)
            parent.set("catalog", catalog)
            continue
        outermost = parent if isinstance(parent, exp.Dot) and parent.expression is call else call
        # Not a copy of the call: the calls among its arguments are still to come.
        hole = exp.Null()
        is_root = outermost is tree
        if not is_root:
            outermost.replace(hole)
        found: exp.Expr = call
        if schema is not None:
            before = schema if catalog is None else exp.Dot(this=catalog, expression=schema)
            found = exp.Dot(this=before, expression=call)
        if is_root:
            tree = found
        else:
            hole.replace(found)
    return tree


def _function_name(name: str) -> str | exp.Identifier:
    """Bare where it is a plain word: sqlglot writes a quoted name of a function in upper case."""
    found = identifier(name)
    return found if found.quoted else name


def _calls(nodes: Iterable[exp.Expr]) -> Iterator[tuple[exp.Anonymous, TableRef]]:
    for call in nodes:
        if not isinstance(call, exp.Anonymous):
            continue
        parent = call.parent
        if isinstance(parent, exp.Table):
            yield call, TableRef(parent.catalog, parent.db, call.name)
        elif isinstance(parent, exp.Dot) and parent.expression is call:
            parts = _parts(parent.this)
            if parts is not None and len(parts) in (1, 2):
                yield call, TableRef(parts[0] if len(parts) > 1 else "", parts[-1], call.name)
        elif isinstance(parent, exp.Filter) and isinstance(parent.parent, exp.Column):
            # `s.f(x) FILTER (...)` is read as the column `f(x) FILTER (...)` of the table s.
            yield call, TableRef(parent.parent.db, parent.parent.table, call.name)
        else:
            yield call, TableRef("", "", call.name)


def _parts(tree: exp.Expr) -> list[str] | None:
    """The names that stand before a call, or None where one is no name but an expression."""
    if isinstance(tree, exp.Dot):
        before, last = _parts(tree.this), _parts(tree.expression)
        return None if before is None or last is None else [*before, *last]
    return [tree.name] if isinstance(tree, exp.Identifier | exp.Column) else None
