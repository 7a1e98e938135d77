"""The MERGE of the SQL standard, for models that ask for it."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.planning.steps import Count, Step, Tally, Write
from t4t_core.sql.names import column, identifier, rendered
from t4t_core.strategies.matching import Matching, aliased


def merge_statement(matching: Matching, note: str) -> tuple[Step, ...]:
    """MERGE INTO the table, from the stage."""
    work = matching.work
    is_replaced = matching.is_to_replace("target", "source")
    updated = (
        exp.select(exp.Count(this=exp.Star()), copy=False)
        .from_(aliased(work.table, "target"), copy=False)
        .join(aliased(work.stage, "source"), on=matching.is_one_key("target", "source"), copy=False)
        .where(is_replaced.copy(), copy=False)
    )
    settings = [
        exp.EQ(this=identifier(c.name), expression=column(c.name, "source"))
        for c in matching.updated
    ]
    names = work.written_names
    whens = []
    if settings:
        whens.append(
            exp.When(matched=True, condition=is_replaced, then=exp.Update(expressions=settings))
        )
    whens.append(
        exp.When(
            matched=False,
            then=exp.Insert(
                this=exp.Tuple(expressions=[identifier(name) for name in names]),
                expression=exp.Tuple(expressions=[column(name, "source") for name in names]),
            ),
        )
    )
    merge = exp.Merge(
        this=aliased(work.table, "target"),
        using=aliased(work.stage, "source"),
        on=matching.is_one_key("target", "source"),
        whens=exp.Whens(expressions=whens),
    )
    return (
        Count(rendered(updated), Tally.UPDATED),
        Write(rendered(merge), Tally.MERGED, note),
    )
