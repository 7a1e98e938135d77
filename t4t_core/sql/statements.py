"""The statements around a query, for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t4t_core.names import TableName
from t4t_core.sql.exact import descending, is_coarse
from t4t_core.sql.literals import infinity, minus_infinity
from t4t_core.sql.names import column, columns, identifier, identifiers
from t4t_core.sql.text import Sql, all_of, any_of, listed, sql, subquery
from t4t_core.values import TimeKind

STAGE = "t4t_stage"


def temporary(name: str) -> Sql:
    """A temporary table of ours; no table of the user's can be meant by it."""
    return sql("temp.{name}", name=identifier(name))


def create_table(table: Sql, query: Sql) -> Sql:
    """`CREATE OR REPLACE TABLE ... AS ...`."""
    return sql("CREATE OR REPLACE TABLE {table} AS\n{query}", table=table, query=query)


def create_temporary(name: str, query: Sql) -> Sql:
    """`CREATE OR REPLACE TEMPORARY TABLE ... AS ...`."""
    return sql(
        "CREATE OR REPLACE TEMPORARY TABLE {name} AS\n{query}", name=identifier(name), query=query
    )


def create_view(table: Sql, query: Sql) -> Sql:
    """`CREATE OR REPLACE VIEW ... AS ...`."""
    return sql("CREATE OR REPLACE VIEW {table} AS\n{query}", table=table, query=query)


def create_schema(name: TableName, catalog: str) -> Sql:
    """`CREATE SCHEMA IF NOT EXISTS ...` for a table of that name."""
    schema = identifier(name.schema)
    if name.schema.lower() == catalog.lower():
        schema = sql("{catalog}.{schema}", catalog=identifier(catalog), schema=schema)
    return sql("CREATE SCHEMA IF NOT EXISTS {schema}", schema=schema)


def drop_table(table: Sql) -> Sql:
    """`DROP TABLE ...`."""
    return sql("DROP TABLE {table}", table=table)


def drop_view(table: Sql) -> Sql:
    """`DROP VIEW ...`."""
    return sql("DROP VIEW {table}", table=table)


def delete(table: Sql, condition: Sql, using: Sql | None = None) -> Sql:
    """`DELETE FROM ... USING ... WHERE ...`."""
    others = Sql("") if using is None else sql("\nUSING {using}", using=using)
    return sql("DELETE FROM {table}{others}\nWHERE {c}", table=table, others=others, c=condition)


def insert(table: Sql, columns: Sequence[str], query: Sql) -> Sql:
    """`INSERT INTO ... (columns) ...`."""
    names = identifiers(columns)
    return sql("INSERT INTO {table} ({names})\n{query}", table=table, names=names, query=query)


def update(table: Sql, values: Mapping[str, Sql], origin: Sql, condition: Sql) -> Sql:
    """`UPDATE ... SET ... FROM ... WHERE ...`."""
    return sql(
        "UPDATE {table}\nSET {values}\nFROM {origin}\nWHERE {c}",
        table=table,
        values=assignments(values),
        origin=origin,
        c=condition,
    )


def assignments(values: Mapping[str, Sql]) -> Sql:
    """What stands after SET: the value of each column."""
    return listed(
        sql("{name} = {value}", name=identifier(name), value=value)
        for name, value in values.items()
    )


def select(columns: Sql, origin: Sql, condition: Sql | None = None) -> Sql:
    """`SELECT ... FROM ... WHERE ...`."""
    every = sql("SELECT {columns}\nFROM {origin}", columns=columns, origin=origin)
    return every if condition is None else sql("{every}\nWHERE {c}", every=every, c=condition)


def exists(origin: Sql, condition: Sql) -> Sql:
    """Whether there is a row that satisfies the condition."""
    return sql("EXISTS {rows}", rows=subquery(select(Sql("1"), origin, condition)))


def rows_of(origin: Sql, condition: Sql | None = None) -> Sql:
    """`SELECT * FROM ... WHERE ...`."""
    return select(Sql("*"), origin, condition)


def count_where(table: Sql, condition: Sql | None = None) -> Sql:
    """`SELECT count(*) FROM ... WHERE ...`."""
    return select(Sql("count(*)"), table, condition)


