"""What every strategy works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.names import TableName
from t4t_core.planning.facts import Column, Number
from t4t_core.planning.steps import Gate, Greatest, Step, Tally, Write
from t4t_core.schema.change import NO_CHANGE, SchemaChange
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import cast, column, columns, named, table
from t4t_core.sql.query_text import Outermost, QueryText
from t4t_core.sql.statements import (
    STAGE,
    count_where,
    create_table,
    create_temporary,
    greatest_ordinal,
    is_null,
    is_null_in,
    select,
    temporary,
)
from t4t_core.sql.text import NULL, Sql, all_of, any_of, listed, negated, sql
from t4t_core.values import TimeKind, TimeValue

NullTime = Literal["include", "exclude", "error"]


class StrategyRun(Struct, frozen=True):
    """What a strategy makes of a run.

    Attributes:
        steps: In order.
        greatest: How the greatest finite time that was read is known; None where nothing was.
        leaves: Temporary tables that are there afterwards, for the watermark.
    """

    steps: tuple[Step, ...]
    greatest: Greatest | None
    leaves: tuple[str, ...] = ()


def written_work(work: Work, change: SchemaChange) -> Work:
    """The work with the columns that are written, in the types of the altered table."""
    number = work.number
    more = () if number is None or not number.is_given else (number.name,)
    query, columns = written_query(work.query, work.columns, change, more)
    return replace(work, columns=columns, query=query, change=change)


def written_query(
    query: QueryText, columns: tuple[Column, ...], change: SchemaChange, more: Sequence[str] = ()
) -> tuple[QueryText, tuple[Column, ...]]:
    """A query of the columns that are written, in the types of the altered table, and of `more`."""
    left_out = {column.name.lower() for column in change.left_out}
    columns = tuple(column for column in columns if column.name.lower() not in left_out)
    if change.left_out or change.cast:
        types = {one.name.lower(): one.held for one in change.cast}
        kept = [one.name for one in columns if one.name.lower() not in types]
        selected = [_in_type(one.name, types.get(one.name.lower())) for one in columns]
        head = select(listed([*selected, *map(column, more)]), query.named("q"))
        sources = {name.lower(): column(name) for name in (*kept, *more)}
        query = QueryText(head, Outermost(head, sources=sources))
    return query, columns


def _in_type(name: str, type_: str | None) -> Sql:
    return column(name) if type_ is None else named(cast(column(name), type_), name)


class Work(Struct, frozen=True):
    """One incremental model, about to be run.

    Attributes:
        name: Its table.
        catalog: The database's catalog.
        query: Its query with every value in it.
        columns: What the query gives and the table has, but the number. Another column of the table
            gets NULL.
        time_column: Spelled as in the query.
        kind: What the time column counts in.
        lower: Rows at or after this are read; None where nothing bounds them.
        null_time: What happens to rows without a time.
        may_read_target: Whether the query could read the table that it is written to.
        reads_by_scan: Whether the query is a scan of one table, which may be read in parts.
        change: What this run does about columns that differ.
        completed: Columns, in lower case, in which rows of the table may lack what the query gives
            for them now, each with the type that it had; of append.
        upper: Rows before this are read; None where nothing bounds them. Rows without a time are
            in no window that has one.
        number: The column that t4t numbers; the query's column of this name, where there is one,
            only orders new rows.
    """

    name: TableName
    catalog: str
    query: QueryText
    columns: tuple[Column, ...]
    time_column: str
    kind: TimeKind
    lower: TimeValue | None
    null_time: NullTime
    may_read_target: bool = True
    reads_by_scan: bool = False
    change: SchemaChange = NO_CHANGE
    completed: tuple[tuple[str, str], ...] = ()
    upper: TimeValue | None = None
    number: Number | None = None

    @property
    def table(self) -> Sql:
        """The model's table."""
        return table(self.name, self.catalog)

    @property
    def stage(self) -> Sql:
        """The stage."""
        return temporary(STAGE)

    def greatest_in(self, table: Sql) -> Greatest:
        """The greatest time in a table that holds what was read."""
        return Greatest(greatest_ordinal(table, self.time_column, self.kind))

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def written_names(self) -> tuple[str, ...]:
        """The columns that a new row is written with."""
        return self.column_names if self.number is None else (self.number.name, *self.column_names)

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, by its name."""
        return {column.name: column.type for column in self.columns}

    def in_window(self, time: Sql, *, with_null: bool) -> Sql | None:
        """Whether a row with this time is read; None where every row is."""
        if self.upper is None:
            return self.from_lower(time, with_null=with_null)
        is_before = sql("{time} < {upper}", time=time, upper=time_literal(self.upper))
        if self.lower is None:
            return is_before
        is_past = self.from_lower(time, with_null=False)
        assert is_past is not None, "it has a bound"
        return all_of(is_past, is_before)

    def from_lower(self, time: Sql, *, with_null: bool) -> Sql | None:
        """Whether a row with this time is in the window or past it; None where every row is."""
        is_past = None
        if self.lower is not None:
            is_past = sql("{time} >= {lower}", time=time, lower=time_literal(self.lower))
        if not with_null:
            return negated(is_null(time)) if is_past is None else is_past
        return None if is_past is None else any_of(is_past, is_null(time))

    def rows(self, *, with_null: bool) -> QueryText:
        """The query's rows in the window."""
        if self.in_window(NULL, with_null=with_null) is None:
            return self.query

        def condition(time: Sql) -> Sql:
            found = self.in_window(time, with_null=with_null)
            assert found is not None, "looked at above"
            return found

        return self.query.where(self.time_column, condition)

    def rows_past_end(self) -> QueryText:
        """The query's rows at or after the window's end."""
        upper = self.upper
        assert upper is not None, "only asked for windows with an end"
        return self.query.where(
            self.time_column,
            lambda time: sql("{time} >= {upper}", time=time, upper=time_literal(upper)),
        )

    def create(self, rows: Sql) -> Write:
        """Makes the table of what the query reads."""
        note = f"Created table: {self.name}"
        return Write(create_table(self.table, rows), Tally.CREATED, note, into=self.table)

    def create_stage(self, *, with_null: bool) -> Write:
        """Puts the query's rows in the window into the stage."""
        create = create_temporary(STAGE, self.rows(with_null=with_null).sql)
        return Write(create, Tally.STAGED, into=self.stage)

    def gate_null_time(self, where: Sql) -> tuple[Step, ...]:
        """Refuses rows without a time where `null_time` is `error`."""
        if self.null_time != "error":
            return ()
        return (
            Gate(
                count_where(where, is_null_in([self.time_column])),
                f"rows with NULL in the time column {self.time_column!r}: {{count}}",
                'give them a time, or set "null_time" to "include" or "exclude"',
            ),
        )

    def selected(self, alias: str | None = None) -> Sql:
        """Every column, by name."""
        return columns(self.column_names, alias)
