"""Whether other databases can be attached beside the project's own, by the names they have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from t4t_core.errors import UsageError
from t4t_core.names import OWN_SCHEMA
from t4t_core.other_database import OtherDatabase

# DuckDB's own, and what t4t's own schema and the attached state are called.
_TAKEN = frozenset({"main", "temp", "system", "memory", OWN_SCHEMA, f"{OWN_SCHEMA}_state"})


def refuse_clashes(
    others: Sequence[OtherDatabase], database: Path, state: Path, catalog: str
) -> None:
    """Refuses what DuckDB would wait for, or tell of in other words.

    Args:
        others: Those of `project.toml`.
        database: The project's own.
        state: Its state.
        catalog: What DuckDB calls the project's own.

    Raises:
        UsageError: A name is taken, or a file is attached already.
    """
    names = dict.fromkeys(_TAKEN, "is a name of DuckDB's or t4t's own")
    names[catalog.lower()] = "is what the project's own database is called"
    files = {database.resolve(): "the project's own database", state.resolve(): "its state"}
    for other in others:
        taken = names.get(other.name.lower())
        if taken is not None:
            raise UsageError(
                f"a database cannot be attached as {other.name}: that {taken}",
                place=other.place,
                hint="give it another name under [attach]",
            )
        names[other.name.lower()] = "name stands here twice, and DuckDB takes no notice of case"
        if other.file is None:
            continue
        held = files.get(other.file.resolve())
        if held is not None:
            raise UsageError(
                f"{other.name} is {held}, {other.file}, which is open already",
                place=other.place,
                hint="take it out: the tables of the project's own database need no name before "
                "them, and a file has one name",
            )
        files[other.file.resolve()] = f"the file of {other.name}"


def refuse_schemas(others: Sequence[OtherDatabase], schemas: Collection[str]) -> None:
    """Refuses a name that is also a schema, since DuckDB cannot tell which a table's is.

    Raises:
        UsageError: There is one.
    """
    known = {schema.lower(): schema for schema in schemas}
    for other in others:
        schema = known.get(other.name.lower())
        if schema is not None:
            raise UsageError(
                f"a database is attached as {other.name}, and there is a schema {schema} too: "
                f"{other.name}.orders could be a table of either",
                place=other.place,
                hint="give the database another name under [attach]",
            )
