"""The changes to a history by a query that gives each key once, as it is now."""

from __future__ import annotations

from t4t_core.config import TimestampHistoryConfig
from t4t_core.sql.fixed_arrays import with_lists
from t4t_core.sql.names import cast, column, columns, equal, identifier, named
from t4t_core.sql.statements import STAGE, exists, is_null, select
from t4t_core.sql.text import (
    FALSE,
    NULL,
    TRUE,
    Sql,
    all_of,
    any_of,
    chosen,
    is_other,
    listed,
    negated,
    sql,
    subquery,
    union_all,
)
from t4t_core.strategies.history import IS_NEW, LATEST, TARGET, History

_BEGUN = "t4t_begun"
_KNOWN = "t4t_known"


def changes_of_states(history: History) -> Sql:
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
    return sql(
        "WITH t4t_known AS {known},\nt4t_begun AS {begun}\n{changes}",
        known=subquery(_known(history)),
        begun=subquery(_begun(history)),
        changes=union_all(found),
    )


def _known(history: History) -> Sql:
    """The last moment at which anything happened to each key of the table."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    return sql(
        "SELECT {keys}, greatest(max({begin}), max({end})) AS t4t_latest\n"
        "FROM {target}\nGROUP BY {keys}",
        keys=columns(history.keys, TARGET),
        begin=column(begin, TARGET),
        end=column(end, TARGET),
        target=history.target,
    )


def _begun(history: History) -> Sql:
    """The staged rows that begin a version, with the moment from which it holds."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    return sql(
        "SELECT {values}, {begin}, t4t_known.t4t_latest\n"
        "FROM {stage}\n"
        "LEFT JOIN {target} ON {is_current}\n"
        "LEFT JOIN t4t_known ON {is_known}\n"
        "WHERE {begins}",
        values=history.selected(STAGE),
        begin=named(_beginning(history), begin),
        stage=history.stage,
        target=with_lists(history.table, TARGET, history.types),
        is_current=all_of(history.same_key(TARGET, STAGE), is_null(column(end, TARGET))),
        is_known=history.same_key(_KNOWN, STAGE),
        begins=any_of(is_null(column(begin, TARGET)), _is_other_version(history)),
    )


def _is_other_version(history: History) -> Sql:
    """Whether a staged row is another version than the current one of its key."""
    settings = history.settings
    if isinstance(settings, TimestampHistoryConfig):
        found = is_other(column(settings.time, STAGE), column(settings.time, TARGET))
    else:
        found = history.differs(STAGE, TARGET)
    return found if settings.deleted_flag is None else any_of(found, history.is_deleted)


def _beginning(history: History) -> Sql:
    """From when a staged row holds: its own time where that can be, else the run's moment.

    It cannot be before what is known of the key: a row that was gone and is back as it was is
    known to hold only since the run that found it.
    """
    time = history.settings.time
    if time is None:
        return history.moment()
    own, latest = column(time, STAGE), column(LATEST, _KNOWN)
    fits = sql("{latest} IS NULL OR {own} > {latest}", latest=latest, own=own)
    return chosen(fits, own, history.moment())


def _new(history: History) -> Sql:
    begin, end = history.settings.valid_from, history.settings.valid_to
    values = [
        history.selected(_BEGUN),
        column(begin, _BEGUN),
        named(_no_moment(history), end),
        *history.flag(FALSE),
        column(LATEST, _BEGUN),
        named(TRUE, IS_NEW),
    ]
    return select(listed(values), identifier(_BEGUN))


def _closed(history: History) -> Sql:
    """The current versions that another one follows."""
    ends = column(history.settings.valid_from, _BEGUN)
    begun = sql("t4t_begun ON {is_key}", is_key=history.same_key(_BEGUN, TARGET))
    return _current(history, history.selected(TARGET), ends, joined=begun)


def _corrected(history: History) -> Sql:
    """The current versions that the query gives with other values and the same time."""
    time = history.settings.time
    assert time is not None, "the strategy 'timestamp' has one"
    is_same = all_of(history.same_key(STAGE, TARGET), equal(time, STAGE, TARGET))
    return _current(
        history,
        history.selected(STAGE),
        _no_moment(history),
        history.differs(STAGE, TARGET),
        negated(history.is_deleted),
        joined=sql("{stage} ON {is_same}", stage=history.stage, is_same=is_same),
    )


def _completed(history: History) -> Sql:
    """The current versions that get values which they lack; they keep their others."""
    lacking = {one.column.name: one for one in history.lacking}
    values: list[Sql] = []
    for name in history.column_names:
        value = column(name, TARGET)
        if name in lacking:
            lacks = history.lacks(lacking[name], STAGE, TARGET)
            value = chosen(lacks, column(name, STAGE), value)
        values.append(named(value, name))
    lacks_any = (history.lacks(one, STAGE, TARGET) for one in history.lacking)
    is_key = history.same_key(STAGE, TARGET)
    return _current(
        history,
        listed(values),
        _no_moment(history),
        negated(_is_other_version(history)),
        any_of(*lacks_any),
        joined=sql("{stage} ON {is_key}", stage=history.stage, is_key=is_key),
    )


def _gone(history: History) -> Sql:
    """The current versions whose key the query does not give any more."""
    return _current(history, history.selected(TARGET), history.moment(), _is_gone(history))


def _deleted(history: History) -> Sql:
    """A version for each of them that tells of it, with the values that the key had last."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    values = [
        history.selected(TARGET),
        named(history.moment(), begin),
        named(_no_moment(history), end),
        *history.flag(TRUE),
        column(LATEST, _KNOWN),
        TRUE,
    ]
    return sql(
        "SELECT {values}\nFROM {target}\nJOIN t4t_known ON {is_known}\nWHERE {is_gone}",
        values=listed(values),
        target=history.target,
        is_known=history.same_key(_KNOWN, TARGET),
        is_gone=all_of(is_null(column(end, TARGET)), _is_gone(history)),
    )


def _is_gone(history: History) -> Sql:
    """Whether the query does not give the key of a version, which does not tell so already."""
    is_gone = negated(exists(history.stage, history.same_key(STAGE, TARGET)))
    if history.settings.deleted_flag is None:
        return is_gone
    return all_of(is_gone, negated(history.is_deleted))


def _current(
    history: History, values: Sql, ends: Sql, *conditions: Sql, joined: Sql | None = None
) -> Sql:
    """Current versions of the table with the values and the end that they are to have.

    Args:
        history: The model.
        values: Of every column that the query gives.
        ends: When they end.
        conditions: What else is asked of them.
        joined: What stands after JOIN, if anything.
    """
    begin, end = history.settings.valid_from, history.settings.valid_to
    selected = [
        values,
        column(begin, TARGET),
        named(ends, end),
        *history.flag(history.is_deleted),
        _no_moment(history),
        FALSE,
    ]
    origin = history.target
    if joined is not None:
        origin = sql("{target}\nJOIN {joined}", target=origin, joined=joined)
    return select(listed(selected), origin, all_of(is_null(column(end, TARGET)), *conditions))


def _no_moment(history: History) -> Sql:
    return cast(NULL, history.time_type)
