"""What a history is made of: the versions of each key, and the times between which they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.config import CheckHistoryConfig, HistoryConfig
from t4t_core.names import TableName
from t4t_core.planning.facts import Column
from t4t_core.schema.change import SchemaChange
from t4t_core.sql.exact import differs, is_coarse
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column, columns, equal, named, table, try_cast
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import STAGE, is_null, temporary
from t4t_core.sql.text import FALSE, Sql, all_of, any_of, is_same, negated, sql
from t4t_core.strategies.work import written_query
from t4t_core.values import TimeValue

CHANGES = "t4t_changes"
# A column may be a STRUCT with the name of an alias, and DuckDB then looks into the column.
TARGET = "t4t_target"
# Columns of the changes that are no columns of the table.
IS_NEW = "t4t_is_new"
LATEST = "t4t_latest"


class Lacking(Struct, frozen=True):
    """A column whose value a current version may lack, which is no difference to the query's.

    Attributes:
        column: As the table has it from this run on.
        held: The narrower type that it had before this run, or None.
        since: The moment from which versions began without it, the query not giving it; None where
            it is another reason.
    """

    column: Column
    held: str | None = None
    since: TimeValue | None = None


class History(Struct, frozen=True):
    """One model whose versions are kept, about to be run.

    Attributes:
        name: Its table.
        catalog: The database's catalog.
        rows: What this run reads.
        columns: What the query gives; the table has them and those of the interval.
        settings: Of the model.
        time_type: The DuckDB type of `valid_from` and `valid_to`.
        now: The run's moment, or None where only the rows' own times count.
        lacking: What current versions may lack.
    """

    name: TableName
    catalog: str
    rows: QueryText
    columns: tuple[Column, ...]
    settings: HistoryConfig
    time_type: str
    now: TimeValue | None
    lacking: tuple[Lacking, ...] = ()

    @property
    def table(self) -> Sql:
        """The model's table."""
        return table(self.name, self.catalog)

    @property
    def target(self) -> Sql:
        """The model's table under the alias `TARGET`."""
        return named(self.table, TARGET)

    @property
    def stage(self) -> Sql:
        """The stage."""
        return temporary(STAGE)

    @property
    def changes(self) -> Sql:
        """The rows of the table as they are to be."""
        return temporary(CHANGES)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.settings.unique_key

    @property
    def types(self) -> dict[str, str]:
        """The type of each column that the query gives."""
        return {column.name: column.type for column in self.columns}

    @property
    def column_names(self) -> tuple[str, ...]:
        """What the query gives."""
        return tuple(column.name for column in self.columns)

    @property
    def compared(self) -> tuple[Column, ...]:
        """The columns in which a version of a key may differ from the one before it.

        A key is one of them where equal keys can be written in two ways.
        """
        written = getattr(self.settings, "check_columns", "all")
        if written != "all":
            checked = {name.lower() for name in written}
            return tuple(column for column in self.columns if column.name.lower() in checked)
        apart = {name.lower() for name in (*self.keys, self.settings.time or "")}
        return tuple(
            column
            for column in self.columns
            if column.name.lower() not in apart or is_coarse(column.type)
        )

    def moment(self) -> Sql:
        """The run's moment."""
        assert self.now is not None, "only asked for where the clock counts"
        return time_literal(self.now)

    def flag(self, value: Sql) -> list[Sql]:
        """The column that tells of a deleted key, where the table has one."""
        name = self.settings.deleted_flag
        return [] if name is None else [named(value, name)]

    @property
    def is_deleted(self) -> Sql:
        """Whether a version of the table tells that its key was gone."""
        name = self.settings.deleted_flag
        return FALSE if name is None else column(name, TARGET)

    def selected(self, alias: str) -> Sql:
        """Every column that the query gives, by name."""
        return columns(self.column_names, alias)

    def same_key(self, left: str, right: str) -> Sql:
        """Whether two rows have the same key."""
        return all_of(*(equal(key, left, right) for key in self.keys))

    def lacks(self, one: Lacking, left: str, right: str) -> Sql:
        """Whether the right row of a key has no value in a column yet that the left one has."""
        found = differs(one.column.name, one.column.type, left, right)
        why = [*self._was_rounded(one, left, right), *self._began_without(one, left, right)]
        return all_of(found, any_of(*why)) if why else found

    def _was_rounded(self, one: Lacking, left: str, right: str) -> list[Sql]:
        """That the column's old type did not hold the value, where that may be."""
        if one.held is None:
            return []
        rounded = is_same(
            try_cast(column(one.column.name, left), one.held),
            try_cast(column(one.column.name, right), one.held),
        )
        is_there = negated(is_null(column(one.column.name, right)))
        return [all_of(is_there, rounded)]

    def _began_without(self, one: Lacking, left: str, right: str) -> list[Sql]:
        """That the query did not give the column when the version began, where that may be.

        Times of the source do not tell that, but a row whose time stayed was not changed there.
        """
        if one.since is None:
            return []
        time = self.settings.time
        began = sql(
            "{begin} >= {since}",
            begin=column(self.settings.valid_from, right),
            since=time_literal(one.since) if time is None else column(time, left),
        )
        return [all_of(is_null(column(one.column.name, right)), began)]

    def differs(self, left: str, right: str) -> Sql:
        """Whether two rows of a key differ in a column that is compared, in what neither lacks."""
        lacking = {one.column.name: one for one in self.lacking}
        differing: list[Sql] = []
        for each in self.compared:
            found = differs(each.name, each.type, left, right)
            one = lacking.get(each.name)
            if one is not None:
                found = all_of(found, negated(self.lacks(one, left, right)))
            differing.append(found)
        return any_of(*differing) if differing else FALSE


def written_history(
    history: History, change: SchemaChange, unfilled: Mapping[str, TimeValue]
) -> History:
    """The history with the columns that are written, in the types of the altered table.

    Only the strategy `check` asks what a version lacks: the times of `timestamp` say which it is.

    Args:
        history: The model.
        change: What is done about columns that differ.
        unfilled: The columns, in lower case, that the query has not given so far, each with the
            moment from which it did not.
    """
    rows, columns = written_query(history.rows, history.columns, change)
    history = replace(history, rows=rows, columns=columns)
    if not isinstance(history.settings, CheckHistoryConfig):
        return history
    held = {one.name.lower(): one.held for one in change.widened}
    lacking = [Lacking(one) for one in change.added]
    for one in columns:
        name = one.name.lower()
        if name in held or name in unfilled:
            lacking.append(Lacking(one, held.get(name), unfilled.get(name)))
    return replace(history, lacking=tuple(lacking))


def history_columns(
    columns: Sequence[Column], settings: HistoryConfig, time_type: str
) -> tuple[Column, ...]:
    """The columns of the table: the query's, then the interval's."""
    types = (time_type, time_type, "BOOLEAN", "BOOLEAN")
    return (*columns, *map(Column, settings.history_names, types))
