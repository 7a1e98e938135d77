"""The changes to a history by a query that gives versions, each with the time it began."""

from __future__ import annotations

from t4t_core.sql.fixed_arrays import as_it_was, lists_in, with_lists
from t4t_core.sql.names import column, columns, equal, identifier, named
from t4t_core.sql.statements import STAGE, exists, is_null, select
from t4t_core.sql.text import Sql, all_of, any_of, chosen, is_other, listed, negated, sql, subquery
from t4t_core.strategies.history import TARGET, History

_HELD = "t4t_held"
_ENDS = "t4t_ends"


def changes_of_versions(history: History) -> Sql:
    """The rows of the table that are new or change, as they are to be, and whether each is new.

    A version ends at the next moment at which anything happens to its key: another version begins,
    or, noted by an earlier run, the key was gone. Those moments only ever become more, so the
    table depends on the versions that were read and not on the order in which they came.
    """
    begin, end = history.settings.valid_from, history.settings.valid_to
    staged_time = column(_time(history), STAGE)
    is_in_batch = sql("{begin} = {time}", begin=column(begin, _ENDS), time=staged_time)
    is_only_held = is_null(staged_time)
    is_new = is_null(column(begin, _HELD))
    values = (
        named(
            as_it_was(chosen(is_only_held, column(name, _HELD), column(name, STAGE)), type_), name
        )
        for name, type_ in history.types.items()
    )
    ends_elsewhere = is_other(column(end, _HELD), column(end, _ENDS))
    is_corrected = all_of(negated(is_only_held), history.differs(STAGE, _HELD))
    return sql(
        "WITH t4t_held AS {held},\nt4t_moments AS {moments},\nt4t_ends AS {ends}\n"
        "SELECT {values}, {begin}, {end}, {is_new} AS t4t_is_new\n"
        "FROM t4t_ends\n"
        "LEFT JOIN {stage} ON {is_in_batch}\n"
        "LEFT JOIN t4t_held ON {is_in_both}\n"
        "WHERE {is_told}",
        held=subquery(_held(history)),
        moments=subquery(_moments(history)),
        ends=subquery(_ends(history)),
        values=listed(values),
        begin=column(begin, _ENDS),
        end=column(end, _ENDS),
        is_new=is_new,
        stage=with_lists(history.stage, STAGE, history.types),
        is_in_batch=all_of(history.same_key(_ENDS, STAGE), is_in_batch),
        is_in_both=all_of(history.same_key(_ENDS, _HELD), equal(begin, _ENDS, _HELD)),
        is_told=all_of(
            any_of(negated(is_only_held), negated(is_new)),
            any_of(is_new, ends_elsewhere, is_corrected),
        ),
    )


def _time(history: History) -> str:
    time = history.settings.time
    assert time is not None, "the strategy 'timestamp' has one"
    return time


def _held(history: History) -> Sql:
    """Every version that the table has of the keys in the stage, for an outer join."""
    is_staged = exists(history.stage, history.same_key(TARGET, STAGE))
    every = sql("t4t_target.*{lists}", lists=lists_in(history.types, TARGET))
    return select(every, history.target, is_staged)


def _moments(history: History) -> Sql:
    """When something happens to a key, each moment once."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    return sql(
        "SELECT {keys}, {begin}\nFROM t4t_held\n"
        "UNION\n"
        "SELECT {keys}, {end}\nFROM t4t_held\nWHERE {is_ended}\n"
        "UNION\n"
        "SELECT {staged_keys}, {staged_time}\nFROM {stage}",
        keys=columns(history.keys),
        begin=column(begin),
        end=named(column(end), begin),
        is_ended=negated(is_null(column(end))),
        staged_keys=columns(history.keys, STAGE),
        staged_time=named(column(_time(history), STAGE), begin),
        stage=history.stage,
    )


def _ends(history: History) -> Sql:
    """Each moment with the next one of its key, or NULL."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    return sql(
        "SELECT {keys}, {begin}, lead({begin}) OVER (PARTITION BY {keys} ORDER BY {begin}) AS {end}"
        "\nFROM t4t_moments",
        keys=columns(history.keys),
        begin=column(begin),
        end=identifier(end),
    )
