"""A model made of a plain asset that returns a table."""

from __future__ import annotations

from typing import Any

import dagster as dg
from pydantic import ValidationError

from t4t_core.config import ModelConfig, problems
from t4t_core.errors import Place, UsageError
from t4t_core.models import Model, PythonSource
from t4t_core.names import TableName
from t4t_core.project import Project
from t4t_core.project.settings import FILE_NAME

METADATA_KEY = "t4t/model"


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
        config = ModelConfig.model_validate(written)
    except ValidationError as error:
        found = "; ".join(what for _, what in problems(error, ModelConfig))
        raise UsageError(
            f"the asset's metadata {METADATA_KEY!r}: {found}", model=str(name)
        ) from error
    source = PythonSource(
        function=_never_called,
        inputs=(),
        annotations=(),
        context_parameter=None,
        fingerprint=f"asset:{context.asset_key.to_user_string()}",
    )
    place = Place(project.settings.folder / FILE_NAME)
    return Model(name, config, place, place, source)


def _never_called() -> object:
    raise AssertionError("the asset has returned its rows already")
