"""The query that gives the rows which break a check's rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from sqlglot import exp

from t4t_core.checks.accepted_values import AcceptedValues, other_values
from t4t_core.checks.check import Check
from t4t_core.checks.expression import Expression, exceptions
from t4t_core.checks.freshness import Freshness, too_old
from t4t_core.checks.not_null import NotNull, null_rows
from t4t_core.checks.relationships import Relationships, orphans
from t4t_core.checks.row_count import HasRows, RowCount, wrong_count
from t4t_core.checks.sql_test import OfSqlTest, filled_test
from t4t_core.checks.subject import Subject
from t4t_core.checks.unique import Unique, UniqueRows, repeated_rows, repeated_values
from t4t_core.errors import Place
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.compiled import compiled_query, table_read
from t4t_core.seeds.seed import Seed
from t4t_core.sql.condition import Condition
from t4t_core.sql.filled import with_values
from t4t_core.sql.names import identifier
from t4t_core.sql.tables import TableRef, with_tables
from t4t_core.sql.test_query import with_names
from t4t_core.sql.window import subquery
from t4t_core.sql_functions.names import with_function_names

Node = Model | Seed


def violations(
    check: Check,
    node: Node | None,
    graph: Graph,
    values: Mapping[str, object],
    now: datetime,
    types: Mapping[str, str],
) -> exp.Expr:
    """The query whose rows break the check's rule; a fresh tree each time.

    Args:
        check: The check.
        node: The table it belongs to; None only where it is a SQL test that names its tables.
        graph: Of the project.
        values: The run's variables.
        now: The moment of the run; it has a zone.
        types: Of the table's columns, by their names in lower case; needed by `freshness`.

    Raises:
        VariableError: A placeholder has no value.
        RunError: The rule cannot be about this column.
    """
    rule = check.rule
    if isinstance(rule, OfSqlTest):
        return _of_sql_test(rule, node, graph, values)
    assert node is not None, "only SQL tests stand alone"
    subject = Subject(
        name=node.name,
        table=table_of(node, graph, values),
        where=None if check.where is None else _filled(check.where, node, graph, values, check),
        types=types,
        now=now,
        other=lambda ref: read_for(ref, node.name.schema, graph, values) or _as_written(ref),
    )
    match rule:
        case NotNull():
            return null_rows(rule, subject)
        case Unique():
            return repeated_values(rule, subject)
        case UniqueRows():
            return repeated_rows(subject)
        case AcceptedValues():
            return other_values(rule, subject)
        case Relationships():
            return orphans(rule, subject)
        case Expression():
            return exceptions(_filled(rule.expression, node, graph, values, check), subject)
        case HasRows() | RowCount():
            return wrong_count(rule, subject)
        case Freshness():
            return too_old(rule, subject)
        case _:
            assert_never(rule)


def read_for(
    ref: TableRef, schema: str, graph: Graph, values: Mapping[str, object]
) -> exp.Expr | None:
    """What is read for a table that a check names, or None where that is as it is written.

    Args:
        ref: The table.
        schema: Where a name without one is looked for first.
        graph: Of the project.
        values: For the placeholders of ephemeral models.
    """
    key = graph.resolve(ref, schema)
    return None if key is None else table_of(graph.nodes[key], graph, values)


def table_of(node: Node, graph: Graph, values: Mapping[str, object]) -> exp.Expr:
    """What stands in FROM for a model or seed: its table, or the query of an ephemeral model."""
    if isinstance(node, Model) and node.is_ephemeral:
        inlined = subquery(compiled_query(node, graph, values))
        inlined.set("alias", exp.TableAlias(this=identifier(node.name.name)))
        return inlined
    return table_read(node.name, graph)


def _as_written(ref: TableRef) -> exp.Expr:
    parts = {"this": ref.name, "db": ref.schema, "catalog": ref.catalog}
    return exp.Table(**{key: identifier(part) for key, part in parts.items() if part})


def _filled(
    condition: Condition,
    node: Node,
    graph: Graph,
    values: Mapping[str, object],
    check: Check,
) -> exp.Expr:
    place = Place(check.place.file)
    tree = with_values(condition.tree_to_run, condition.placeholders, values, place)
    return _named(tree, node.name.schema, graph, values)


def _named(tree: exp.Expr, schema: str, graph: Graph, values: Mapping[str, object]) -> exp.Expr:
    """The tree, changed in place, with tables and functions by the names that DuckDB knows."""
    tree = with_tables(tree, lambda ref: read_for(ref, schema, graph, values))
    return with_function_names(tree, schema, graph)


def _of_sql_test(
    rule: OfSqlTest, node: Node | None, graph: Graph, values: Mapping[str, object]
) -> exp.Expr:
    is_about_table = node is not None and rule.test.is_generic
    schema = node.name.schema if node is not None and is_about_table else graph.default_schema
    filled = filled_test(rule, None if node is None else str(node), values)
    tree = _named(filled, schema, graph, values)
    if node is None or not is_about_table:
        return tree
    return with_names(tree, table_of(node, graph, values), node.name.name, rule.column)
