"""Models from the text and metadata of one file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from t4t_core.config import ModelConfig
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.forms import FORMS, HINT, form_of
from t4t_core.models import Model, PythonSource
from t4t_core.names import TableName
from t4t_core.project.conditions import conditions_of
from t4t_core.project.fingerprint import code_fingerprint
from t4t_core.project.metadata import comment_metadata, read_config
from t4t_core.project.python_files import raised_at
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql.portable_types import PORTABLE_WORDS
from t4t_core.sql.query import Query
from t4t_core.sql.table_ref import TableRef

if TYPE_CHECKING:
    from t4t_core.declared import Declaration

_CONTEXT = ("RunContext", "t4t_core.RunContext")


def sql_model(
    file: Path,
    name: TableName,
    metadata: dict[str, Any] | None,
    companion: Path,
    sql: SqlTexts,
    variables: Mapping[str, object],
) -> Model:
    """The model of a `.sql` file.

    Args:
        file: The file.
        name: The table it makes.
        metadata: Of the `.py` file beside it, or None where there is none; then a comment
            `-- metadata: {json}` in the file may hold it.
        companion: That `.py` file.
        sql: Reads it.
        variables: For placeholders in metadata.

    Raises:
        ProjectError: The metadata is wrong.
        SqlError: The file is not one query.
    """
    place = Place(file)
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=place) from error
    mistakes: list[T4tError] = []
    source = config = None
    config_place = Place(companion) if metadata is not None else place
    try:
        source = sql.query(text, place)
    except T4tError as error:
        mistakes.append(error.located(model=str(name)))
    try:
        in_comment = comment_metadata(text, place, sql.dialect, source)
        if in_comment is not None and metadata is not None:
            raise UsageError(
                f"has a metadata comment, and {companion.name} beside it has metadata too",
                place=place,
                hint="keep one of them",
            )
        written = metadata if metadata is not None else in_comment or {}
        config = read_config(written, config_place, str(name), variables, sql.kept)
    except ProjectError as error:
        mistakes += error.problems
    except T4tError as error:
        mistakes.append(error.located(model=str(name)))
    if source is None or config is None:
        raise ProjectError(tuple(mistakes))
    return _model(name, config, place, config_place, source, sql)


def declared_models(
    file: Path,
    declared: Sequence[Declaration],
    schema: str,
    sql: SqlTexts,
    variables: Mapping[str, object],
) -> Iterator[Model]:
    """The models that a Python file declares.

    Args:
        file: The file.
        declared: What it declared.
        schema: For table names without one.
        sql: Reads the SQL text in it.
        variables: For placeholders in metadata.

    Raises:
        ProjectError: Every mistake in them.
    """
    mistakes: list[T4tError] = []
    models = []
    for declaration in declared:
        own_schema, _, own_name = declaration.table_name.rpartition(".")
        name = TableName(own_schema or schema, own_name)
        try:
            models.append(_declared_model(file, declaration, name, sql, variables))
        except ProjectError as error:
            mistakes += error.problems
        except T4tError as error:
            mistakes.append(error.located(place=Place(file), model=str(name)))
    if mistakes:
        raise ProjectError(tuple(mistakes))
    yield from models


def _declared_model(
    file: Path,
    declaration: Declaration,
    name: TableName,
    sql: SqlTexts,
    variables: Mapping[str, object],
) -> Model:
    place = Place(file)
    function = declaration.function
    if function is not None:
        place = Place(file, function.__code__.co_firstlineno)
    config = read_config(declaration.metadata, place, str(name), variables, sql.kept)
    source: Query | PythonSource
    if function is None:
        source = _query_in_python(declaration.sql or "", place, sql)
    else:
        source = _source(function, declaration.inputs, place, sql, variables)
    return _model(name, config, place, place, source, sql)


def _source(
    function: Callable[..., object],
    inputs: Mapping[str, str],
    place: Place,
    sql: SqlTexts,
    variables: Mapping[str, object],
) -> Query | PythonSource:
    """The query that a function without parameters gives at once, or the function for later."""
    signature = _signature(function)
    returns = form_of(signature.return_annotation)
    if not signature.parameters and returns in ("", "str", "builtins.str"):
        try:
            result = function()
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"{function.__name__}() raised {type(error).__name__}: {error}",
                place=Place(place.file, raised_at(error, place.file) or place.line),
                hint="it is called when the project is loaded, since it may return SQL; "
                "annotate what it returns (-> pd.DataFrame) to have it called by the run",
            ) from error
        if isinstance(result, str):
            return _query_in_python(result, place, sql)
    context = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.name == "context" or form_of(parameter.annotation) in _CONTEXT
    ]
    tables = [name for name in signature.parameters if name not in context]
    unknown = [name for name in inputs if name not in tables]
    if unknown:
        raise UsageError(f"inputs names {unknown[0]!r}, which is no parameter", place=place)
    forms = [form_of(signature.parameters[name].annotation) for name in tables]
    for name, form in zip(tables, forms, strict=True):
        if form and form not in FORMS:
            raise UsageError(f"the parameter {name!r} cannot be a {form}", place=place, hint=HINT)
    return PythonSource(
        function=function,
        inputs=tuple((name, _table_ref(inputs.get(name, name))) for name in tables),
        annotations=tuple(forms),
        context_parameter=context[0] if context else None,
        fingerprint=code_fingerprint(
            cast(FunctionType, function), _project_folder(place.file), set(variables)
        ),
    )


def _query_in_python(text: str, place: Place, sql: SqlTexts) -> Query:
    """The query of a text that stands in a Python file or was made by it.

    Lines of the text are no lines of the file, so an error names them apart.
    """
    try:
        return sql.query(text, place)
    except T4tError as error:
        at = error.place
        if at is not None and at.column is not None:
            error.what += f" (line {at.line}, column {at.column} of its SQL)"
        error.place = place
        raise


def _project_folder(file: Path) -> Path:
    """The folder above `models/`."""
    return next((p.parent for p in file.parents if p.name == "models"), file.parent)


def _signature(function: Callable[..., object]) -> inspect.Signature:
    """The signature with its annotations looked up, or as text where a name is not there."""
    try:
        return inspect.signature(function, eval_str=True)
    except (NameError, AttributeError, SyntaxError):
        return inspect.signature(function)


def _table_ref(name: str) -> TableRef:
    parts = ["", "", *name.split(".")][-3:]
    return TableRef(*parts)


def _model(
    name: TableName,
    config: ModelConfig,
    place: Place,
    config_place: Place,
    source: Query | PythonSource,
    sql: SqlTexts,
) -> Model:
    try:
        conditions = conditions_of(config.strategy, name, config_place, sql)
        before = tuple(sql.hook("pre_hook", text, config_place) for text in config.pre_hook)
        after = tuple(sql.hook("post_hook", text, config_place) for text in config.post_hook)
    except T4tError as error:
        raise error.located(model=str(name)) from error
    if config.materialization == "ephemeral" and isinstance(source, PythonSource):
        raise UsageError(
            "a function's rows cannot be inlined into the models that read them",
            place=config_place,
            model=str(name),
            hint='return SQL from a function without parameters, or make it a "table"',
        )
    return Model(
        name=name,
        config=config,
        place=place,
        config_place=config_place,
        source=source,
        where_condition=conditions.where,
        delete_when=conditions.delete_when,
        predicates=conditions.predicates,
        pre_hooks=before,
        post_hooks=after,
        types=tuple(
            (column.name, sql.translated_type(column.datatype))
            for column in config.schema_
            if column.datatype is not None and column.datatype.lower() not in PORTABLE_WORDS
        ),
    )
