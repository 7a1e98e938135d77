"""Which tables a query reads, as DuckDB itself sees it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from t4t_core.errors import Place
from t4t_core.parsing.query import parse_query

QUERIES = [
    "select * from a",
    "from a",
    "from a select i",
    "select a.b.c from a",
    "with x as (select * from a) select * from x",
    "with recursive x as (select * from a union all select * from x) select * from x",
    (
        "with x as (select 1) select * from (select * from x) where i in (select i from x) "
        "or exists (select 1 from z)"
    ),
    "with x as (select 1) select * from s.x",
    "WITH X AS (select 1) select * from x",
    "with x as materialized (select * from a) select * from x",
    "with x(i) as (select * from a) select * from x",
    "with a as (with b as (select * from c) select * from b) select * from a, b",
    "select * from x, (with x as (select 1) from x)",
    "with x as (select 1) from x union all from y",
    (
        "with recursive x(i) as (select 1 union all select i+1 from x where i < "
        "(select max(n) from lim)), y as (from x) from y"
    ),
    "select * from a union select * from b intersect select * from c",
    "(select * from a) union all (select * from b)",
    "select * from ((select * from a))",
    "select * from a, lateral (select * from b where b.i = a.i)",
    "select (select max(i) from b) from a",
    "select * from a where i in (from b)",
    "select * from a where i = any(select i from c)",
    (
        "select case when i in (select 1 from q) then 1 end from a group by all "
        "having count(*) > (select 1 from h) order by (select 1 from o)"
    ),
    "select * from a positional join b",
    "select * from a pivot (sum(v) for k in (1, 2))",
    "select * from generate_series(1, 2)",
    "select * from range(3) t(i), a",
    "select unnest(x) from a",
    "select * from (values (1)) t",
    "values (1)",
    'select * from "X Y"."a.b"',
    "select * from t_project.source_table",
]


def _tables(sql: str) -> set[str]:
    return {str(ref) for ref in parse_query(sql, Place(Path("m.sql"))).tables}


@pytest.mark.parametrize("sql", QUERIES)
def test_tables_are_those_that_duckdb_names(sql: str) -> None:
    """The tables of a query are those that DuckDB's own parser finds in it."""
    with duckdb.connect() as connection:
        expected = {
            name.replace('"', "") for name in connection.get_table_names(sql, qualified=True)
        }

    assert _tables(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("pivot a on k using sum(v)", {"a"}),
        ("pivot (select * from a join b using (i)) on k using sum(v)", {"a", "b"}),
        ("with x as (select * from a) pivot x on k using sum(v)", {"a"}),
        ("unpivot a on x, y into name n value v", {"a"}),
        ("with x as (select * from x) select * from x", {"x"}),
        ("with y as (select * from x), x as (select 1) select * from y", {"x"}),
        ("select * from 'events.parquet'", {"events.parquet"}),
        ("select * from a tablesample 10%", {"a"}),
        ("select * from a semi join b using (i) anti join c using (i)", {"a", "b", "c"}),
        ("select * from a asof join b on a.t >= b.t", {"a", "b"}),
        ("select * from a join (b join c using (i)) using (i)", {"a", "b", "c"}),
        ("select * from read_csv('x.csv')", set()),
        ("select * from (a join b using (i))", {"a", "b"}),
        ("with a as (select 1) select * from a as b, b as a", {"b"}),
        ("select * from (with x as (select 1) select * from x) join x using (i)", {"x"}),
        ("select * from s.a join c.s.b using (x)", {"c.s.b", "s.a"}),
        ("select * from a natural join b", {"a", "b"}),
        ("select * from unnest([1])", set()),
        ("select * from a, b as c", {"a", "b"}),
        (
            "with x as (select * from a), y as (select * from x) select * from y join x using (i)",
            {"a"},
        ),
    ],
)
def test_tables_of_what_duckdb_does_not_list(sql: str, expected: set[str]) -> None:
    """Pivots, joins of every kind, hidden names, names used too early, and files are seen."""
    assert _tables(sql) == expected


def test_each_table_comes_once_with_the_spelling_of_the_query() -> None:
    """A table read twice is one table; two spellings of it are kept for the graph to unite."""
    query = parse_query("SELECT * FROM Raw.Orders a JOIN Raw.Orders b USING (id)", Place(Path("m")))

    assert [str(ref) for ref in query.tables] == ["Raw.Orders"]


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        ("SELECT * FROM s", True),
        ("SELECT 1 AS id UNION ALL SELECT id + 1 FROM s WHERE id < 3", False),
        ("(SELECT 1 AS id UNION SELECT id + 1 FROM s WHERE id < 3)", False),
        ("SELECT id FROM s UNION ALL SELECT id + 1 FROM s WHERE id < 3", True),
        ("SELECT 1 AS id UNION ALL SELECT id FROM s UNION ALL SELECT 5", True),
        ("SELECT 1 AS id UNION ALL SELECT 5 UNION ALL SELECT id + 9 FROM s WHERE id < 3", False),
        ("SELECT 1 AS id UNION ALL BY NAME SELECT id FROM s", True),
        ("SELECT 1 AS id EXCEPT SELECT id FROM s", True),
        ("WITH k AS (SELECT * FROM s) SELECT id FROM k UNION ALL SELECT 5", True),
        ("FROM (SELECT 1 AS id UNION ALL SELECT id FROM s)", True),
    ],
)
def test_a_recursive_name_is_a_table_where_duckdb_takes_it_for_one(
    body: str, *, is_read: bool
) -> None:
    """Only what a UNION adds reads the expression itself; DuckDB misses the table elsewhere."""
    query = f"WITH RECURSIVE s AS ({body}) SELECT * FROM s"

    with duckdb.connect() as connection:
        if is_read:
            with pytest.raises(duckdb.Error, match=r"Table with name s does not exist|Circular"):
                connection.execute(query)
            connection.execute("CREATE TABLE s AS SELECT 7 AS id")
        connection.execute(query)

    assert _tables(query) == ({"s"} if is_read else set())
