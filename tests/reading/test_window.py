"""The time filter keeps exactly those rows of a query that satisfy it, whatever the query is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from t4t_core.errors import Place
from t4t_core.parsing.query import parse_query
from t4t_core.sql.filling import Fill
from t4t_core.sql.literals import literal
from t4t_core.sql.names import column
from t4t_core.sql.query_text import QueryText
from t4t_core.sql.statements import is_null, rows_of
from t4t_core.sql.text import Sql, any_of, negated, sql

TABLES = """
CREATE TABLE events AS SELECT * FROM (VALUES
    (1, 'a', TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-05', 1.0),
    (2, 'a', TIMESTAMP '2024-01-02', NULL, 2.0),
    (2, 'a', TIMESTAMP '2024-01-02', NULL, 2.0),
    (3, 'b', NULL, TIMESTAMP '2024-01-03', 3.0),
    (4, 'b', TIMESTAMP '2024-01-04', TIMESTAMP '2024-01-01', 4.0),
    (5, NULL, TIMESTAMP '2024-01-05', TIMESTAMP '2024-01-02', NULL)
) v(id, kind, created_at, updated_at, amount);
CREATE TABLE others AS SELECT * FROM (VALUES
    (1, TIMESTAMP '2024-01-04', 'x'),
    (2, TIMESTAMP '2024-01-01', 'y'),
    (5, NULL, 'z'),
    (9, TIMESTAMP '2024-01-09', 'w')
) v(id, created_at, label);
CREATE TABLE nested AS SELECT id, {'created_at': created_at, 'n': id} AS s FROM events;
CREATE MACRO so_far(n) AS sum(n) OVER (ORDER BY n);
CREATE TABLE "Odd Names" AS SELECT id, created_at AS "Created At" FROM events;
"""

SHAPES = {
    "plain": "SELECT id, created_at FROM events",
    "where": "SELECT id, created_at FROM events WHERE id > 1",
    "or": "SELECT id, created_at FROM events WHERE id = 1 OR kind = 'b' OR amount = 2",
    "alias": "SELECT id, updated_at AS created_at FROM events",
    "swapped": "SELECT id, updated_at AS created_at, created_at AS updated_at FROM events",
    "expression": "SELECT id, created_at + INTERVAL 1 DAY AS created_at FROM events",
    "cast": "SELECT id, created_at::DATE AS created_at FROM events",
    "coalesce": "SELECT id, coalesce(created_at, updated_at) AS created_at FROM events",
    "lateral alias": "SELECT updated_at + INTERVAL 2 DAY AS t, t AS created_at FROM events",
    "hidden by alias": "SELECT updated_at AS t, created_at AS c, c AS created_at FROM events",
    "used in where": "SELECT id + 1 AS n, created_at FROM events WHERE n > 2",
    "prefix alias": "SELECT id, created_at: updated_at FROM events",
    "upper case": "SELECT ID, CREATED_AT FROM EVENTS",
    "quoted": 'SELECT "id", "created_at" FROM "events"',
    "qualified": "SELECT events.id, main.events.created_at FROM events",
    "table alias": "SELECT e.id, e.created_at FROM events AS e",
    "order": "SELECT id, created_at FROM events ORDER BY amount DESC",
    "order by other": "SELECT id, created_at FROM events ORDER BY row_number() OVER (ORDER BY id)",
    "join, same name": "SELECT e.id, o.created_at FROM events e JOIN others o ON e.id = o.id",
    "left join": "SELECT e.id, o.created_at FROM events e LEFT JOIN others o ON e.id = o.id",
    "left side": "SELECT e.created_at, label FROM events e LEFT JOIN others o USING (id)",
    "full join": "SELECT o.id, e.created_at FROM events e FULL JOIN others o ON e.id = o.id",
    "using the time": "SELECT label, created_at FROM events RIGHT JOIN others USING (created_at)",
    "full using": "SELECT label, created_at FROM events FULL JOIN others USING (created_at)",
    "semi join": "SELECT id, created_at FROM events SEMI JOIN others USING (id)",
    "anti join": "SELECT id, created_at FROM events ANTI JOIN others USING (id)",
    "asof join": "SELECT e.id, e.created_at, o.label FROM events e ASOF JOIN others o "
    "ON e.created_at >= o.created_at",
    "comma join": "SELECT e.id, e.created_at FROM events e, others o WHERE e.id = o.id OR o.id = 9",
    "lateral join": "SELECT e.id, n.created_at FROM events e, "
    "LATERAL (SELECT e.created_at + INTERVAL 1 DAY AS created_at) n",
    "star": "SELECT * FROM events",
    "star of alias": "SELECT e.* FROM events e",
    "star and more": "SELECT *, id + 1 AS next FROM events",
    "star after": "SELECT created_at, * EXCLUDE (created_at) FROM events",
    "star join": "SELECT e.*, label FROM events e LEFT JOIN others o ON e.id = o.id",
    "star using": "SELECT * FROM events JOIN others USING (id, created_at)",
    "star exclude": "SELECT * EXCLUDE (updated_at) FROM events",
    "star replace": "SELECT * REPLACE (created_at - INTERVAL 1 DAY AS created_at) FROM events",
    "star rename": "SELECT * RENAME (created_at AS c, updated_at AS created_at) FROM events",
    "star like": "SELECT * LIKE '%e%a%' FROM events",
    "columns": "SELECT COLUMNS('created.*') FROM events",
    "columns changed": "SELECT COLUMNS('created.*') + INTERVAL 1 DAY FROM events",
    "column list": "SELECT * FROM events AS e(a, b, c, created_at, d)",
    "from first": "FROM events",
    "from first select": "FROM events SELECT id, created_at WHERE id > 1",
    "cte": "WITH c AS (SELECT * FROM events WHERE id > 1) SELECT id, created_at FROM c",
    "recursive": "WITH RECURSIVE r AS (SELECT TIMESTAMP '2024-01-01' AS created_at UNION ALL "
    "SELECT created_at + INTERVAL 1 DAY FROM r WHERE created_at < '2024-01-08') SELECT * FROM r",
    "union": "SELECT id, created_at FROM events UNION SELECT id, created_at FROM others",
    "union all": "SELECT id, created_at FROM events UNION ALL SELECT id, created_at FROM others",
    "union by name": "SELECT id, created_at FROM events UNION ALL BY NAME SELECT label FROM others",
    "except": "SELECT id, created_at FROM events EXCEPT SELECT id, created_at FROM others",
    "intersect": "SELECT created_at FROM events INTERSECT SELECT created_at FROM others",
    "parentheses": "(SELECT id, created_at FROM events)",
    "ordered union": "SELECT id, created_at FROM events UNION ALL SELECT 7, NULL "
    "ORDER BY 1 LIMIT 3",
    "distinct": "SELECT DISTINCT kind, created_at FROM events",
    "distinct on": "SELECT DISTINCT ON (kind) kind, created_at FROM events ORDER BY id",
    "group by": "SELECT kind, created_at, count(*) AS n FROM events GROUP BY kind, created_at",
    "group by all": "SELECT kind, created_at, count(*) AS n FROM events GROUP BY ALL",
    "group, max": "SELECT kind, max(created_at) AS created_at FROM events GROUP BY kind",
    "having": "SELECT max(created_at) AS created_at FROM events HAVING count(*) > 2",
    "grouping sets": "SELECT kind, created_at, sum(amount) AS s FROM events "
    "GROUP BY GROUPING SETS ((kind), (created_at), ())",
    "aggregate": "SELECT max(created_at) AS created_at, count(*) AS n FROM events",
    "window": "SELECT id, created_at, row_number() OVER (ORDER BY id, amount) AS n FROM events",
    "window of time": "SELECT id, lag(created_at) OVER (ORDER BY id) AS created_at FROM events",
    "named window": "SELECT id, created_at, sum(amount) OVER w AS s FROM events "
    "WINDOW w AS (PARTITION BY kind)",
    "macro of a window": "SELECT id, created_at, so_far(amount) AS n FROM events",
    "macro by its schema": "SELECT id, created_at, round(main.so_far(amount)) AS n FROM events",
    "macro of a macro": "SELECT id, created_at, coalesce(so_far(amount), 0) AS n FROM events",
    "qualify": "SELECT id, kind, created_at FROM events "
    "QUALIFY row_number() OVER (PARTITION BY kind ORDER BY id DESC) = 1",
    "limit": "SELECT id, created_at FROM events ORDER BY id LIMIT 2",
    "offset": "SELECT id, created_at FROM events ORDER BY id OFFSET 3",
    "fetch": "SELECT id, created_at FROM events ORDER BY id FETCH FIRST 2 ROWS ONLY",
    "limit percent": "SELECT id, created_at FROM events ORDER BY id LIMIT 50%",
    "subquery": "SELECT id, created_at FROM (SELECT * FROM events ORDER BY id LIMIT 3) s",
    "star of subquery": "SELECT * FROM (SELECT id, updated_at AS created_at FROM events) s",
    "values": "VALUES (TIMESTAMP '2024-01-02'), (NULL), (TIMESTAMP '2024-01-09')",
    "values named": "SELECT * FROM (VALUES (1, TIMESTAMP '2024-01-02'), (2, NULL)) "
    "v(id, created_at)",
    "unnest": "SELECT id, unnest([created_at, updated_at]) AS created_at FROM events",
    "unnest beside": "SELECT unnest([1, 2]) AS n, created_at FROM events",
    "from unnest": "SELECT t AS created_at FROM unnest([TIMESTAMP '2024-01-02', NULL]) AS u(t)",
    "table function": "SELECT * FROM generate_series(TIMESTAMP '2024-01-01', "
    "TIMESTAMP '2024-01-05', INTERVAL 1 DAY) AS g(created_at)",
    "sample": "SELECT id, created_at FROM events USING SAMPLE 100%",
    "table sample": "SELECT id, created_at FROM events TABLESAMPLE 100%",
    "pivot": "PIVOT (SELECT kind, created_at, amount FROM events) ON kind IN ('a', 'b') "
    "USING sum(amount) GROUP BY created_at",
    "table pivot": "SELECT * FROM (SELECT kind, created_at, amount FROM events) "
    "PIVOT (sum(amount) FOR kind IN ('a', 'b'))",
    "pivoted table": "SELECT * FROM events PIVOT (count(*) FOR kind IN ('a', 'b'))",
    "unpivot": "SELECT * FROM (SELECT id, created_at AS c, updated_at AS u FROM events) "
    "UNPIVOT (created_at FOR which IN (c, u))",
    "statement unpivot": "UNPIVOT (SELECT id, created_at AS c, updated_at AS u FROM events) "
    "ON c, u INTO NAME which VALUE created_at",
    "struct field": "SELECT id, s.created_at FROM nested",
    "struct star": "SELECT id, s.* FROM nested",
    "scalar subquery": "SELECT id, (SELECT max(created_at) FROM others o WHERE o.id = e.id) "
    "AS created_at FROM events e",
    "exists": "SELECT id, created_at FROM events e WHERE EXISTS "
    "(SELECT 1 FROM others o WHERE o.id = e.id)",
    "case": "SELECT CASE WHEN id > 2 THEN created_at END AS created_at, id FROM events",
    "comment at end": "SELECT id, created_at FROM events -- the end",
    "odd names": 'SELECT id, "Created At" AS created_at FROM "Odd Names"',
    "cte called q": "WITH q AS (SELECT * FROM events) SELECT id, created_at FROM q",
    "table called q": "SELECT q.id, q.created_at FROM events AS q WHERE id > 1 OR id < 0",
}

CONDITIONS: dict[str, Callable[[Sql], Sql]] = {
    "none": lambda c: sql("{c} >= {at}", c=c, at=literal("2024-01-20 00:00:00")),
    "some": lambda c: sql("{c} >= {at}", c=c, at=literal("2024-01-02 00:00:00")),
    "middle": lambda c: sql("{c} >= {at}", c=c, at=literal("2024-01-04 00:00:00")),
    "all": lambda c: sql("{c} >= {at}", c=c, at=literal("1900-01-01 00:00:00")),
    "some or null": lambda c: any_of(
        sql("{c} >= {at}", c=c, at=literal("2024-01-04 00:00:00")), is_null(c)
    ),
    "not null": lambda c: negated(is_null(c)),
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


def _column(text: str) -> str:
    return "col0" if text.startswith("VALUES") else "created_at"


def _query(text: str) -> QueryText:
    return parse_query(text, Place(Path("m.sql"))).filled(Fill())


@pytest.mark.parametrize("bound", CONDITIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_filter_keeps_exactly_the_rows_that_satisfy_it(
    shape: str, bound: str, database: duckdb.DuckDBPyConnection
) -> None:
    """A run reads those rows of the query that lie in its window: none more, none less."""
    text, condition = SHAPES[shape], CONDITIONS[bound]
    name = _column(text)
    database.execute(f"CREATE OR REPLACE TEMP TABLE whole AS {text}")
    test = condition(column(name))
    expected = Counter(database.execute(f"SELECT * FROM whole WHERE {test}").fetchall())

    filtered = _query(text).where(name, condition).sql

    assert Counter(database.execute(filtered).fetchall()) == expected, filtered


@pytest.mark.parametrize("shape", SHAPES)
def test_filter_keeps_the_columns(shape: str, database: duckdb.DuckDBPyConnection) -> None:
    """The columns of a filtered query are those of the query, by name, type and order."""
    text = SHAPES[shape]
    before = database.execute(f"DESCRIBE {text}").fetchall()

    filtered = _query(text).where(_column(text), CONDITIONS["some"]).sql

    assert database.execute(f"DESCRIBE {filtered}").fetchall() == before


@pytest.mark.parametrize("shape", SHAPES)
def test_query_reads_the_same_when_it_is_wrapped(
    shape: str, database: duckdb.DuckDBPyConnection
) -> None:
    """Putting a query in parentheses changes none of its rows."""
    text = SHAPES[shape]
    expected: Counter[Any] = Counter(database.execute(text).fetchall())

    wrapped = rows_of(_query(text).named("q"))

    assert Counter(database.execute(wrapped).fetchall()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id, c FROM t", True),
        ("SELECT id + 1 AS id, x.t AS c FROM a.t AS x WHERE id > 1 AND f(id)", True),
        ("SELECT * FROM t", True),
        ("SELECT id, c + 1 AS c FROM t", False),
        ("SELECT id, c FROM t, u", False),
        ("SELECT id, c FROM t JOIN u USING (id)", False),
        ("SELECT id, c FROM t TABLESAMPLE 10%", False),
        ("SELECT id, c FROM t USING SAMPLE 10", False),
        ("SELECT id, c FROM t LIMIT 1", False),
        ("SELECT id, c FROM t ORDER BY id", False),
        ("SELECT DISTINCT id, c FROM t", False),
        ("SELECT id, c FROM t GROUP BY ALL", False),
        ("SELECT id, c, sum(id) OVER () AS s FROM t", False),
        ("SELECT id, c, list_sum([id]) AS s FROM t", True),
        ("SELECT id, c, now() AS loaded, uuidv7() AS u FROM t", True),
        ("SELECT id, c, so_far(id) AS s FROM t", False),
        ("SELECT id, c FROM t WHERE id IN (SELECT id FROM u)", False),
        ("SELECT (SELECT max(id) FROM u) AS id, c FROM t", False),
        ("SELECT id, c FROM (SELECT * FROM t)", False),
        ("SELECT id, c FROM range(3) AS t(id, c)", False),
        ("SELECT id, c FROM t AS x(id, c)", True),
        ("WITH t AS (SELECT 1 AS id, 2 AS c) SELECT id, c FROM t", False),
        ("SELECT id, c FROM t UNION ALL SELECT id, c FROM t", False),
        ("SELECT id, c FROM t AT (VERSION => 1)", False),
        ("SELECT 1 AS id, 2 AS c", False),
        ("FROM t PIVOT (max(id) FOR x IN (1))", False),
    ],
)
def test_a_scan_reads_one_table_and_does_nothing_else(text: str, expected: bool) -> None:
    """Only such a query may be read in parts, since each row of it is one of the table's."""
    query = _query(text)

    scans = None if query.outermost is None else query.outermost.scans
    assert (query.source_of("c") is not None and scans == "t") is expected
