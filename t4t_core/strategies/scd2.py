"""History: every version of each key, with the time from which and until which it holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from t4t_core.config import TimestampHistoryConfig
from t4t_core.planning.steps import Gate, Repair, Step, Tally, Write
from t4t_core.sql.names import column, identifier, rendered
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    drop,
    duplicates,
    insert,
    is_null_in,
    latest_per_key,
)
from t4t_core.strategies.history import CHANGES, IS_NEW, LATEST, TARGET, History
from t4t_core.strategies.state_changes import changes_of_states
from t4t_core.strategies.version_changes import changes_of_versions

_VERSIONS = "t4t_versions"


def full_load(history: History, start: exp.Expr | None) -> tuple[Step, ...]:
    """The statements that make the table from what the query gives now.

    Args:
        history: The model.
        start: From when the versions hold; None where their own times, or the run's moment, say it.
    """
    settings = history.settings
    begins = start if start is not None else _own_time(history)
    ends: exp.Expr = exp.Null()
    if not settings.gives_states:
        ends = exp.Window(
            this=exp.func("lead", begins.copy()),
            partition_by=[column(key) for key in history.keys],
            order=exp.Order(expressions=[exp.Ordered(this=begins.copy())]),
        )
    versions = exp.select(
        *(column(name) for name in history.column_names),
        exp.alias_(begins, identifier(settings.valid_from)),
        exp.alias_(_of_time_type(history, ends), identifier(settings.valid_to)),
        copy=False,
    ).from_(history.stage, copy=False)
    if settings.is_current is not None:
        every = exp.Column(this=exp.Star(), table=exp.to_identifier(_VERSIONS))
        flag = exp.alias_(_is_open(settings.valid_to), identifier(settings.is_current))
        versions = exp.select(every, flag, copy=False).from_(
            versions.subquery(_VERSIONS, copy=False), copy=False
        )
    versions = versions.select(*history.flag(exp.false()), copy=False)
    return (
        *_staged(history),
        Write(
            create_table(history.table, versions), Tally.CREATED, f"Created table: {history.name}"
        ),
    )


def later_run(history: History) -> tuple[Step, ...]:
    """The statements of a run onto a table that exists."""
    gates: tuple[Step, ...]
    if history.settings.gives_states:
        changes, gates = changes_of_states(history), (_gate_clock(history),)
    else:
        changes, gates = changes_of_versions(history), ()
    return (
        *_staged(history),
        Write(create_temporary(CHANGES, changes), Tally.STAGED),
        *gates,
        Write(_update(history), Tally.UPDATED, is_of_stage=True),
        Write(
            _insertion(history),
            Tally.INSERTED,
            f"Executed scd2 {history.settings.name}",
            is_of_stage=True,
        ),
        Write(drop(history.changes, "table")),
    )


def _staged(history: History) -> tuple[Step, ...]:
    """What the run reads, checked."""
    settings = history.settings
    gates = [
        Gate(
            count_where(history.stage, is_null_in(history.keys)),
            f"rows with NULL in the unique key ({', '.join(history.keys)}): {{count}}",
            "leave those rows out in the model's query, or choose another key",
        )
    ]
    if settings.time is not None:
        gates.append(
            Gate(
                count_where(history.stage, is_null_in([settings.time])),
                f"rows with NULL in {settings.time!r}, so that nothing says when they began: "
                "{count}",
                "give them a time in the model's query, as coalesce(...) does, or leave them out",
            )
        )
    return (
        Write(create_temporary(STAGE, history.rows.copy())),
        *gates,
        _settle_repeated(history),
    )


def _settle_repeated(history: History) -> Step:
    """One row of each version, or of each key where the query gives states."""
    settings = history.settings
    if not isinstance(settings, TimestampHistoryConfig) or settings.gives_states:
        return Gate(
            duplicates(history.stage, history.keys),
            f"keys ({', '.join(history.keys)}) that come more than once: {{count}}",
            "this history compares each key as it is now with what it was, so the query has to "
            "give one row per key",
        )
    version = (*history.keys, settings.time)
    sql = duplicates(history.stage, version)
    if settings.on_duplicate_key == "latest":
        kept = latest_per_key(history.stage, version, settings.time, history.types)
        return Repair(sql, lambda: Write(create_temporary(STAGE, kept.copy())))
    return Gate(
        sql,
        f"versions ({', '.join(version)}) that come more than once: {{count}}",
        'make the query give one row per version, or set "on_duplicate_key" to "latest"',
    )


def _gate_clock(history: History) -> Gate:
    """Refuses intervals that would not end after they begin."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    is_empty = exp.LTE(this=column(end), expression=column(begin))
    is_before_known = exp.LTE(this=column(begin), expression=column(LATEST))
    return Gate(
        count_where(history.changes, exp.or_(is_empty, is_before_known, copy=False)),
        f"rows whose history already goes past this run's moment, {history.now}: {{count}}",
        "the clock of this machine is behind, or a row was given a time in the future: set that "
        "right and run again",
    )


def _update(history: History) -> str:
    """Versions that end elsewhere or were corrected, with their new values."""
    settings = history.settings
    values = [
        exp.EQ(this=identifier(name), expression=column(name, CHANGES))
        for name in (*history.column_names, settings.valid_to)
    ]
    if settings.is_current is not None:
        values.append(
            exp.EQ(
                this=identifier(settings.is_current),
                expression=_is_open(settings.valid_to, CHANGES),
            )
        )
    is_same = exp.and_(
        exp.Not(this=column(IS_NEW, CHANGES)),
        history.same_key(TARGET, CHANGES),
        exp.EQ(
            this=column(settings.valid_from, TARGET),
            expression=column(settings.valid_from, CHANGES),
        ),
        copy=False,
    )
    return rendered(
        exp.Update(
            this=history.target,
            expressions=values,
            from_=exp.From(this=history.changes),
            where=exp.Where(this=is_same),
        )
    )


def _insertion(history: History) -> str:
    settings = history.settings
    names: Sequence[str] = (*history.column_names, settings.valid_from, settings.valid_to)
    values: list[exp.Expr] = [column(name) for name in names]
    if settings.is_current is not None:
        names = (*names, settings.is_current)
        values.append(_is_open(settings.valid_to))
    if settings.deleted_flag is not None:
        names = (*names, settings.deleted_flag)
        values.append(column(settings.deleted_flag))
    rows = (
        exp.select(*values, copy=False)
        .from_(history.changes, copy=False)
        .where(column(IS_NEW), copy=False)
    )
    return insert(history.table, names, rows)


def _own_time(history: History) -> exp.Expr:
    time = history.settings.time
    return history.moment() if time is None else column(time)


def _of_time_type(history: History, value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Null):
        return exp.Cast(this=value, to=exp.DataType.build(history.time_type, dialect="duckdb"))
    return value


def _is_open(end: str, alias: str | None = None) -> exp.Expr:
    """Whether a version is the current one of its key."""
    return exp.Is(this=column(end, alias), expression=exp.Null())
