"""A function of the project's Python, with what is known of it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import astuple


class PythonCode(Struct, frozen=True, eq=False):
    """A function, and in the fields of a class below what is known of it.

    Two are equal where all of that is: a file that is read again makes other functions.
    """

    function: Callable[..., object]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._known() == other._known()

    def __hash__(self) -> int:
        return hash(self._known())

    def _known(self) -> tuple[object, ...]:
        return astuple(self)[1:]
