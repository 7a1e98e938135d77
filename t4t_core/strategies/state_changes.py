"""The changes to a history by a query that gives each key once, as it is now."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from t4t_core.config import TimestampHistoryConfig
from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import STAGE
from t4t_core.strategies.history import IS_NEW, LATEST, TARGET, History

_BEGUN = "t4t_begun"
_KNOWN = "t4t_known"


def changes_of_states(history: History) -> exp.Expr:
    """The rows of the table that are new or change, as they are to be, and whether each is new.

    `LATEST` is the last moment at which anything happened to the key of a new row, or NULL: no
    version may begin before it.
    """
    found = [_new(history), _closed(history)]
    if isinstance(history.settings, TimestampHistoryConfig):
        found.append(_corrected(history))
    elif history.lacking:
        found.append(_completed(history))
    if history.settings.hard_deletes != "ignore":
        found.append(_gone(history))
    if history.settings.deleted_flag is not None:
        found.append(_deleted(history))
    changes: exp.Query = found[0]
    for more in found[1:]:
        changes = exp.union(changes, more, distinct=False, copy=False)
    return changes.with_(_KNOWN, as_=_known(history), copy=False).with_(
        _BEGUN, as_=_begun(history), copy=False
    )


def _known(history: History) -> exp.Select:
    """The last moment at which anything happened to each key of the table."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    latest = exp.func(
        "greatest", exp.Max(this=column(begin, TARGET)), exp.Max(this=column(end, TARGET))
    )
    return (
        exp.select(
            *(column(key, TARGET) for key in history.keys), exp.alias_(latest, LATEST), copy=False
        )
        .from_(history.target, copy=False)
        .group_by(*(column(key, TARGET) for key in history.keys), copy=False)
    )


