"""The statements around a query, for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from t4t_core.names import TableName
from t4t_core.sql.exact import descending, is_coarse
from t4t_core.sql.names import column, identifier, rendered, table
from t4t_core.sql.window import subquery
from t4t_core.values import TimeKind

STAGE = "t4t_stage"


def temporary(name: str) -> exp.Table:
    """A temporary table of ours; no table of the user's can be meant by it."""
    return exp.Table(this=identifier(name), db=identifier("temp"))


def create_table(table: exp.Table, query: exp.Expr) -> str:
    """`CREATE OR REPLACE TABLE ... AS ...`."""
    return rendered(exp.Create(this=table, kind="TABLE", replace=True, expression=_as_query(query)))


def create_temporary(name: str, query: exp.Expr) -> str:
    """`CREATE OR REPLACE TEMPORARY TABLE ... AS ...`."""
    return rendered(
        exp.Create(
            this=exp.Table(this=identifier(name)),
            kind="TABLE",
            replace=True,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
            expression=_as_query(query),
        )
    )


def create_view(table: exp.Table, query: exp.Expr) -> str:
    """`CREATE OR REPLACE VIEW ... AS ...`."""
    return rendered(exp.Create(this=table, kind="VIEW", replace=True, expression=_as_query(query)))


def create_schema(name: TableName, catalog: str) -> str:
    """`CREATE SCHEMA IF NOT EXISTS ...` for a table of that name."""
    of_table = table(name, catalog)
    schema = exp.Table(db=of_table.args["db"], catalog=of_table.args.get("catalog"))
    return rendered(exp.Create(this=schema, kind="SCHEMA", exists=True))


def drop(table: exp.Table, kind: str) -> str:
    """`DROP TABLE ...` or `DROP VIEW ...`."""
    return f"DROP {kind.upper()} {rendered(table)}"


def delete(table: exp.Expr, condition: exp.Expr, using: exp.Expr | None = None) -> str:
    """`DELETE FROM ... USING ... WHERE ...`."""
    others = None if using is None else [using]
    return rendered(exp.Delete(this=table, using=others, where=exp.Where(this=condition)))


def insert(table: exp.Table, columns: Sequence[str], query: exp.Expr) -> str:
    """`INSERT INTO ... (columns) ...`."""
    target = exp.Schema(this=table, expressions=[identifier(name) for name in columns])
    return rendered(exp.Insert(this=target, expression=query))


def count_where(table: exp.Expr, condition: exp.Expr | None = None) -> str:
    """`SELECT count(*) FROM ... WHERE ...`."""
    query = exp.select(exp.Count(this=exp.Star()), copy=False).from_(table, copy=False)
    return rendered(query if condition is None else query.where(condition, copy=False))


def duplicates(table: exp.Table, keys: Sequence[str]) -> str:
    """The number of key values that stand in more than one row."""
    inner = (
        exp.select(*(column(key) for key in keys), copy=False)
        .from_(table, copy=False)
        .group_by(*(column(key) for key in keys), copy=False)
        .having(
            exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)), copy=False
        )
    )
    return rendered(
        exp.select(exp.Count(this=exp.Star()), copy=False).from_(
            subquery(inner, "repeated"), copy=False
        )
    )


def look_at_keys(table: exp.Table, keys: Sequence[str], time_column: str, kind: TimeKind) -> str:
    """One row about a table: three things that are asked together.

    Its greatest finite time as `greatest_ordinal` gives it, the number of rows with NULL in the
    key, and the number of key values that stand in more than one row.
    """
    rows = "t4t_rows"
    grouped = (
        exp.select(
            *(column(key) for key in keys),
            exp.alias_(exp.Count(this=exp.Star()), rows),
            copy=False,
        )
        .from_(table.copy(), copy=False)
        .group_by(*(column(key) for key in keys), copy=False)
    )
    is_repeated = exp.GT(this=column(rows), expression=exp.Literal.number(1))
    return rendered(
        exp.select(
            exp.Subquery(this=_greatest_ordinal(table, time_column, kind)),
            exp.Filter(
                this=exp.Sum(this=column(rows)), expression=exp.Where(this=is_null_in(keys))
            ),
            exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=is_repeated)),
            copy=False,
        ).from_(subquery(grouped, "q"), copy=False)
    )


def latest_per_key(
    table: exp.Table, keys: Sequence[str], time_column: str, types: Mapping[str, str]
) -> exp.Select:
    """One row of each key: the latest, and among equally late ones always the same one.

    A row without a time is the earliest. The other columns break ties, so that the choice does not
    depend on the order in which rows come; so does a key that can be written in two ways.

    Args:
        table: With more than one row of a key.
        keys: The columns of the key.
        time_column: By which a row is late.
        types: The type of each column.
    """
    in_key = {key.lower() for key in keys}
    order: list[exp.Expr] = [exp.Ordered(this=column(time_column), desc=True, nulls_first=False)]
    for name, type_ in types.items():
        is_decided = name.lower() in in_key and not is_coarse(type_)
        if not is_decided and name.lower() != time_column.lower():
            order += descending(name, type_)
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(key) for key in keys],
        order=exp.Order(expressions=order),
    )
    query = exp.Select(expressions=[exp.Star()]).from_(table, copy=False)
    query.set("qualify", exp.Qualify(this=exp.EQ(this=number, expression=exp.Literal.number(1))))
    return query


def is_null_in(names: Sequence[str], table: str | None = None) -> exp.Expr:
    """Whether any of the columns is NULL."""
    return exp.or_(
        *(exp.Is(this=column(name, table), expression=exp.Null()) for name in names), copy=False
    )


def is_finite(time: exp.Expr) -> exp.Expr:
    """Whether a date or timestamp is neither infinite nor NULL."""
    return exp.Anonymous(this="isfinite", expressions=[time.copy()])


def is_true(condition: exp.Expr) -> exp.Expr:
    """The condition with NULL counted as false."""
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def greatest_ordinal(
    table: exp.Expr,
    time_column: str,
    kind: TimeKind,
    condition: exp.Expr | None = None,
) -> str:
    """The greatest finite value of the time column, as `TimeValue.ordinal` counts it.

    For dates microseconds are given. Infinite values are left out: nothing could ever be later.
    """
    query = _greatest_ordinal(table, time_column, kind)
    return rendered(query if condition is None else query.where(condition, copy=False))


def _greatest_ordinal(table: exp.Expr, time_column: str, kind: TimeKind) -> exp.Select:
    greatest: exp.Expr = exp.Max(this=column(time_column))
    if not kind.is_integer:
        greatest = exp.Filter(
            this=greatest,
            expression=exp.Where(this=is_finite(column(time_column))),
        )
        unit = "epoch_ns" if kind is TimeKind.TIMESTAMP_NS else "epoch_us"
        greatest = exp.Anonymous(this=unit, expressions=[greatest])
    return exp.select(greatest, copy=False).from_(table, copy=False)


def _as_query(tree: exp.Expr) -> exp.Expr:
    if isinstance(tree, exp.Pivot):
        return exp.Select(expressions=[exp.Star()]).from_(exp.Subquery(this=tree), copy=False)
    return tree
