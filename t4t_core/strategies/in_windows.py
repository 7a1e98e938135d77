"""A query's rows, asked for one window of time after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from t4t_core.planning.steps import Step, Write
from t4t_core.sql.literals import time_literal
from t4t_core.sql.statements import create_temporary, temporary
from t4t_core.sql.window import filtered, subquery
from t4t_core.strategies.work import Work
from t4t_core.values import TimeValue

_PART = "t4t_part"
_MOST_IN_ONE = 100


@dataclass(frozen=True, slots=True)
class Part:
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
        steps.append(Write(create_temporary(_name(number), rows), note=note))
    query = _together([_whole(temporary(_name(n))) for n in range(1, len(parts) + 1)])
    return tuple(steps), replace(work, query=query, lower=None)


def part_names(parts: Sequence[Part]) -> tuple[str, ...]:
    """The temporary tables of the windows."""
    return tuple(_name(number) for number in range(1, len(parts) + 1))


def _name(number: int) -> str:
    return f"{_PART}_{number}"


def _rows(work: Work, part: Part, *, with_null: bool) -> exp.Expr:
    """The query's rows in a window, and with it those without a time where they are asked for."""

    def condition(time: exp.Expr) -> exp.Expr:
        bounds: list[exp.Expr] = []
        if part.lower is not None:
            bounds.append(exp.GTE(this=time.copy(), expression=time_literal(part.lower)))
        if part.upper is not None:
            bounds.append(exp.LT(this=time.copy(), expression=time_literal(part.upper)))
        is_null = exp.Is(this=time.copy(), expression=exp.Null())
        if not bounds:
            return exp.true() if with_null else exp.Not(this=is_null)
        inside = exp.and_(*bounds, copy=False)
        return exp.or_(inside, is_null, copy=False) if with_null else inside

    return filtered(work.query.copy(), work.time_column, condition)


def _together(selects: list[exp.Select]) -> exp.Query:
    """All rows of the selects; in groups, since DuckDB 1.4 takes no union of a thousand."""
    if len(selects) == 1:
        return selects[0]
    if len(selects) > _MOST_IN_ONE:
        groups = [selects[at : at + _MOST_IN_ONE] for at in range(0, len(selects), _MOST_IN_ONE)]
        selects = [_whole(subquery(_together(group), "part")) for group in groups]
    return exp.union(*selects, distinct=False, copy=False)


def _whole(source: exp.Expr) -> exp.Select:
    return exp.Select(expressions=[exp.Star()]).from_(source, copy=False)
