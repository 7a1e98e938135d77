"""`not_null`: no row has a NULL in the columns."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.checks.subject import Subject
from t4t_core.sql.statements import is_null_in
from t4t_core.sql.text import Sql


class NotNull(Struct, frozen=True, tag=True):
    """The rule."""

    columns: tuple[str, ...]


def null_rows(rule: NotNull, subject: Subject) -> Sql:
    """The rows with a NULL in one of the columns."""
    return subject.rows(is_null_in(rule.columns))
