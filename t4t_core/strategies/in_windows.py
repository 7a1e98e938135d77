"""A query's rows, asked for one window of time after the other."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.planning.steps import Step, Write
from t4t_core.sql.literals import time_literal
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import create_temporary, is_null, temporary
from t4t_core.sql.text import TRUE, Sql, all_of, any_of, negated, sql, union_all
from t4t_core.strategies.work import Work
from t4t_core.values import TimeValue

_PART = "t4t_part"
_MOST_IN_ONE = 100


class Part(Struct, frozen=True):
    """From `lower` on and before `upper`; None where nothing bounds it there."""

    lower: TimeValue | None
    upper: TimeValue | None

    def __str__(self) -> str:
        lower = "" if self.lower is None else f"{self.lower} "
        return f"{lower}.." + ("" if self.upper is None else f" {self.upper}")


def read_in_windows(work: Work, parts: Sequence[Part]) -> tuple[tuple[Step, ...], Work]:
    """The statements that read the work's rows, and the work on what they have read.

    Each window has a temporary table of its own. To insert all into one fails: where a transaction
    of DuckDB 1.4 or 2.0 inserts no row into a table, as for an empty window, and then more than a
    row group of them, its scans do not see those.

    Args:
        work: Of a full load.
        parts: In order; together they hold every row that the work reads. Rows without a time are
            read with the first.
    """
    steps = []
    for number, part in enumerate(parts, 1):
        rows = _rows(work, part, with_null=number == 1 and work.null_time != "exclude")
        note = f"Read window {number:,} of {len(parts):,} for {work.name}: {part}"
        steps.append(Write(create_temporary(_name(number), rows.sql), note=note))
    held = [QueryText.of_table(temporary(name)) for name in part_names(parts)]
    return tuple(steps), replace(work, query=_together(held), lower=None)


def part_names(parts: Sequence[Part]) -> tuple[str, ...]:
    """The temporary tables of the windows."""
    return tuple(_name(number) for number in range(1, len(parts) + 1))


def _name(number: int) -> str:
    return f"{_PART}_{number}"


def _rows(work: Work, part: Part, *, with_null: bool) -> QueryText:
    """The query's rows in a window, and with it those without a time where they are asked for."""

    def condition(time: Sql) -> Sql:
        bounds: list[Sql] = []
        if part.lower is not None:
            bounds.append(sql("{time} >= {lower}", time=time, lower=time_literal(part.lower)))
        if part.upper is not None:
            bounds.append(sql("{time} < {upper}", time=time, upper=time_literal(part.upper)))
        if not bounds:
            return TRUE if with_null else negated(is_null(time))
        inside = all_of(*bounds)
        return any_of(inside, is_null(time)) if with_null else inside

    return work.query.where(work.time_column, condition)


def _together(queries: list[QueryText]) -> QueryText:
    """All rows of the queries; in groups, since DuckDB 1.4 takes no union of a thousand."""
    if len(queries) == 1:
        return queries[0]
    if len(queries) > _MOST_IN_ONE:
        groups = [queries[at : at + _MOST_IN_ONE] for at in range(0, len(queries), _MOST_IN_ONE)]
        queries = [QueryText.of_table(_together(group).named("part")) for group in groups]
    return QueryText(union_all([query.sql for query in queries]))
