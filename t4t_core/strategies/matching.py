"""Which row of a table a staged row is about, and whether it says something else."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from t4t_core.planning.facts import Column
from t4t_core.sql.exact import differs, is_coarse, same
from t4t_core.sql.names import column
from t4t_core.strategies.work import Work


@dataclass(frozen=True, slots=True)
class Matching:
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

    def is_one_key(self, target: str, source: str) -> exp.Expr:
        """Whether the rows of two aliases have the same key."""
        return exp.and_(
            *(
                exp.EQ(this=column(key, target), expression=column(key, source))
                for key in self.keys
            ),
            copy=False,
        )

    def is_same(self, target: str, source: str) -> list[exp.Expr]:
        """Conditions under which the source's row says nothing else."""
        return [same(c.name, c.type, target, source) for c in self.updated]

    def is_to_replace(self, target: str, source: str) -> exp.Expr:
        """Whether the source's row is as late as the target's or later, and says something else."""
        differing = [differs(c.name, c.type, target, source) for c in self.updated]
        return exp.and_(
            self.is_not_earlier(target, source),
            exp.or_(*differing, copy=False) if differing else exp.false(),
            copy=False,
        )

    def is_not_earlier(self, target: str, source: str) -> exp.Expr:
        """Whether the source's row is as late as the target's or later; NULL is the earliest."""
        time = self.work.time_column
        return exp.Coalesce(
            this=exp.GTE(this=column(time, source), expression=column(time, target)),
            expressions=[exp.Is(this=column(time, target), expression=exp.Null())],
        )


def aliased(table: exp.Expr, alias: str) -> exp.Expr:
    """The table under an alias; it is changed."""
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table
