"""History: every version of each key, with the time from which and until which it holds."""

from __future__ import annotations

from t4t_core.config import TimestampHistoryConfig
from t4t_core.planning.steps import Gate, Repair, Step, Tally, Write
from t4t_core.sql.names import cast, column, columns, equal, named
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    drop_table,
    duplicates,
    insert,
    is_null,
    is_null_in,
    latest_per_key,
    select,
    update,
)
from t4t_core.sql.text import FALSE, NULL, Sql, all_of, any_of, listed, negated, sql, subquery
from t4t_core.strategies.history import CHANGES, IS_NEW, LATEST, TARGET, History
from t4t_core.strategies.state_changes import changes_of_states
from t4t_core.strategies.version_changes import changes_of_versions


def full_load(history: History, start: Sql | None) -> tuple[Step, ...]:
    """The statements that make the table from what the query gives now.

    Args:
        history: The model.
        start: From when the versions hold; None where their own times, or the run's moment, say it.
    """
    settings = history.settings
    begins = start if start is not None else _own_time(history)
    ends = cast(NULL, history.time_type)
    if not settings.gives_states:
        ends = sql(
            "lead({begins}) OVER (PARTITION BY {keys} ORDER BY {begins})",
            begins=begins,
            keys=columns(history.keys),
        )
    values = [
        columns(history.column_names),
        named(begins, settings.valid_from),
        named(ends, settings.valid_to),
    ]
    flag = history.flag(FALSE)
    if settings.is_current is None:
        versions = select(listed([*values, *flag]), history.stage)
    else:
        is_open = named(_is_open(settings.valid_to), settings.is_current)
        versions = select(
            listed([Sql("t4t_versions.*"), is_open, *flag]),
            subquery(select(listed(values), history.stage), Sql("t4t_versions")),
        )
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
        Write(drop_table(history.changes)),
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
        Write(create_temporary(STAGE, history.rows.sql)),
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
    repeated = duplicates(history.stage, version)
    if settings.on_duplicate_key == "latest":
        kept = latest_per_key(history.stage, version, settings.time, history.types)
        return Repair(repeated, lambda: Write(create_temporary(STAGE, kept)))
    return Gate(
        repeated,
        f"versions ({', '.join(version)}) that come more than once: {{count}}",
        'make the query give one row per version, or set "on_duplicate_key" to "latest"',
    )


def _gate_clock(history: History) -> Gate:
    """Refuses intervals that would not end after they begin."""
    begin, end = history.settings.valid_from, history.settings.valid_to
    is_empty = sql("{end} <= {begin}", end=column(end), begin=column(begin))
    is_before_known = sql("{begin} <= {latest}", begin=column(begin), latest=column(LATEST))
    return Gate(
        count_where(history.changes, any_of(is_empty, is_before_known)),
        f"rows whose history already goes past this run's moment, {history.now}: {{count}}",
        "the clock of this machine is behind, or a row was given a time in the future: set that "
        "right and run again",
    )


def _update(history: History) -> Sql:
    """Versions that end elsewhere or were corrected, with their new values."""
    settings = history.settings
    names = (*history.column_names, settings.valid_to)
    values = {name: column(name, CHANGES) for name in names}
    if settings.is_current is not None:
        values[settings.is_current] = _is_open(settings.valid_to, CHANGES)
    is_same = all_of(
        negated(column(IS_NEW, CHANGES)),
        history.same_key(TARGET, CHANGES),
        equal(settings.valid_from, TARGET, CHANGES),
    )
    return update(history.target, values, history.changes, is_same)


def _insertion(history: History) -> Sql:
    settings = history.settings
    names = [*history.column_names, settings.valid_from, settings.valid_to]
    values = [columns(names)]
    if settings.is_current is not None:
        names.append(settings.is_current)
        values.append(_is_open(settings.valid_to))
    if settings.deleted_flag is not None:
        names.append(settings.deleted_flag)
        values.append(column(settings.deleted_flag))
    return insert(history.table, names, select(listed(values), history.changes, column(IS_NEW)))


def _own_time(history: History) -> Sql:
    time = history.settings.time
    return history.moment() if time is None else column(time)


def _is_open(end: str, alias: str | None = None) -> Sql:
    """Whether a version is the current one of its key."""
    return is_null(column(end, alias))
