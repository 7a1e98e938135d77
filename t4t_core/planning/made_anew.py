"""The steps of a view or table that every run makes anew."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.models import Model
from t4t_core.planning.facts import Facts
from t4t_core.planning.steps import Step, Tally, Write
from t4t_core.schema.fit import needed_column
from t4t_core.sql.names import table
from t4t_core.sql.statements import create_schema, create_table, create_view, drop
from t4t_core.strategies.key_gates import refuse_null_keys, refuse_repeated_keys
from t4t_core.strategies.numbering import create_numbered, numbering_by_key


def made_anew(model: Model, query: exp.Expr, facts: Facts, catalog: str) -> tuple[Step, ...]:
    """What makes the view or table; its rows keep their numbers where they have some."""
    target = table(model.name, catalog)
    room = make_room(model, facts, catalog)
    if model.config.materialization == "view":
        return (*room, Write(create_view(target, query), note=f"Created view: {model}"))
    if facts.number is None:
        return (*room, Write(create_table(target, query), Tally.CREATED, f"Created table: {model}"))
    keys = model.config.unique_key
    assert keys is not None, "checked when the metadata was read"
    for key in keys:
        needed_column(facts.query_columns, key, "unique key")
    numbering = numbering_by_key(model.name, target, facts, keys)
    return (
        *room,
        *create_numbered(numbering, query, facts.columns_with_numbers),
        refuse_null_keys(target.copy(), keys),
        refuse_repeated_keys(target.copy(), keys, "make the query give one row per key"),
    )


def make_room(model: Model, facts: Facts, catalog: str) -> tuple[Step, ...]:
    """The schema where there is none yet, and the way cleared of a view or table of this name."""
    if facts.target is None:
        return (Write(create_schema(model.name, catalog)),)
    wanted = "view" if model.config.materialization == "view" else "table"
    if facts.target.kind == wanted:
        return ()
    return (Write(drop(table(model.name, catalog), facts.target.kind)),)
