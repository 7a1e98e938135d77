"""What a history is made of: the versions of each key, and the times between which they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from t4t_core.config import HistoryConfig
from t4t_core.names import TableName
from t4t_core.planning.facts import Column
from t4t_core.schema.change import SchemaChange
from t4t_core.sql.exact import differs, is_coarse
from t4t_core.sql.literals import time_literal
from t4t_core.sql.names import column, table
from t4t_core.sql.statements import STAGE, temporary
from t4t_core.strategies.work import written_query
from t4t_core.values import TimeValue

CHANGES = "t4t_changes"
# A column may be a STRUCT with the name of an alias, and DuckDB then looks into the column.
TARGET = "t4t_target"
# Columns of the changes that are no columns of the table.
IS_NEW = "t4t_is_new"
LATEST = "t4t_latest"


@dataclass(frozen=True, slots=True)
class History:
    """One model whose versions are kept, about to be run.

    Attributes:
        name: Its table.
        catalog: The database's catalog.
        rows: What this run reads. Copy it before changing it.
        columns: What the query gives; the table has them and those of the interval.
        settings: Of the model.
        time_type: The DuckDB type of `valid_from` and `valid_to`.
        now: The run's moment, or None where only the rows' own times count.
        added: Columns that the table gets in this run. A current version has no value in them yet,
            which is no difference to what the query gives.
    """

    name: TableName
    catalog: str
    rows: exp.Expr
    columns: tuple[Column, ...]
    settings: HistoryConfig
    time_type: str
    now: TimeValue | None
    added: tuple[Column, ...] = ()

    @property
    def table(self) -> exp.Table:
        """A fresh node for the model's table."""
        return table(self.name, self.catalog)

    @property
    def target(self) -> exp.Table:
        """A fresh node for the model's table under the alias `TARGET`."""
        found = self.table
        found.set("alias", exp.TableAlias(this=exp.to_identifier(TARGET)))
        return found

    @property
    def stage(self) -> exp.Table:
        """A fresh node for the stage."""
        return temporary(STAGE)

    @property
    def changes(self) -> exp.Table:
        """A fresh node for the rows of the table as they are to be."""
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

    def moment(self) -> exp.Expr:
        """The run's moment."""
        assert self.now is not None, "only asked for where the clock counts"
        return time_literal(self.now)

    def selected(self, alias: str) -> list[exp.Expr]:
        """Every column that the query gives, by name."""
        return [column(name, alias) for name in self.column_names]

    def same_key(self, left: str, right: str) -> exp.Expr:
        """Whether two rows have the same key."""
        return exp.and_(
            *(exp.EQ(this=column(key, left), expression=column(key, right)) for key in self.keys),
            copy=False,
        )

    def lacks(self, left: str, right: str) -> exp.Expr:
        """Whether two rows differ in a column that the table gets in this run."""
        differing = [differs(column.name, column.type, left, right) for column in self.added]
        return exp.or_(*differing, copy=False) if differing else exp.false()

    def differs(self, left: str, right: str) -> exp.Expr:
        """Whether two rows of a key differ in a column that is compared."""
        differing = [differs(column.name, column.type, left, right) for column in self.compared]
        return exp.or_(*differing, copy=False) if differing else exp.false()


def written_history(history: History, change: SchemaChange) -> History:
    """The history with the columns that are written, in the types of the altered table."""
    rows, columns = written_query(history.rows, history.columns, change)
    return replace(history, rows=rows, columns=columns, added=change.added)


def history_columns(
    columns: Sequence[Column], settings: HistoryConfig, time_type: str
) -> tuple[Column, ...]:
    """The columns of the table: the query's, then the interval's."""
    types = (time_type, time_type, "BOOLEAN")
    return (*columns, *map(Column, settings.history_names, types))
