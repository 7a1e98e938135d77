"""Reading a project leaves Python's search for garbage as it was."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from t4t_core.errors import ProjectError
from t4t_core.project.garbage import no_garbage_sought
from t4t_core.project.load import load_project


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The search as the other tests have it."""
    yield
    gc.unfreeze()
    gc.enable()


def test_it_goes_on_after_a_project(project: Callable[..., Path]) -> None:
    """While the files are read nothing is sought; afterwards, also after a mistake, it is again."""
    folder = project({"a/x.sql": "SELECT 1 AS id"})
    file = folder / "models" / "a" / "y.py"
    file.write_text("import gc\nassert not gc.isenabled()\n1 / 0\n")

    with pytest.raises(ProjectError, match="ZeroDivisionError"):
        load_project(folder)

    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    """A process that searches by itself, or never, goes on so."""
    gc.disable()

    with no_garbage_sought():
        pass

    assert not gc.isenabled()


def test_what_was_frozen_stays_so() -> None:
    """Objects that the process froze for its children are not thawed."""
    frozen: list[object] = [[]]
    gc.freeze()
    assert not sought(frozen)

    with no_garbage_sought():
        pass

    assert not sought(frozen)
    gc.unfreeze()
    assert sought(frozen)


def sought(thing: object) -> bool:
    """Whether a search for garbage looks at this one; it does not at what is frozen.

    How many objects are frozen says less: those that other threads give up meanwhile are gone.
    """
    return any(other is thing for other in gc.get_objects())


def test_what_was_made_meanwhile_can_be_found() -> None:
    """A cycle that is made in between and given up is found by a later search."""
    made = []

    class Node:
        """One that points at itself."""

        def __init__(self) -> None:
            self.myself = self

        def __del__(self) -> None:
            made.remove(id(self))

    with no_garbage_sought():
        node = Node()
        made.append(id(node))
        del node
    gc.collect()

    assert made == []
