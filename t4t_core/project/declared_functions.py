"""What a decorated Python function does as a function of SQL."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import cast

from t4t_core.config.function import FunctionConfig
from t4t_core.errors import Place, UsageError
from t4t_core.names import TableName
from t4t_core.project.fingerprint import code_fingerprint
from t4t_core.project.python_files import raised_at
from t4t_core.project.python_types import duckdb_type
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql.macro import Macro
from t4t_core.sql_functions.function import PythonFunction

_TYPES_HINT = (
    'annotate it (x: float), or give parameters=[{"name": ..., "type": "DOUBLE"}] and '
    'return_type="DOUBLE"'
)


def sql_of_function(
    function: Callable[..., object],
    name: TableName,
    config: FunctionConfig,
    place: Place,
    dialect: str,
    sql: SqlTexts,
) -> Macro:
    """The function that the SQL makes which a Python function returns.

    Raises:
        UsageError: It raised, or returned no SQL.
    """
    parameters = [p for p in inspect.signature(function).parameters if p != "adapter_type"]
    arguments = {parameter: parameter for parameter in parameters}
    if len(parameters) < len(inspect.signature(function).parameters):
        arguments["adapter_type"] = "duckdb"
    try:
        result = function(**arguments)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{name}: {function.__name__}() raised {type(error).__name__}: {error}",
            place=Place(place.file, raised_at(error, place.file) or place.line),
            hint="it is called when the project is loaded, with the names of its parameters",
        ) from error
    if isinstance(result, Mapping):
        result = next((result[key] for key in ("duckdb", "default") if key in result), None)
    if not isinstance(result, str):
        raise UsageError(
            f"{name}: {function.__name__}() returned a {type(result).__name__}, not SQL",
            place=place,
            hint="return an expression over its parameters, or a CREATE FUNCTION statement",
        )
    if result.split()[:1] and result.split()[0].upper() == "CREATE":
        return sql.macro(result, place, name, dialect)
    if config.parameters is not None:
        parameters = [parameter.name for parameter in config.parameters]
    returns = None if config.return_type is None else _type(config.return_type, place, sql)
    return sql.macro_of_body(parameters, result, returns, place, dialect)


def python_function(
    function: Callable[..., object],
    config: FunctionConfig,
    place: Place,
    folder: Path,
    sql: SqlTexts,
) -> PythonFunction:
    """The function as DuckDB registers it.

    Raises:
        UsageError: Its types are not known.
    """
    if config.function_type == "table":
        raise UsageError(
            "a Python function gives one value for each row, not a table",
            place=place,
            hint="write a model in Python, or the function in SQL",
        )
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, AttributeError, SyntaxError) as error:
        raise UsageError(f"its annotations cannot be read: {error}", place=place) from error
    declared = {p.name: p.type for p in config.parameters or () if p.type is not None}
    types = []
    for name, parameter in signature.parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise UsageError(f"the parameter {name!r} has no place of its own", place=place)
        written = declared.pop(name, None)
        found = duckdb_type(parameter.annotation) if written is None else _type(written, place, sql)
        if found is None:
            raise UsageError(
                f"the DuckDB type of the parameter {name!r} is not known",
                place=place,
                hint=_TYPES_HINT,
            )
        types.append(found)
    if declared:
        raise UsageError(f"it has no parameter {next(iter(declared))!r}", place=place)
    returns = (
        duckdb_type(signature.return_annotation)
        if config.return_type is None
        else _type(config.return_type, place, sql)
    )
    if returns is None:
        raise UsageError(
            "the DuckDB type of what it returns is not known", place=place, hint=_TYPES_HINT
        )
    takes_nulls = config.null_handling == "special"
    is_deterministic = config.deterministic is not False
    code = code_fingerprint(cast(FunctionType, function), folder)
    whole = "|".join([code, *types, returns, str(takes_nulls), str(is_deterministic)])
    return PythonFunction(
        function=function,
        parameters=tuple(types),
        returns=returns,
        takes_nulls=takes_nulls,
        is_deterministic=is_deterministic,
        fingerprint=hashlib.sha256(whole.encode()).hexdigest(),
    )


def _type(written: str, place: Place, sql: SqlTexts) -> str:
    found = sql.type(written)
    if found is None:
        raise UsageError(f"{written!r} is no type", place=place)
    return found
