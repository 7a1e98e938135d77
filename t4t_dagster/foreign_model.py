"""A model made of a plain asset that returns a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from t4t_core.config import DeleteInsertConfig, ModelConfig
from t4t_core.config.mistakes import MistakesError
from t4t_core.errors import Place, UsageError
from t4t_core.forms import is_table
from t4t_core.models import Model, PythonSource
from t4t_core.names import TableName
from t4t_core.project import Project
from t4t_core.project.settings import FILE_NAME
from t4t_core.written.read import read

METADATA_KEY = "t4t/model"


def require_table(rows: object, context: dg.OutputContext) -> None:
    """Checks that an asset returned what can be written.

    Raises:
        UsageError: It is no table.
    """
    if not is_table(rows):
        what = "None" if rows is None else f"a value of type {type(rows).__qualname__}"
        raise UsageError(
            f"the asset {context.asset_key.to_user_string()} returned {what}, and the IO manager "
            "of t4t writes what an asset returns",
            hint="return a pandas, Polars or PyArrow table, of a DuckDB relation "
            "relation.to_arrow_table(); an asset that writes its table itself needs no "
            "io_manager_key, or the annotation `-> None`",
        )


def foreign_model(context: dg.OutputContext, project: Project) -> Model:
    """The model that an asset's key and its metadata `t4t/model` describe; a table without it.

    Raises:
        UsageError: The metadata is wrong.
    """
    path = context.asset_key.path
    schema = path[-2] if len(path) > 1 else project.settings.default_schema
    name = TableName(schema, path[-1])
    written: Any = (context.definition_metadata or {}).get(METADATA_KEY, {})
    written = getattr(written, "value", written)
    try:
        config = read(ModelConfig, written)
    except MistakesError as error:
        raise UsageError(
            f"the asset's metadata {METADATA_KEY!r}: {error}", model=str(name)
        ) from error
    is_for_dagster = isinstance(written, Mapping) and "dagster" in written
    _require_for_rows(
        config, name, is_for_dagster=is_for_dagster, is_partitioned=context.has_asset_partitions
    )
    source = PythonSource(
        function=_never_called,
        inputs=(),
        annotations=(),
        context_parameter=None,
        fingerprint=f"asset:{context.asset_key.to_user_string()}",
    )
    place = Place(project.settings.folder / FILE_NAME)
    return Model(name, config, place, place, source)


def _require_for_rows(
    config: ModelConfig, name: TableName, *, is_for_dagster: bool, is_partitioned: bool
) -> None:
    """Refuses what would be nothing to rows that are there already, and what would lose some.

    Raises:
        UsageError: There is such a thing in the metadata.
    """
    what = hint = None
    if config.materialization in ("view", "ephemeral"):
        what = f"rows cannot be {config.materialization!r}"
        hint = 'make it a "table", "incremental" or "scd2"'
    elif config.tests or any(column.tests for column in config.schema_):
        what = "tests of an asset of other code would not be run"
        hint = "write them as asset checks, or the asset as a Python model of the project"
    elif is_for_dagster:
        what = "'dagster' has no effect here"
        hint = "give it to the asset's own definition"
    elif (
        isinstance(config.strategy, DeleteInsertConfig)
        and not is_partitioned
        and not config.strategy.allow_wider_delete
    ):
        what = "delete_insert deletes what the asset does not return, and it may return new rows"
        hint = (
            'keep it by "append" or "merge", give the asset partitions, or write '
            '"allow_wider_delete": true where it returns every row from the start of the window on'
        )
    if what is not None:
        raise UsageError(
            f"the asset's metadata {METADATA_KEY!r}: {what}", model=str(name), hint=hint
        )


def _never_called() -> object:
    raise AssertionError("the asset has returned its rows already")
