"""What users import from the package itself."""

from __future__ import annotations

import pkgutil

import t4t_core


def test_no_module_hides_a_public_name() -> None:
    """A module called like one would take its place as soon as it is imported."""
    modules = {module.name for module in pkgutil.iter_modules(t4t_core.__path__)}

    assert not modules & set(t4t_core.__all__)


def test_public_names_are_there() -> None:
    """Each can be imported from the package."""
    for name in t4t_core.__all__:
        assert callable(getattr(t4t_core, name))
