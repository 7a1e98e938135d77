"""The modules of the public t4t that projects import, with what is ours in them."""

from __future__ import annotations

import types
from collections.abc import Mapping

import t4t_core.typing
from t4t_core.declared import create_model, model
from t4t_core.sql_functions.declared import functions


def given_names() -> dict[str, object]:
    """What a project's Python file may use without an import."""
    return {
        "model": model,
        "create_model": create_model,
        "functions": functions,
        "ModelMetadata": t4t_core.typing.ModelMetadata,
    }


def public_modules() -> dict[str, types.ModuleType]:
    """The modules by their names, under the two that the public t4t has."""
    typing = {name: getattr(t4t_core.typing, name) for name in t4t_core.typing.__all__}
    models = {"model": model, "create_model": create_model, "SqlModelMetadata": _companion}
    decorators = {"functions": functions, "sql": functions.sql, "python": functions.python}
    holds: dict[str, Mapping[str, object]] = {
        "": {},
        ".typing": typing,
        ".typing.metadata": typing,
        ".parser": {},
        ".parser.model": models,
        ".parser.processing": models,
        ".parser.processing.model": models,
        ".parser.processing.model_builder": models,
        ".parser.processing.function_builder": {"SQLFunctionMetadata": _companion},
        ".parser.processing.function_decorator": decorators,
    }
    modules: dict[str, types.ModuleType] = {}
    for root in ("tee", "t4t"):
        for path, names in holds.items():
            made = types.ModuleType(f"{root}{path}")
            vars(made).update(names)
            made.__path__ = []
            modules[made.__name__] = made
            parent, _, child = made.__name__.rpartition(".")
            if parent and child not in vars(modules[parent]):
                setattr(modules[parent], child, made)
    return modules


def _companion(metadata: object) -> object:
    """The metadata: t4t reads it from the file by itself."""
    return metadata
