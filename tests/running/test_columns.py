"""What a query's columns may be, and what happens when they are not the table's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, incremental, scd2

STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
Source = Callable[..., None]


@STRATEGIES
def test_columns_are_matched_by_name(lab: Lab, strategy: str) -> None:
    """A source whose columns change their order puts each value where it belongs."""
    lab.sql(
        "CREATE TABLE src (id INTEGER, c TIMESTAMP, a VARCHAR, b VARCHAR)",
        "INSERT INTO src VALUES (1, '2024-01-01', 'a1', 'b1')",
    )
    lab.model("SELECT * FROM src", incremental(strategy))
    lab.run()
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT b, C, a, ID FROM src",
        "INSERT INTO src VALUES ('b2', '2024-01-02', 'a2', 2)",
    )

    lab.run()

    assert lab.rows("SELECT id, a, b FROM m.t") == [(1, "a1", "b1"), (2, "a2", "b2")]


@STRATEGIES
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT id, c, v, 1 AS extra FROM src", ["extra", "new"]),
        ("SELECT id, c FROM src", ["v", "gone"]),
        ("SELECT id, c, length(v) AS v FROM src", ["v", "VARCHAR", "BIGINT"]),
    ],
    ids=["new", "gone", "other-type"],
)
def test_columns_that_do_not_fit_are_an_error(
    lab: Lab, source: Source, strategy: str, query: str, words: list[str]
) -> None:
    """A schema that does not fit fails the run, names the column, and leaves everything."""
    lab.settings({"definition_change_behavior": "continue"})
    source((1, 1, "a"))
    lab.model("SELECT id, c, v FROM src", incremental(strategy))
    lab.run()
    before = lab.everything()
    lab.model(query, incremental(strategy))

    report = lab.failure()

    assert all(word in str(report.error) for word in words)
    assert lab.everything() == before


@STRATEGIES
def test_names_are_quoted(lab: Lab, strategy: str) -> None:
    """Keywords, mixed case, blanks and quotes are names like others, in keys and times too."""
    lab.sql(
        'CREATE TABLE src ("Order" INTEGER, "the ""time""" TIMESTAMP, "select" VARCHAR)',
        "INSERT INTO src VALUES (1, '2024-01-01', 'a')",
    )
    settings = {"time_column": 'THE "time"'}
    if strategy == "merge":
        settings["unique_key"] = "order"
    lab.model("SELECT * FROM src", incremental(strategy, **settings))
    lab.run()
    lab.sql("INSERT INTO src VALUES (1, '2024-01-02', 'b'), (2, '2024-01-01', 'c')")

    lab.run()
    lab.run()

    assert lab.rows() == lab.refreshed()
    assert len(lab.rows()) == (2 if strategy == "merge" else 3)


@STRATEGIES
def test_every_type_can_be_run_again(lab: Lab, strategy: str) -> None:
    """A table of any types fits its own query, and equal values are seen as equal."""
    lab.sql(
        "CREATE TYPE mood AS ENUM ('x', 'y')",
        'CREATE TABLE src (id INTEGER, c TIMESTAMP, e mood, s STRUCT("a b" INTEGER, c VARCHAR), '
        "m MAP(INTEGER, VARCHAR), j JSON, d DECIMAL(10, 2), n VARCHAR COLLATE NOCASE, "
        "a INTEGER[3], f DOUBLE, u UUID, i INTERVAL, b BLOB)",
        "INSERT INTO src SELECT 1, '2024-01-01', 'x', {'a b': 1, 'c': 'q'}, MAP {1: 'a'}, '{}', "
        "1.5, 'Z', [1, 2, 3], 'NaN', uuid(), INTERVAL 1 DAY, 'x'",
    )
    lab.model("SELECT *, NULL AS nothing, [] AS none FROM src", incremental(strategy))
    lab.run()

    report = lab.run()

    assert report.row_count == 1
    if strategy != "delete_insert":
        assert not report.has_changed_rows


@STRATEGIES
@pytest.mark.parametrize("table", ["read_rows", "q", "t", "s", "source", "target", "t4t_held"])
def test_names_of_ours_can_be_the_users(lab: Lab, strategy: str, table: str) -> None:
    """A source may be called as the statements around the query call their own tables."""
    lab.sql(f"CREATE TABLE {table} AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c")
    lab.model(f"SELECT id, c FROM {table}", incremental(strategy), name="made")
    lab.run("made")
    lab.sql(f"INSERT INTO {table} VALUES (2, '2024-01-02')")

    lab.run("made")

    assert lab.rows("SELECT id FROM m.made") == [(1,), (2,)]


@pytest.mark.parametrize("name", ["t4t_old", "T4T_begun"])
@pytest.mark.parametrize(
    "metadata",
    [incremental("append"), incremental("merge"), scd2("check"), scd2("timestamp")],
    ids=["append", "merge", "check", "timestamp"],
)
def test_columns_cannot_be_called_as_tables_of_ours(
    lab: Lab, metadata: dict[str, Any], name: str
) -> None:
    """A STRUCT of such a name would be compared in place of the table's row: it is refused."""
    lab.sql("CREATE TABLE src AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c")
    lab.model(f"SELECT *, {{'id': 7, 'c': c}} AS {name} FROM src", metadata)

    failed = lab.failure()

    assert f"the query gives a column '{name}'" in str(failed.error)


def test_the_time_column_has_to_be_there(lab: Lab, source: Source) -> None:
    """A time column that the query does not give is an error that lists what it gives."""
    source((1, 1, "a"))
    lab.model("SELECT id, v FROM src", incremental("append"))

    report = lab.failure()

    assert "'c'" in str(report.error)
    assert "id, v" in str(report.error)


@pytest.mark.parametrize("type_", ["VARCHAR", "DOUBLE", "TIME"])
def test_the_time_column_has_to_have_an_order_in_time(lab: Lab, type_: str) -> None:
    """A type that cannot be a time column is an error that names it."""
    lab.sql(f"CREATE TABLE src (id INTEGER, c {type_})")
    lab.model("SELECT * FROM src", incremental("append"))

    report = lab.failure()

    assert type_ in str(report.error)


@STRATEGIES
def test_views_of_the_table_go_on(lab: Lab, source: Source, strategy: str) -> None:
    """A view of the table sees the new rows after later runs and after a full refresh."""
    source((1, 1, "a"))
    lab.model("SELECT id, c, v FROM src", incremental(strategy))
    lab.run()
    lab.sql("CREATE VIEW seen AS SELECT count(*) FROM m.t")
    source((2, 2, "b"))

    lab.run()
    later = lab.rows("FROM seen")
    lab.run(full_refresh=True)

    assert later == lab.rows("FROM seen") == [(2,)]


@pytest.mark.parametrize("method", ["fastest", "merge"])
@pytest.mark.parametrize("name", ["t", "s", "h", "q", "target", "source"])
def test_a_struct_is_not_taken_for_a_table(lab: Lab, name: str, method: str) -> None:
    """`t.id` is the key of a row even where the table has a STRUCT column `t` with a field `id`."""
    value = f"{{'id': 5, 'c': TIMESTAMP '2020-01-01', 'rowid': 3}} AS {name}"
    lab.sql(f"CREATE TABLE src AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c, {value}")
    lab.model(f"SELECT id, c, {name} FROM src", incremental("merge", method=method))
    lab.run()
    lab.sql(f"INSERT INTO src SELECT i, TIMESTAMP '2024-01-02', {value} FROM range(1, 3) AS r(i)")

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (1, 1)
    assert lab.rows() == lab.refreshed()