def _begun(history: History) -> exp.Select:
    """The staged rows that begin a version, with the moment from which it holds."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    is_current = exp.Is(this=column(end, TARGET), expression=exp.Null())
    has_none = exp.Is(this=column(begin, TARGET), expression=exp.Null())
    return (
        exp.select(
            *history.selected(STAGE),
            exp.alias_(_beginning(history), identifier(begin)),
            column(LATEST, _KNOWN),
            copy=False,
        )
        .from_(history.stage, copy=False)
        .join(
            history.target,
            on=exp.and_(history.same_key(TARGET, STAGE), is_current, copy=False),
            join_type="left",
            copy=False,
        )
        .join(
            exp.Table(this=exp.to_identifier(_KNOWN)),
            on=history.same_key(_KNOWN, STAGE),
            join_type="left",
            copy=False,
        )
        .where(exp.or_(has_none, _is_other_version(history), copy=False), copy=False)
    )


def _is_other_version(history: History) -> exp.Expr:
    """Whether a staged row is another version than the current one of its key."""
    settings = history.settings
    if isinstance(settings, TimestampHistoryConfig):
        found: exp.Expr = exp.NullSafeNEQ(
            this=column(settings.time, STAGE), expression=column(settings.time, TARGET)
        )
    else:
        found = history.differs(STAGE, TARGET)
    return found if settings.deleted_flag is None else exp.or_(found, history.is_deleted)


def _beginning(history: History) -> exp.Expr:
    """From when a staged row holds: its own time where that can be, else the run's moment.

    It cannot be before what is known of the key: a row that was gone and is back as it was is
    known to hold only since the run that found it.
    """
    time = history.settings.time
    if time is None:
        return history.moment()
    fits = exp.or_(
        exp.Is(this=column(LATEST, _KNOWN), expression=exp.Null()),
        exp.GT(this=column(time, STAGE), expression=column(LATEST, _KNOWN)),
        copy=False,
    )
    return exp.If(this=fits, true=column(time, STAGE), false=history.moment())


def _new(history: History) -> exp.Select:
    begin, end = history.settings.valid_from, history.settings.valid_to
    return exp.select(
        *history.selected(_BEGUN),
        column(begin, _BEGUN),
        exp.alias_(_no_moment(history), identifier(end)),
        *history.flag(exp.false()),
        column(LATEST, _BEGUN),
        exp.alias_(exp.true(), IS_NEW),
        copy=False,
    ).from_(exp.Table(this=exp.to_identifier(_BEGUN)), copy=False)


def _closed(history: History) -> exp.Select:
    """The current versions that another one follows."""
    begun = exp.Table(this=exp.to_identifier(_BEGUN))
    ends = column(history.settings.valid_from, _BEGUN)
    return _current(history, history.selected(TARGET), ends).join(
        begun, on=history.same_key(_BEGUN, TARGET), copy=False
    )


def _corrected(history: History) -> exp.Select:
    """The current versions that the query gives with other values and the same time."""
    time = history.settings.time
    assert time is not None, "the strategy 'timestamp' has one"
    is_same = exp.and_(
        history.same_key(STAGE, TARGET),
        exp.EQ(this=column(time, STAGE), expression=column(time, TARGET)),
        copy=False,
    )
    return (
        _current(history, history.selected(STAGE), _no_moment(history))
        .join(history.stage, on=is_same, copy=False)
        .where(history.differs(STAGE, TARGET), exp.not_(history.is_deleted), copy=False)
    )


def _completed(history: History) -> exp.Select:
    """The current versions that get values which they lack; they keep their others."""
    lacking = {one.column.name: one for one in history.lacking}
    values: list[exp.Expr] = []
    for name in history.column_names:
        value: exp.Expr = column(name, TARGET)
        if name in lacking:
            lacks = history.lacks(lacking[name], STAGE, TARGET)
            value = exp.Case(ifs=[exp.If(this=lacks, true=column(name, STAGE))], default=value)
        values.append(exp.alias_(value, identifier(name)))
    lacks_any = (history.lacks(one, STAGE, TARGET) for one in history.lacking)
    return (
        _current(history, values, _no_moment(history))
        .join(history.stage, on=history.same_key(STAGE, TARGET), copy=False)
        .where(exp.Not(this=exp.Paren(this=_is_other_version(history))), copy=False)
        .where(exp.or_(*lacks_any, copy=False), copy=False)
    )


def _gone(history: History) -> exp.Select:
    """The current versions whose key the query does not give any more."""
    ended = _current(history, history.selected(TARGET), history.moment())
    return ended.where(_is_gone(history), copy=False)


def _deleted(history: History) -> exp.Select:
    """A version for each of them that tells of it, with the values that the key had last."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    known = exp.Table(this=exp.to_identifier(_KNOWN))
    return (
        exp.select(
            *history.selected(TARGET),
            exp.alias_(history.moment(), identifier(begin)),
            exp.alias_(_no_moment(history), identifier(end)),
            *history.flag(exp.true()),
            column(LATEST, _KNOWN),
            exp.true(),
            copy=False,
        )
        .from_(history.target, copy=False)
        .join(known, on=history.same_key(_KNOWN, TARGET), copy=False)
        .where(exp.Is(this=column(end, TARGET), expression=exp.Null()), copy=False)
        .where(_is_gone(history), copy=False)
    )


def _is_gone(history: History) -> exp.Expr:
    """Whether the query does not give the key of a version, which does not tell so already."""
    staged = (
        exp.select(exp.Literal.number(1), copy=False)
        .from_(history.stage, copy=False)
        .where(history.same_key(STAGE, TARGET), copy=False)
    )
    is_gone = exp.Not(this=exp.Exists(this=staged))
    if history.settings.deleted_flag is None:
        return is_gone
    return exp.and_(is_gone, exp.not_(history.is_deleted), copy=False)


def _current(history: History, values: Sequence[exp.Expr], ends: exp.Expr) -> exp.Select:
    """Current versions of the table with the values and the end that they are to have."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    return (
        exp.select(
            *values,
            column(begin, TARGET),
            exp.alias_(ends, identifier(end)),
            *history.flag(history.is_deleted),
            _no_moment(history),
            exp.false(),
            copy=False,
        )
        .from_(history.target, copy=False)
        .where(exp.Is(this=column(end, TARGET), expression=exp.Null()), copy=False)
    )


def _no_moment(history: History) -> exp.Expr:
    return exp.Cast(this=exp.Null(), to=exp.DataType.build(history.time_type, dialect="duckdb"))
