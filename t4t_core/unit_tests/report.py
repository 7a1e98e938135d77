"""What a unit test found."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from t4t_core.errors import Place

_SQL_LINES = 20


class UnitReport(Struct, frozen=True):
    """What happened in one unit test.

    Attributes:
        test: Its name.
        model: The model's name.
        place: Where it is written.
        error: What was not as expected, in words, or None.
        statements: Of the run that failed, as they ran; empty for a test that passes.
    """

    test: str
    model: str
    place: Place
    status: Literal["success", "failed"]
    error: str | None = None
    statements: tuple[str, ...] = ()
    duration_s: float = 0.0

    def to_json(self) -> dict[str, object]:
        """The object of `--json`."""
        return {
            "test": self.test,
            "model": self.model,
            "kind": "unit",
            "status": self.status,
            "error": self.error,
            "file": str(self.place),
            "statements": list(self.statements),
            "duration_s": round(self.duration_s, 6),
        }


def unit_text(report: UnitReport, *, shows_all: bool = False) -> str:
    """A line for a test that passes; where, what and the SQL that ran for one that fails.

    Args:
        report: Of the test.
        shows_all: Show the SQL to its end.
    """
    title = f"{report.model}: {report.test}"
    if report.status == "success":
        return f"passed  {title}"
    lines = [f"FAILED  {title}", f"{report.place}: {report.error}"]
    sql = [line for text in report.statements for line in f"{text};".splitlines()]
    if sql:
        lines += ["the SQL that ran:", *(sql if shows_all else sql[:_SQL_LINES])]
    if len(sql) > _SQL_LINES and not shows_all:
        lines.append(f"... {len(sql) - _SQL_LINES} more lines; -v shows them")
    first, *rest = lines
    return "\n".join([first, *(f"  {line}" for text in rest for line in text.splitlines())])
