"""The dialects that SQL can be written in."""

from __future__ import annotations

from sqlglot.dialects.dialect import Dialects


def known_dialects() -> list[str]:
    """Their names, sorted."""
    return sorted(dialect.value for dialect in Dialects if dialect.value)
