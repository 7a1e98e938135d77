"""What a text says as a query, apart from its tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from sqlglot import exp

from t4t_core.sql.calls_as_written import with_calls_as_written
from t4t_core.sql.placeholders import Placeholder
from t4t_core.sql.tables import TableRef


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says as a query: all that is known of it without its tree.

    Attributes:
        end: The offset after the query's last word.
        placeholders: In the order of the text; a name may come more than once.
        tables: What it reads, each once, in the order of the text.
        calls: The functions it calls that are none of SQL's own, each once.
        fingerprint: SHA-256 over the tokens, so that comments and layout do not count.
        is_select: Whether it is a SELECT or several of them, and not VALUES or PIVOT.
        has_relative_files: Whether it names a file by a relative name.
        metadata: What follows `metadata:` in a comment, or None where no comment begins so.
        written_defaults: What placeholders take that no variable sets: a JSON object.
        unsteady: What may give other rows of the same tables; see `t4t_core.sql.steadiness`.
    """

    end: int
    placeholders: tuple[Placeholder, ...]
    tables: tuple[TableRef, ...]
    calls: tuple[TableRef, ...]
    fingerprint: str
    is_select: bool
    has_relative_files: bool
    metadata: str | None
    written_defaults: str
    unsteady: tuple[str, ...]


_NAMES = tuple(field.name for field in fields(Reading))


def said(reading: Reading) -> dict[str, Any]:
    """What a reading says, by the names of its fields; a query is one with a text."""
    return {name: getattr(reading, name) for name in _NAMES}


class LazyTree:
    """A tree that is made when it is first asked for."""

    def __init__(self, make: Callable[[], exp.Expr]) -> None:
        self._make = make

    @cached_property
    def tree(self) -> exp.Expr:
        """The tree; the same one each time."""
        return self._make()

    @cached_property
    def as_written(self) -> exp.Expr:
        """The same with calls as the user wrote them; see `t4t_core.sql.calls_as_written`."""
        return with_calls_as_written(self.tree.copy())
