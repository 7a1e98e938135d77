"""Which column t4t numbers."""

from __future__ import annotations

from msgspec.structs import replace

from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.facts import Column, Facts, Number, column_named
from t4t_core.values import TimeKind

# DuckDB's integer types by all of their names, in lower case.
_INTEGERS = {
    "tinyint": "TINYINT",
    "int1": "TINYINT",
    "smallint": "SMALLINT",
    "int16": "SMALLINT",
    "int2": "SMALLINT",
    "short": "SMALLINT",
    "integer": "INTEGER",
    "int": "INTEGER",
    "int32": "INTEGER",
    "int4": "INTEGER",
    "signed": "INTEGER",
    "bigint": "BIGINT",
    "int64": "BIGINT",
    "int8": "BIGINT",
    "long": "BIGINT",
    "hugeint": "HUGEINT",
    "int128": "HUGEINT",
    "utinyint": "UTINYINT",
    "usmallint": "USMALLINT",
    "uinteger": "UINTEGER",
    "ubigint": "UBIGINT",
}


def with_number(model: Model, facts: Facts) -> Facts:
    """The facts with the number among the columns, first where the query does not give it.

    Raises:
        RunError: Its type is no integer.
    """
    wanted = model.config.numbered
    if wanted is None:
        return facts
    given = column_named(facts.query_columns, wanted.name)
    if given is not None:
        if given.kind is not TimeKind.INTEGER:
            raise _no_integer(model, given.name, given.type)
        return replace(facts, number=Number(given.name, given.type, is_given=True))
    type_ = _duckdb_type(wanted.datatype)
    if type_ is None:
        raise _no_integer(model, wanted.name, wanted.datatype or "")
    return replace(
        facts,
        query_columns=(Column(wanted.name, type_), *facts.query_columns),
        number=Number(wanted.name, type_, is_given=False),
    )


def _duckdb_type(datatype: str | None) -> str | None:
    """The integer type of a `datatype`, as DuckDB writes it; BIGINT where none is written."""
    return "BIGINT" if datatype is None else _INTEGERS.get(datatype.strip().lower())


def _no_integer(model: Model, name: str, type_: str) -> RunError:
    return RunError(
        f"the auto_incremental column {name!r} has type {type_}, which is no integer",
        place=model.config_place,
        hint=f'write "datatype": "bigint" for it, or cast it in the query: '
        f"CAST(... AS BIGINT) AS {name}",
    )
