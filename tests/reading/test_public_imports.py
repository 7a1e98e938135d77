"""What users import from the package itself."""

from __future__ import annotations

import importlib


def test_model_is_the_decorator_even_after_the_module_of_that_name_was_imported() -> None:
    """`from t4t_core import model` gives the decorator in any order of imports."""
    importlib.import_module("t4t_core.model")

    from t4t_core import model

    assert callable(model)
    assert model.__module__ == "t4t_core.declared"
