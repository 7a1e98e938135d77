"""The data tests that metadata asks for."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Severity = Literal["error", "warning"]


class CheckConfig(Struct, frozen=True, kw_only=True):
    """One entry of `tests`.

    `severity` and `limit` are None where they are not written: a SQL test may have its own.
    """

    name: str
    params: dict[str, Any]
    severity: Severity | None
    where: str | None
    limit: int | None
    description: str | None


class SqlTestConfig(Struct, frozen=True, kw_only=True):
    """The comment `-- metadata: {...}` of a SQL test."""

    description: str | None
    severity: Severity
    limit: int
