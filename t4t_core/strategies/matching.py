"""Which row of a table a staged row is about, and whether it says something else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from t4t_core.planning.facts import Column
from t4t_core.sql.exact import differs, is_coarse, same
from t4t_core.sql.fixed_arrays import with_lists
from t4t_core.sql.names import column, equal
from t4t_core.sql.text import FALSE, Sql, all_of, any_of, sql
from t4t_core.strategies.work import Work

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Matching(Struct, frozen=True):
    """How staged rows meet those of a table that has one row per key.

    Attributes:
        keys: The columns that make a row's key.
        kept: The columns, in lower case, in which a known key's row stays as it is.
    """

    work: Work
    keys: tuple[str, ...]
    kept: frozenset[str] = frozenset()

    @property
    def updated(self) -> tuple[Column, ...]:
        """The columns in which a staged row can say something else.

        A key is one of them where equal keys can be written in two ways.
        """
        keys = {key.lower() for key in self.keys}
        return tuple(
            column
            for column in self.work.columns
            if column.name.lower() not in self.kept
            and (column.name.lower() not in keys or is_coarse(column.type))
        )

    def staged(self, values: Sql, held: Mapping[str, str] = NOTHING) -> Sql:
        """The values of each row of the stage, `t4t_new`, and of its key's in the table, `t4t_old`.

        Where its key is new, every column of `t4t_old` is NULL.

        Args:
            values: What is selected.
            held: The type of each column of the table among them; an array comes as a list.
        """
        return sql(
            "SELECT {values}\nFROM {stage} AS t4t_new\nLEFT JOIN {table} ON {is_one_key}",
            values=values,
            stage=self.work.stage,
            table=with_lists(self.work.table, "t4t_old", held),
            is_one_key=self.is_one_key("t4t_old", "t4t_new"),
        )

    def is_one_key(self, target: str, source: str) -> Sql:
        """Whether the rows of two aliases have the same key."""
        return all_of(*(equal(key, target, source) for key in self.keys))

    def is_same(self, target: str, source: str) -> list[Sql]:
        """Conditions under which the source's row says nothing else."""
        return [same(c.name, c.type, target, source) for c in self.updated]

    def is_to_replace(self, target: str, source: str) -> Sql:
        """Whether the source's row is as late as the target's or later, and says something else."""
        differing = [differs(c.name, c.type, target, source) for c in self.updated]
        return all_of(
            self.is_not_earlier(target, source), any_of(*differing) if differing else FALSE
        )

    def is_not_earlier(self, target: str, source: str) -> Sql:
        """Whether the source's row is as late as the target's or later; NULL is the earliest."""
        time = self.work.time_column
        return sql(
            "coalesce({new} >= {old}, {old} IS NULL)",
            new=column(time, source),
            old=column(time, target),
        )
