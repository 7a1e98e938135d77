"""The changes to a history by a query that gives versions, each with the time it began."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import STAGE
from t4t_core.strategies.history import IS_NEW, TARGET, History

_HELD = "t4t_held"
_MOMENTS = "t4t_moments"
_ENDS = "t4t_ends"


def changes_of_versions(history: History) -> exp.Expr:
    """The rows of the table that are new or change, as they are to be, and whether each is new.

    A version ends at the next moment at which anything happens to its key: another version begins,
    or, noted by an earlier run, the key was gone. Those moments only ever become more, so the
    table depends on the versions that were read and not on the order in which they came.
    """
    begin, end = history.settings.valid_from, history.settings.valid_to
    is_in_both = exp.and_(
        history.same_key(_ENDS, _HELD),
        exp.EQ(this=column(begin, _ENDS), expression=column(begin, _HELD)),
        copy=False,
    )
    is_in_batch = exp.and_(
        history.same_key(_ENDS, STAGE),
        exp.EQ(this=column(begin, _ENDS), expression=column(_time(history), STAGE)),
        copy=False,
    )
    is_only_held = exp.Is(this=column(_time(history), STAGE), expression=exp.Null())
    is_staged = exp.Not(this=exp.Is(this=column(_time(history), STAGE), expression=exp.Null()))
    is_held = exp.Not(this=exp.Is(this=column(begin, _HELD), expression=exp.Null()))
    is_new = exp.Is(this=column(begin, _HELD), expression=exp.Null())
    values = [
        exp.alias_(
            exp.If(this=is_only_held.copy(), true=column(name, _HELD), false=column(name, STAGE)),
            identifier(name),
        )
        for name in history.column_names
    ]
    is_corrected = exp.and_(is_staged.copy(), history.differs(STAGE, _HELD), copy=False)
    ends_elsewhere = exp.NullSafeNEQ(this=column(end, _HELD), expression=column(end, _ENDS))
    return (
        exp.select(
            *values,
            column(begin, _ENDS),
            column(end, _ENDS),
            exp.alias_(is_new.copy(), IS_NEW),
            copy=False,
        )
        .with_(_HELD, as_=_held(history), copy=False)
        .with_(_MOMENTS, as_=_moments(history), copy=False)
        .with_(_ENDS, as_=_ends(history), copy=False)
        .from_(_common(_ENDS), copy=False)
        .join(history.stage, on=is_in_batch, join_type="left", copy=False)
        .join(_common(_HELD), on=is_in_both, join_type="left", copy=False)
        .where(exp.or_(is_staged, is_held, copy=False), copy=False)
        .where(exp.or_(is_new, ends_elsewhere, is_corrected, copy=False), copy=False)
    )


def _time(history: History) -> str:
    time = history.settings.time
    assert time is not None, "the strategy 'timestamp' has one"
    return time


def _common(name: str) -> exp.Table:
    """A common table expression."""
    return exp.Table(this=exp.to_identifier(name))


def _held(history: History) -> exp.Select:
    """Every version that the table has of the keys in the stage."""
    is_staged = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(history.stage, copy=False)
        .where(history.same_key(TARGET, STAGE), copy=False)
    )
    everything = exp.Column(this=exp.Star(), table=exp.to_identifier(TARGET))
    return (
        exp.select(everything, copy=False)
        .from_(history.target, copy=False)
        .where(exp.Exists(this=is_staged), copy=False)
    )


def _moments(history: History) -> exp.Expr:
    """When something happens to a key, each moment once."""
    begin, end = history.settings.valid_from, history.settings.valid_to

    def of_held(name: str) -> exp.Select:
        return exp.select(
            *(column(key) for key in history.keys),
            exp.alias_(column(name), identifier(begin)),
            copy=False,
        ).from_(_common(_HELD), copy=False)

    staged = exp.select(
        *(column(key, STAGE) for key in history.keys),
        exp.alias_(column(_time(history), STAGE), identifier(begin)),
        copy=False,
    ).from_(history.stage, copy=False)
    ended = of_held(end).where(
        exp.Not(this=exp.Is(this=column(end), expression=exp.Null())), copy=False
    )
    return exp.union(of_held(begin), ended, staged, copy=False)


def _ends(history: History) -> exp.Select:
    """Each moment with the next one of its key, or NULL."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    following = exp.Window(
        this=exp.func("lead", column(begin)),
        partition_by=[column(key) for key in history.keys],
        order=exp.Order(expressions=[exp.Ordered(this=column(begin))]),
    )
    return exp.select(
        *(column(key) for key in history.keys),
        column(begin),
        exp.alias_(following, identifier(end)),
        copy=False,
    ).from_(_common(_MOMENTS), copy=False)