def duplicates(table: Sql, keys: Sequence[str]) -> Sql:
    """The number of key values that stand in more than one row."""
    repeated = sql(
        "SELECT {keys}\nFROM {table}\nGROUP BY {keys}\nHAVING count(*) > 1",
        keys=columns(keys),
        table=table,
    )
    return count_where(subquery(repeated, Sql("repeated")))


def look_at_keys(table: Sql, keys: Sequence[str], time_column: str, kind: TimeKind) -> Sql:
    """One row about a table: three things that are asked together.

    Its greatest finite time as `greatest_ordinal` gives it, the number of rows with NULL in the
    key, and the number of key values that stand in more than one row.
    """
    grouped = sql(
        "SELECT {keys}, count(*) AS t4t_rows\nFROM {table}\nGROUP BY {keys}",
        keys=columns(keys),
        table=table,
    )
    return sql(
        "SELECT {greatest}, sum(t4t_rows) FILTER (WHERE {is_null}), "
        "count(*) FILTER (WHERE t4t_rows > 1)\nFROM {grouped}",
        greatest=subquery(greatest_ordinal(table, time_column, kind)),
        is_null=is_null_in(keys),
        grouped=subquery(grouped, Sql("q")),
    )


def latest_per_key(
    table: Sql, keys: Sequence[str], time_column: str, types: Mapping[str, str]
) -> Sql:
    """One row of each key: the latest, and among equally late ones always the same one.

    A row without a time is the earliest. The other columns break ties, so that the choice does not
    depend on the order in which rows come; so does a key that can be written in two ways.

    Args:
        table: With more than one row of a key.
        keys: The columns of the key.
        time_column: By which a row is late.
        types: The type of each column.
    """
    return sql(
        "SELECT *\nFROM {table}\nQUALIFY {nth} = 1",
        table=table,
        nth=nth_latest(keys, time_column, types),
    )


def nth_latest(keys: Sequence[str], time_column: str, types: Mapping[str, str]) -> Sql:
    """Which row of its key a row is, the latest being 1."""
    in_key = {key.lower() for key in keys}
    order = [sql("{time} DESC NULLS LAST", time=column(time_column))]
    for name, type_ in types.items():
        is_decided = name.lower() in in_key and not is_coarse(type_)
        if not is_decided and name.lower() != time_column.lower():
            order += descending(name, type_)
    return sql(
        "row_number() OVER (PARTITION BY {keys} ORDER BY {order})",
        keys=columns(keys),
        order=listed(order),
    )


def is_null(value: Sql) -> Sql:
    """Whether it is NULL."""
    return sql("{value} IS NULL", value=value)


def is_null_in(names: Sequence[str], table: str | None = None) -> Sql:
    """Whether any of the columns is NULL."""
    return any_of(*(is_null(column(name, table)) for name in names))


def is_finite(time: Sql, kind: TimeKind) -> Sql:
    """Whether a date or timestamp is neither infinite nor NULL."""
    # DuckDB takes twice as long for isfinite(), and reads no statistics for it.
    return all_of(
        sql("{time} > {least}", time=time, least=minus_infinity(kind)),
        sql("{time} < {greatest}", time=time, greatest=infinity(kind)),
    )


def is_true(condition: Sql) -> Sql:
    """The condition with NULL counted as false."""
    return sql("coalesce({condition}, FALSE)", condition=condition)


def greatest_ordinal(
    table: Sql,
    time_column: str,
    kind: TimeKind,
    condition: Sql | None = None,
) -> Sql:
    """The greatest finite value of the time column, as `TimeValue.ordinal` counts it.

    For dates microseconds are given. Infinite values are left out: nothing could ever be later.
    """
    time = column(time_column)
    greatest = sql("max({time})", time=time)
    if kind.is_integer:
        return select(greatest, table, condition)
    unit = Sql("epoch_ns" if kind is TimeKind.TIMESTAMP_NS else "epoch_us")
    greatest = sql("{unit}({greatest})", unit=unit, greatest=greatest)
    finite = is_finite(time, kind)
    return select(greatest, table, finite if condition is None else all_of(condition, finite))
