"""Values of time columns, read from the database."""

from __future__ import annotations

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import RunError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.facts import Column, Facts, column_named
from t4t_core.planning.plan import Plan
from t4t_core.running.apply import Tallies
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column as named_column
from t4t_core.sql.names import table
from t4t_core.sql.statements import greatest_ordinal
from t4t_core.sql.text import Sql, sql
from t4t_core.values import MICROS_OF_A_DAY, TimeKind, TimeValue


def greatest_in_table(
    model: Model, facts: Facts, graph: Graph, warehouse: Warehouse
) -> TimeValue | None:
    """The greatest finite time in the model's table, or None where there is none.

    Raises:
        RunError: It lies past the year 9999.
    """
    settings = model.window
    if settings is None or facts.target is None or facts.target.kind == "view":
        return None
    column = column_named(facts.target.columns, settings.time_column)
    if column is None or column.kind is None:
        return None
    watermark = None if facts.commit is None else facts.commit.watermark
    if watermark is not None and watermark.kind is column.kind:
        # The scan skips what lies before the watermark, and mostly nothing lies past it.
        time, mark = named_column(column.name), time_literal(watermark)
        past = sql("{time} >= {mark}", time=time, mark=mark)
        query = greatest_ordinal(table(model.name, graph.catalog), column.name, column.kind, past)
        found = _time_value(column.kind, warehouse.row(query))
        if found is not None:
            return found
    return greatest_in_column(table(model.name, graph.catalog), column, warehouse)


def greatest_in_column(source: Sql, column: Column, warehouse: Warehouse) -> TimeValue | None:
    """The greatest finite time in a column of a table, or None where there is none.

    Raises:
        RunError: It lies past the year 9999.
    """
    if column.kind is None:
        return None
    query = greatest_ordinal(source, column.name, column.kind)
    return _time_value(column.kind, warehouse.row(query))


def greatest_read(made: Plan, tallies: Tallies, warehouse: Warehouse) -> TimeValue | None:
    """The greatest finite time that a plan's statements have read, or None.

    Raises:
        RunError: It lies past the year 9999.
    """
    greatest = made.greatest
    if greatest is None or made.kind is None:
        return None
    if tallies.has_looked:
        return _time_value(made.kind, (tallies.greatest,))
    if greatest.sql is None or (greatest.is_of_inserted and not tallies.inserted):
        return None
    return _time_value(made.kind, warehouse.row(greatest.sql))


def _time_value(kind: TimeKind, row: tuple[object, ...] | None) -> TimeValue | None:
    if row is None or row[0] is None:
        return None
    ordinal = row[0]
    assert isinstance(ordinal, int), "epoch functions and integer columns give integers"
    value = TimeValue(kind, ordinal // MICROS_OF_A_DAY if kind is TimeKind.DATE else ordinal)
    try:
        str(value)
    except OverflowError as error:
        raise RunError(
            "the greatest value of the time column lies outside the years 1 to 9999",
            hint="leave such rows out in the model's query, or give them the time 'infinity'",
        ) from error
    return value
