"""The steps of a view or table that every run makes anew."""

from __future__ import annotations

from t4t_core.models import Model
from t4t_core.planning.facts import Facts
from t4t_core.planning.steps import Step, Tally, Write
from t4t_core.schema.fit import needed_column
from t4t_core.sql.names import table
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import (
    create_schema,
    create_table,
    create_view,
    drop_table,
    drop_view,
)
from t4t_core.strategies.key_gates import refuse_null_keys, refuse_repeated_keys
from t4t_core.strategies.numbering import create_numbered, numbering_by_key


def made_anew(model: Model, query: QueryText, facts: Facts, catalog: str) -> tuple[Step, ...]:
    """What makes the view or table; its rows keep their numbers where they have some."""
    target = table(model.name, catalog)
    room = make_room(model, facts, catalog)
    if model.config.materialization == "view":
        return (*room, Write(create_view(target, query.sql), note=f"Created view: {model}"))
    if facts.number is None:
        create = create_table(target, query.sql)
        return (*room, Write(create, Tally.CREATED, f"Created table: {model}", into=target))
    keys = model.config.unique_key
    assert keys is not None, "checked when the metadata was read"
    for key in keys:
        needed_column(facts.query_columns, key, "unique key")
    numbering = numbering_by_key(model.name, target, facts, keys)
    return (
        *room,
        *create_numbered(numbering, query.sql, facts.columns_with_numbers),
        refuse_null_keys(target, keys),
        refuse_repeated_keys(target, keys, "make the query give one row per key"),
    )


def make_room(model: Model, facts: Facts, catalog: str) -> tuple[Step, ...]:
    """The schema where there is none yet, and the way cleared of a view or table of this name."""
    if facts.target is None:
        return (Write(create_schema(model.name, catalog)),)
    wanted = "view" if model.config.materialization == "view" else "table"
    if facts.target.kind == wanted:
        return ()
    drop = drop_view if facts.target.kind == "view" else drop_table
    return (Write(drop(table(model.name, catalog))),)
