"""Merge: the table holds one row per key, the latest by the time column."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from t4t_core.config import MergeConfig
from t4t_core.planning.facts import Column
from t4t_core.planning.steps import Fix, Gate, Greatest, Look, Refusal, Step, Tally, Write
from t4t_core.sql.fixed_arrays import has_fixed_array
from t4t_core.sql.names import columns, named
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    delete,
    exists,
    is_true,
    latest_per_key,
    look_at_keys,
    nth_latest,
)
from t4t_core.sql.text import Sql, all_of, in_parentheses, negated, sql, subquery
from t4t_core.strategies.deleting import (
    GONE,
    delete_keys,
    leave_to_later_rows,
    not_deleted,
)
from t4t_core.strategies.key_gates import null_keys, repeated_keys
from t4t_core.strategies.matching import Matching
from t4t_core.strategies.merge_statement import merge_statement
from t4t_core.strategies.numbering import (
    create_numbered,
    number_stage,
    numbering_of,
    remember,
)
from t4t_core.strategies.replacing import replace_rows
from t4t_core.strategies.work import StrategyRun, Work

_NOTE = "Executed incremental merge"


class MergeConditions(Struct, frozen=True):
    """The conditions in the settings, with every value in them.

    Attributes:
        delete_when: A staged row for which it is true deletes its key's row; None for no deletes.
        predicates: Of `target` and `source`, the two rows of a key.
    """

    delete_when: Sql | None = None
    predicates: tuple[Sql, ...] = ()


def full_load(work: Work, settings: MergeConfig) -> tuple[Step, ...]:
    """What follows the creation of the table: keys are checked, repeated ones settled."""

    def keep_latest() -> Write:
        return Write(create_table(work.table, _latest(work, work.table, settings)), Tally.CREATED)

    return (*work.gate_null_time(work.table), _look(work, work.table, settings, keep_latest))


def staged_full_load(
    work: Work, settings: MergeConfig, delete_when: Sql | None, old: tuple[Column, ...]
) -> StrategyRun:
    """The statements that make the table anew, with numbers or without the keys that are deleted.

    The rows are staged, since the watermark counts those that are left out too.

    Args:
        work: The model.
        settings: Its settings.
        delete_when: Of the latest row of a key that is left out.
        old: The columns of the table whose numbers are kept; none where there are none.
    """
    latest = _latest(work, work.stage, settings)
    rows = latest if delete_when is None else not_deleted(latest, delete_when)
    return StrategyRun(
        (
            work.create_stage(with_null=work.null_time != "exclude"),
            *work.gate_null_time(work.stage),
            _look(work, work.stage, settings, None),
            *_create(work, settings, rows, old),
        ),
        work.greatest_in(work.stage),
        leaves=(STAGE,),
    )


def _create(
    work: Work, settings: MergeConfig, rows: Sql, old: tuple[Column, ...]
) -> tuple[Step, ...]:
    if work.number is not None:
        return create_numbered(numbering_of(work, settings.unique_key), rows, old)
    return (work.create(rows),)


def later_run(work: Work, settings: MergeConfig, conditions: MergeConditions) -> StrategyRun:
    """The statements of a run onto a table that exists."""
    matching = Matching(work, settings.unique_key, _kept(work, settings))
    # A column of this name hides DuckDB's row numbers.
    has_row_numbers = "rowid" not in {name.lower() for name in work.written_names}
    # To DuckDB's UPDATE, 1 month in place of 30 days is no change; its MERGE compares arrays of a
    # fixed length wrongly.
    is_unfit = any("INTERVAL" in one.type or has_fixed_array(one.type) for one in work.columns)
    is_fastest = has_row_numbers and (settings.method == "fastest" or is_unfit)

    def keep_latest() -> Write:
        if is_fastest:
            return Write(_delete_earlier(work, settings.unique_key), Tally.UNSTAGED)
        return Write(create_temporary(STAGE, _latest(work, work.stage, settings)), Tally.STAGED)

    deletes: tuple[Step, ...] = ()
    leaves: tuple[str, ...] = (STAGE,)
    if conditions.delete_when is not None:
        deletes = (*leave_to_later_rows(matching), *delete_keys(matching, conditions.delete_when))
        leaves += (GONE,)
    write = replace_rows if is_fastest else merge_statement
    steps = (
        work.create_stage(with_null=work.null_time != "exclude"),
        *work.gate_null_time(work.stage),
        _look(work, work.stage, settings, keep_latest),
        *_gate_predicates(matching, conditions.predicates),
        *deletes,
        *number_stage(matching),
        *write(matching, _NOTE),
        *(() if work.number is None else (remember(numbering_of(work, settings.unique_key)),)),
    )
    return StrategyRun(steps, Greatest(None), leaves)


def _kept(work: Work, settings: MergeConfig) -> frozenset[str]:
    """The columns, in lower case, that are written with a new key and never after.

    The time column is always updated: it says which row of its key the table has.
    """
    excluded = {name.lower() for name in settings.exclude_columns or ()}
    if settings.update_columns is not None:
        updated = {name.lower() for name in (*settings.update_columns, work.time_column)}
        excluded = {name.lower() for name in work.column_names} - updated
    return frozenset(excluded - {key.lower() for key in settings.unique_key})


def _gate_predicates(matching: Matching, predicates: Sequence[Sql]) -> tuple[Step, ...]:
    """Refuses rows whose key the table holds where `incremental_predicates` do not look.

    They would be inserted a second time. Once no such row is there the predicates leave nothing
    out, so that no other statement needs them.
    """
    if not predicates:
        return ()
    is_looked_at = all_of(*map(in_parentheses, predicates))
    unseen = exists(
        named(matching.work.table, "target"),
        all_of(matching.is_one_key("target", "source"), negated(is_true(is_looked_at))),
    )
    return (
        Gate(
            count_where(named(matching.work.stage, "source"), unseen),
            "rows whose key the table has outside incremental_predicates, so that it would come "
            "into the table twice: {count}",
            "widen incremental_predicates, or leave them out: t4t finds the rows of a key by "
            "itself",
        ),
    )


def _latest(work: Work, table: Sql, settings: MergeConfig) -> Sql:
    return latest_per_key(table, settings.unique_key, work.time_column, work.types)


def _look(work: Work, table: Sql, settings: MergeConfig, keep_latest: Fix | None) -> Step:
    """Finds the greatest time that was read, refuses NULL keys, and settles repeated ones.

    Args:
        work: The model.
        table: What was read.
        settings: Of the model.
        keep_latest: Keeps the latest row of a key that comes more than once; None where that is
            done anyway.
    """
    keys = settings.unique_key
    hint = 'make the query give one row per key, or set "on_duplicate_key" to "latest"'
    repeated: Refusal | Fix | None = keep_latest
    if settings.on_duplicate_key == "error":
        repeated = repeated_keys(keys, hint)
    return Look(look_at_keys(table, keys, work.time_column, work.kind), (null_keys(keys), repeated))


def _delete_earlier(work: Work, keys: Sequence[str]) -> Sql:
    """Deletes all but the latest row of each key from the stage.

    Only the rows of repeated keys are sorted, which mostly are few.
    """
    earlier = sql(
        "SELECT rowid\nFROM {stage}\n"
        "WHERE ({keys}) IN (\n"
        "SELECT {keys}\nFROM {stage}\nGROUP BY {keys}\nHAVING count(*) > 1\n"
        ")\n"
        "QUALIFY {nth} > 1",
        stage=work.stage,
        keys=columns(keys),
        nth=nth_latest(keys, work.time_column, work.types),
    )
    return delete(work.stage, sql("rowid IN {earlier}", earlier=subquery(earlier)))
