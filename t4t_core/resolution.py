"""Which of the project's own a name in a query means."""

from __future__ import annotations

from collections.abc import Container

from t4t_core.sql.table_ref import TableRef

Key = tuple[str, str]
MAIN_SCHEMA = "main"


def resolved(
    ref: TableRef,
    schema: str,
    known: Container[Key],
    catalog: str,
    default_schema: str,
) -> Key | None:
    """The key that a table or function means in a model of a schema, or None for a foreign one.

    DuckDB reads `a.b` as schema a or catalog a. A bare name is looked for in the model's own
    schema, then in `[connection] schema`, then in `main`, where DuckDB looks.
    """
    name, at_schema, at_catalog = ref.name.lower(), ref.schema.lower(), ref.catalog.lower()
    if at_catalog and at_catalog != catalog.lower():
        return None
    if at_schema:
        candidates = [at_schema]
        if not at_catalog and at_schema == catalog.lower():
            candidates.append(MAIN_SCHEMA)
    else:
        candidates = [schema.lower(), default_schema.lower(), MAIN_SCHEMA]
    return next(((s, name) for s in candidates if (s, name) in known), None)
