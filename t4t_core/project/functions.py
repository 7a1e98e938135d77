"""The functions of a project's files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from t4t_core.config.function import FunctionConfig
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.names import TableName
from t4t_core.project.declared_functions import python_function, sql_of_function
from t4t_core.project.dialects import refuse_unknown_dialect
from t4t_core.project.folders import schema_of
from t4t_core.project.metadata import validated
from t4t_core.project.python_files import public_names, run_file
from t4t_core.project.settings import Settings
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql_functions.declared import FunctionDeclaration, collecting_functions
from t4t_core.sql_functions.function import Function

log = logging.getLogger("t4t_core.project")

# `f.snowflake.sql` is the function f for another database.
_DATABASES = ("duckdb", "snowflake", "postgresql", "postgres", "bigquery")


def read_functions(
    root: Path,
    settings: Settings,
    sql: SqlTexts,
    variables: Mapping[str, object],
    mistakes: list[T4tError],
) -> list[Function]:
    """The functions of the folder `functions/`; what is wrong in them is added to the mistakes."""
    found: dict[tuple[str, str], Function] = {}
    files = sorted(root.rglob("*"))
    with public_names(settings.folder):
        for file in files:
            is_hidden = file.name.startswith(("_", ".")) or "__pycache__" in file.parts
            if file.suffix not in (".sql", ".py") or is_hidden or _is_replaced(file, files):
                continue
            try:
                for function in _functions_of(file, root, settings, sql, variables):
                    _refuse_name(function, found.get(function.name.key), sql)
                    found[function.name.key] = function
            except ProjectError as error:
                mistakes += error.problems
            except T4tError as error:
                mistakes.append(error.located(place=Place(file)))
    return list(found.values())


def _is_replaced(file: Path, files: list[Path]) -> bool:
    """Whether another file speaks for this one: that for DuckDB, or the SQL beside a `.py`."""
    name, _, database = file.stem.partition(".")
    if file.suffix == ".py":
        return any(file.with_name(f"{name}{end}") in files for end in (".sql", ".duckdb.sql"))
    if database and database != "duckdb" and database in _DATABASES:
        return True
    return not database and file.with_name(f"{name}.duckdb.sql") in files


def _functions_of(
    file: Path, root: Path, settings: Settings, sql: SqlTexts, variables: Mapping[str, object]
) -> Iterator[Function]:
    schema = schema_of(file, root, settings)
    if file.suffix == ".sql":
        yield from _sql_functions(file, schema, settings, sql, variables)
        return
    with collecting_functions() as declared:
        run_file(file, variables)
    if not declared:
        raise UsageError(
            "the file declares no function",
            place=Place(file),
            hint="decorate one with @functions.sql() or @functions.python(), put a .sql file "
            "of the same name beside it, or begin its name with an underscore",
        )
    for declaration in declared:
        yield _declared(declaration, file, schema, settings, sql)


def _sql_functions(
    file: Path, schema: str, settings: Settings, sql: SqlTexts, variables: Mapping[str, object]
) -> Iterator[Function]:
    """The function of a `.sql` file, with those that the `.py` file beside it declares."""
    name = TableName(schema, file.stem.partition(".")[0])
    companion = file.with_name(f"{name.name}.py")
    metadata: object = {}
    config_place = Place(file)
    if companion.is_file():
        config_place = Place(companion)
        with collecting_functions() as declared:
            names, _ = run_file(companion, variables)
        for declaration in declared:
            yield _declared(declaration, companion, schema, settings, sql)
        metadata = names.get("metadata", {} if declared else None)
    if not isinstance(metadata, dict):
        raise UsageError(
            "the file stands beside a .sql file of the same name, but sets no dict `metadata`",
            place=config_place,
            hint="metadata: FunctionMetadata = {...}",
        )
    config = validated(FunctionConfig, metadata, config_place, str(name), sql.kept, "function")
    for written, own in ((config.function_name, name.name), (config.schema_, name.schema)):
        if written is not None and written.lower() not in (own.lower(), str(name).lower()):
            raise UsageError(
                f"the metadata says {written!r}, but file and folder say {name}",
                place=config_place,
                hint="call them the same",
            )
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=Place(file)) from error
    dialect = config.source_sql_dialect or settings.dialect
    refuse_unknown_dialect(dialect, config_place, sql)
    if file.stem.endswith(".duckdb"):
        dialect = "duckdb"
    if config.tests:
        log.warning(
            "%s: `tests` of functions are not run; write them in tests/functions/", companion
        )
    yield Function(name, config, Place(file), sql.macro(text, Place(file), name, dialect))


def _declared(
    declaration: FunctionDeclaration, file: Path, schema: str, settings: Settings, sql: SqlTexts
) -> Function:
    function = declaration.function
    place = Place(file, function.__code__.co_firstlineno)
    written = dict(declaration.metadata)
    name_written = str(written["function_name"])
    config = validated(FunctionConfig, written, place, name_written, sql.kept, "function")
    own_schema, _, own_name = str(config.function_name).rpartition(".")
    name = TableName(own_schema or config.schema_ or schema, own_name)
    if declaration.language == "sql":
        dialect = config.source_sql_dialect or "duckdb"
        refuse_unknown_dialect(dialect, place, sql)
        return Function(
            name, config, place, sql_of_function(function, name, config, place, dialect, sql)
        )
    return Function(
        name, config, place, python_function(function, config, place, settings.folder, sql)
    )


def _refuse_name(function: Function, other: Function | None, sql: SqlTexts) -> None:
    if other is not None:
        raise UsageError(
            f"the function {function} is made twice: by {other.place.file} too",
            place=function.place,
            hint="rename one; the overloads of a function stand in one statement: "
            "CREATE FUNCTION f(a) AS ..., (a, b) AS ...",
        )
    if sql.is_function(function.name.name):
        raise UsageError(
            f"{function.name.name} is the name of a function that SQL has already",
            place=function.place,
            hint=f"give it a name of its own, such as {function.name.schema}_{function.name.name}",
        )
