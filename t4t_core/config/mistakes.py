"""What is wrong in what a user wrote."""

from __future__ import annotations

from collections.abc import Sequence


class MistakesError(Exception):
    """What a user wrote is not what it should be.

    Attributes:
        found: Each thing that is wrong: the path of keys to it, and a sentence.
    """

    def __init__(self, found: Sequence[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("; ".join(what for _, what in found))
        self.found = tuple(found)
