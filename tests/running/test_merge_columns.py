"""Merge: which columns of a known key are updated, and what makes a row differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, incremental

from t4t_core.errors import T4tError

QUERY = "SELECT id, c, v, v || id AS w FROM src"
METHODS = pytest.mark.parametrize("method", ["fastest", "merge"])
LEFT_OUT = pytest.mark.parametrize(
    "settings",
    [
        {"update_columns": ["V"]},
        {"exclude_columns": "w"},
        {"merge_update_columns": ["c", "v"]},
        {"merge_exclude_columns": ["W", "id"]},
    ],
    ids=["update", "exclude", "dbt-update", "dbt-exclude"],
)
Source = Callable[..., None]


@METHODS
@LEFT_OUT
def test_a_column_can_keep_its_first_value(
    lab: Lab, source: Source, method: str, settings: dict[str, Any]
) -> None:
    """What is left out stays as it came in, NULL too; the time follows; new keys come whole."""
    source((1, 1, "a"), (2, 1, None), (3, 1, "c"))
    lab.model(QUERY, incremental("merge", method=method, **settings))
    lab.run()
    source((1, 2, "b"), (2, 3, "n"), (4, 3, "d"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated, report.row_count) == (1, 2, 4)
    assert lab.rows("SELECT id, day(c), v, w FROM m.t") == [
        (1, 2, "b", "a1"),
        (2, 3, "n", None),
        (3, 1, "c", "c3"),
        (4, 3, "d", "d4"),
    ]
    assert (1, "b1") in [(row[0], row[3]) for row in lab.refreshed()]


@METHODS
def test_what_is_left_out_makes_no_update(lab: Lab, source: Source, method: str) -> None:
    """A row that differs in nothing else, or is older, changes nothing."""
    source((1, 5, "a"), (2, 5, "b"))
    lab.model(
        QUERY,
        incremental("merge", method=method, update_columns="w", lookback="9 days"),
    )
    lab.run()
    lab.model("SELECT id, c, upper(v) AS v, v || id AS w FROM src")
    lab.settings({"definition_change_behavior": "continue"})
    lab.model(
        "SELECT id, c, upper(v) AS v, v || id AS w FROM src",
        incremental("merge", method=method, update_columns="w", lookback="9 days"),
    )
    source((2, 4, "older"))
    lab.sql("DELETE FROM src WHERE id = 2 AND v = 'b'")

    report = lab.run()

    assert not report.has_changed_rows
    assert lab.rows("SELECT id, v FROM m.t") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"update_columns": ["v"], "exclude_columns": ["w"]}, "write one"),
        ({"update_columns": ["ID", "v"]}, "'ID', by which rows are matched"),
        ({"exclude_columns": ["C"]}, "has to follow the row"),
        ({"exclude_columns": ["v", "V"]}, "a column twice: v, V"),
        ({"exclude_columns": [], "merge_exclude_columns": "v"}, "is another name"),
        ({"merge_updat_columns": "v"}, "did you mean 'merge_update_columns'"),
        ({"delete_when": "v = 'x'", "null_time": "include"}, "bring its deleted key back"),
        ({"delete_when": "id IN (SELECT id FROM m.gone)"}, "delete_when holds a query"),
        ({"delete_when": "v ="}, "'v =' is not a condition"),
        ({"incremental_predicates": ["target.c > source.c", "c > 1"]}, "write target.c"),
        ({"incremental_predicates": "DBT_INTERNAL_DEST.c > 1"}, "write target.c"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_right_are_refused(
    lab: Lab, settings: dict[str, Any], words: str
) -> None:
    """They are errors in the metadata, before anything runs."""
    lab.model(QUERY, incremental("merge", **settings))

    with pytest.raises(T4tError) as refused:
        lab.project()

    assert words in str(refused.value)


def test_a_column_that_the_query_does_not_give_is_named(lab: Lab, source: Source) -> None:
    """A misspelt name among those to update is an error with the nearest one."""
    source((1, 1, "a"))
    lab.model("SELECT id, c, v AS status FROM src", incremental("merge", update_columns="statsu"))

    report = lab.failure()

    assert "'statsu' (did you mean 'status'?)" in str(report.error)


@METHODS
def test_predicates_never_let_a_key_in_twice(lab: Lab, source: Source, method: str) -> None:
    """A key whose row lies outside `incremental_predicates`, or neither, is refused and counted."""
    source((1, 1, "a"), (2, 8, "b"), (3, 9, None))
    lab.model(
        QUERY,
        incremental(
            "merge",
            method=method,
            incremental_predicates=["target.c >= @since OR target.v > 'x'", "source.id > 0"],
        ),
    )
    lab.run(since="2024-01-05")
    source((2, 10, "z"), (4, 10, "d"))
    inside = lab.run(since="2024-01-05")
    source((1, 11, "y"), (3, 11, "y"))
    before = lab.everything()

    report = lab.failure(since="2024-01-10")

    assert (inside.rows_inserted, inside.rows_updated) == (1, 1)
    assert "outside incremental_predicates, so that it would come into the table twice: 2" in str(
        report.error
    )
    assert lab.everything() == before


@METHODS
def test_equal_values_that_are_not_the_same_are_updated(lab: Lab, method: str) -> None:
    """Other letters under a collation, in keys too, and other intervals are other values."""
    lab.sql(
        "CREATE TABLE src (id VARCHAR COLLATE NOCASE, c TIMESTAMP, v VARCHAR COLLATE NOCASE, "
        "i INTERVAL, n STRUCT(i INTERVAL))",
        "INSERT INTO src SELECT k, '2024-01-05', 'x', INTERVAL 30 DAY, {'i': INTERVAL 30 DAY} "
        "FROM unnest(['a', 'b', 'd', 'e', 'z']) AS u(k)",
    )
    lab.model("SELECT * FROM src", incremental("merge", method=method))
    lab.run()
    # Not by UPDATE, which takes equal intervals for the same.
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT * REPLACE ("
        "CASE id COLLATE C WHEN 'e' THEN 'E' ELSE id END AS id, "
        "CASE id COLLATE C WHEN 'a' THEN 'X' ELSE v END AS v, "
        "CASE id COLLATE C WHEN 'b' THEN INTERVAL 1 MONTH ELSE i END AS i, "
        "CASE id COLLATE C WHEN 'd' THEN {'i': INTERVAL 1 MONTH} ELSE n END AS n) FROM src"
    )

    report = lab.run()
    again = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (0, 4)
    assert not again.has_changed_rows
    assert lab.rows("SELECT id, v, i::VARCHAR, n::VARCHAR FROM m.t") == lab.rows(
        "SELECT id, v, i::VARCHAR, n::VARCHAR FROM src"
    )


def test_ties_of_equal_values_do_not_depend_on_their_order(lab: Lab) -> None:
    """Of two equally late rows that a collation calls equal the same one is kept every time."""
    lab.sql("CREATE TABLE src (id VARCHAR COLLATE NOCASE, c TIMESTAMP, v VARCHAR COLLATE NOCASE)")
    lab.model("SELECT * FROM src", incremental("merge"))
    kept = []
    for rows in ("('k', 'a'), ('K', 'A')", "('K', 'A'), ('k', 'a')"):
        lab.sql(
            "DELETE FROM src",
            f"INSERT INTO src SELECT a, '2024-01-01', b FROM (VALUES {rows}) q(a, b)",
        )
        lab.run(full_refresh=True)
        kept.append(lab.rows())

    assert kept[0] == kept[1]
