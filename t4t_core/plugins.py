"""Plugins of pydantic, which may watch what is read with it."""

from __future__ import annotations

import os

_DISABLING = "PYDANTIC_DISABLE_PLUGINS"
_held_back = False


def hold_back_plugins() -> None:
    """Has pydantic load no plugins in this process until `let_plugins_in`.

    It looks for them in all that is installed, which takes longer than to read a small project.
    None of them has anything to do with what t4t reads.
    """
    global _held_back
    if _DISABLING not in os.environ:
        os.environ[_DISABLING] = "__all__"
        _held_back = True


def let_plugins_in() -> None:
    """Lets pydantic load plugins, before code runs that may use it with them."""
    global _held_back
    if _held_back:
        os.environ.pop(_DISABLING, None)
        _held_back = False
