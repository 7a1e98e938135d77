"""Which dialects a project's SQL can be written in."""

from __future__ import annotations

from t4t_core.errors import Place, UsageError
from t4t_core.project.sql_texts import SqlTexts


def refuse_unknown_dialect(dialect: str, place: Place, sql: SqlTexts) -> None:
    """Refuses a `source_sql_dialect` that there is not.

    Raises:
        UsageError: It names those that there are.
    """
    if dialect == "duckdb" or sql.is_dialect(dialect):
        return
    from t4t_core.parsing.dialects import known_dialects

    raise UsageError(
        f"source_sql_dialect {dialect!r} is unknown",
        place=place,
        hint=f"known are {', '.join(known_dialects())}",
    )
