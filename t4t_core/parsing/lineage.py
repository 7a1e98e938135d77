"""Which columns of which tables a query's columns come from."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

from t4t_core.parsing.duckdb_as_written import DuckDBAsWritten
from t4t_core.sql.filling import Fill, StandIn
from t4t_core.sql.origins import Lineage, Origin
from t4t_core.sql.query import Query
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql

log = logging.getLogger("t4t_core.lineage")


def column_origins(query: Query, columns_of: Mapping[TableRef, Sequence[str]]) -> Lineage:
    """For each column that a query gives, the columns it is computed from.

    Lineage describes; nothing is decided by it. Where sqlglot cannot follow a query, what it cannot
    follow is left out.

    Args:
        query: The query.
        columns_of: The columns of the tables it reads, as far as they are known.
    """
    # Names of one part keep sqlglot from mixing up tables that differ in schema alone.
    stands_for = {f"t{number}": ref for number, ref in enumerate(query.tables)}
    stand_ins = {ref: StandIn(Sql(name), name) for name, ref in stands_for.items()}
    nothing = {placeholder.name: None for placeholder in query.placeholders}
    renamed = query.filled(Fill(values=nothing, table=stand_ins.get)).sql
    schema = MappingSchema(
        {
            name: dict.fromkeys(columns_of[ref], "UNKNOWN")
            for name, ref in stands_for.items()
            if columns_of.get(ref)
        },
        dialect="duckdb",
    )
    try:
        qualified = qualify(
            parse_one(renamed, dialect=DuckDBAsWritten),
            schema=schema,
            dialect="duckdb",
            validate_qualify_columns=False,
            identify=False,
        )
        scope = build_scope(qualified)
    except SqlglotError as error:
        log.debug("no column lineage: %s", error)
        return {}
    if scope is None or not isinstance(qualified, exp.Query):
        return {}
    found: dict[str, tuple[Origin, ...]] = {}
    for name in qualified.named_selects:
        if not name or name == "*":
            continue
        try:
            node = lineage(
                name,
                qualified,
                schema=schema,
                scope=scope,
                dialect="duckdb",
                trim_selects=False,
                copy=False,
            )
        except (SqlglotError, ValueError) as error:
            log.debug("no lineage of %s: %s", name, error)
            continue
        found[name] = _origins(node, stands_for, columns_of)
    return found


def _origins(
    node: Node, stands_for: Mapping[str, TableRef], columns_of: Mapping[TableRef, Sequence[str]]
) -> tuple[Origin, ...]:
    """The columns at the leaves, spelled as their tables do; sqlglot writes small letters."""
    found: dict[Origin, None] = {}
    for leaf in node.walk():
        if leaf.downstream or not isinstance(leaf.expression, exp.Table):
            continue
        ref = stands_for.get(leaf.expression.name)
        column = leaf.name.rpartition(".")[2].strip('"')
        if ref is not None and column != "*":
            spelled = {known.lower(): known for known in columns_of.get(ref, ())}
            found[Origin(ref, spelled.get(column.lower(), column))] = None
    return tuple(sorted(found))
