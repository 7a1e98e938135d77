"""Whether a query keeps the schema that its model declares."""

from __future__ import annotations

from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.facts import Facts, column_named
from t4t_core.schema.widening import UNKNOWN


def check_contract(model: Model, facts: Facts) -> str | None:
    """What to warn of, or None; nothing is checked of a model that declares no columns.

    A column that is only ever NULL has any type.

    Raises:
        RunError: The query's columns are not those that are declared.
    """
    declared = model.config.schema_
    if not declared:
        return None
    contract = model.config.schema_contract
    types = {column.name: column.type for column in facts.declared}
    found = []
    for wanted in declared:
        if wanted.auto_incremental:
            continue  # the run numbers it, in the declared type
        given = column_named(facts.query_columns, wanted.name)
        if given is None:
            found.append(f"{wanted.name} is missing")
        elif types.get(wanted.name, given.type) != given.type and given.type != UNKNOWN:
            found.append(f"{wanted.name} should be {types[wanted.name]} and is {given.type}")
    if contract == "strict":
        names = {column.name.lower() for column in declared}
        found += [
            f"{column.name} {column.type} is not declared"
            for column in facts.query_columns
            if column.name.lower() not in names
        ]
    if not found:
        return None
    what = f"the query does not give the declared schema: {'; '.join(found)}"
    if contract == "warn":
        return what
    raise RunError(
        what,
        place=model.config_place,
        hint="change the query, or `schema` in the metadata; "
        '"schema_contract": "warn" only tells of it',
    )
