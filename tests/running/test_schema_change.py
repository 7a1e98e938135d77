"""What `on_schema_change` does when a query's columns are no longer the table's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from running_lab import Lab, incremental

from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import Window

STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
Source = Callable[..., None]


def changing(strategy: str, policy: str, **settings: object) -> dict[str, Any]:
    """The metadata of an incremental model with `on_schema_change`."""
    metadata = incremental(strategy, lookback="2 days", **settings)
    metadata["incremental"]["on_schema_change"] = policy
    return metadata


def columns(lab: Lab) -> list[tuple[str, str]]:
    return lab.sql("SELECT column_name, column_type FROM (DESCRIBE m.t)")


@STRATEGIES
def test_a_new_column_is_added(lab: Lab, source: Source, strategy: str) -> None:
    """Rows of the window and later ones get its values, earlier ones NULL; none comes twice."""
    source((1, 1, "a"), (2, 5, "b"), (2, 5, "b"), (3, None, "n"))
    lab.model("SELECT * FROM src", changing(strategy, "append_new_columns"))
    lab.run()
    lab.sql('ALTER TABLE src ADD COLUMN "Extra col" INTEGER', 'UPDATE src SET "Extra col" = 7')
    lab.sql("INSERT INTO src VALUES (4, '2024-01-06', 'd', 8)")

    report = lab.run()
    again = lab.run()

    assert columns(lab)[-1] == ("Extra col", "INTEGER")
    assert report.mode == "incremental"
    assert "adds Extra col INTEGER" in report.reason
    assert (
        lab.rows('SELECT id, "Extra col" FROM m.t')
        == {
            "append": [(1, None), (2, 7), (2, 7), (3, 7), (4, 8)],
            "merge": [(1, None), (2, 7), (3, 7), (4, 8)],
            "delete_insert": [(1, None), (2, 7), (2, 7), (3, None), (4, 8)],
        }[strategy]
    )
    assert again.rows_updated == 0
    assert again.rows_inserted == again.rows_deleted


@STRATEGIES
@pytest.mark.parametrize("policy", ["ignore", "append_new_columns", "sync_all_columns"])
def test_columns_come_and_go(lab: Lab, source: Source, strategy: str, policy: str) -> None:
    """A column that is gone keeps its old values, with NULL in new rows, or is dropped."""
    source((1, 1, "a"), (2, 5, "b"))
    lab.model("SELECT * FROM src", changing(strategy, policy))
    lab.run()
    lab.sql("CREATE OR REPLACE TABLE src AS SELECT id, c, 'x' || id AS extra FROM src")
    lab.sql("INSERT INTO src VALUES (3, '2024-01-06', 'x3')")

    report = lab.run()
    again = lab.run()

    kept = None if strategy == "delete_insert" else "b"
    expected: dict[str, tuple[list[str], list[tuple[object, ...]]]] = {
        "ignore": (["id", "c", "v"], [(1, "a"), (2, kept), (3, None)]),
        "append_new_columns": (
            ["id", "c", "v", "extra"],
            [(1, "a", None), (2, kept, "x2"), (3, None, "x3")],
        ),
        "sync_all_columns": (["id", "c", "extra"], [(1, None), (2, "x2"), (3, "x3")]),
    }
    names, rows = expected[policy]
    assert [name for name, _ in columns(lab)] == names
    assert lab.rows("SELECT * EXCLUDE (c) FROM m.t") == sorted(rows, key=repr)
    assert ("extra" in (report.warning or "")) == (policy == "ignore")
    assert again.rows_inserted == again.rows_deleted


@pytest.mark.parametrize("method", ["fastest", "merge"])
def test_both_ways_to_merge_leave_the_same(lab: Lab, source: Source, method: str) -> None:
    """A key's row that is updated keeps its value in a column that the query no longer gives."""
    metadata = changing("merge", "ignore", method=method)
    source((1, 5, "a"), (2, 5, "b"))
    lab.model("SELECT *, 1 AS n FROM src", metadata)
    lab.run()
    lab.sql("UPDATE src SET v = 'z' WHERE id = 1", "INSERT INTO src VALUES (3, '2024-01-06', 'c')")
    lab.model("SELECT * FROM src", metadata)

    lab.run()

    assert lab.rows("SELECT id, v, n FROM m.t") == [(1, "z", 1), (2, "b", 1), (3, "c", None)]


@STRATEGIES
def test_types_are_widened(lab: Lab, strategy: str) -> None:
    """A wider type is taken over, a narrower one is cast; values that are read again stay one."""
    lab.sql(
        "CREATE TABLE src (id INTEGER, c TIMESTAMP, f FLOAT, i INTEGER, d DECIMAL(5, 2), n BIGINT)",
        "INSERT INTO src VALUES (1, '2024-01-01', 0.1, 1, 1.5, 9), (2, '2024-01-05', 0.1, 2, 2, 9)",
    )
    lab.model("SELECT * FROM src", changing(strategy, "append_new_columns"))
    lab.run()
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT id, c, if(id = 2, 0.1::DOUBLE, f::DOUBLE) AS f, "
        "i::BIGINT AS i, d::DECIMAL(8, 4) AS d, n::INTEGER AS n FROM src",
        "INSERT INTO src VALUES (3, '2024-01-06', 0.1, 5000000000, 0.1234, 8)",
    )

    report = lab.run()
    lab.run()

    assert [type_ for _, type_ in columns(lab)][2:] == [
        "DOUBLE",
        "BIGINT",
        "DECIMAL(8,4)",
        "BIGINT",
    ]
    assert "widens i from INTEGER to BIGINT" in report.reason
    assert lab.rows("SELECT id, f, i, n FROM m.t WHERE id > 1") == [
        (2, 0.1, 2, 9),
        (3, 0.1, 5_000_000_000, 8),
    ]


@pytest.mark.parametrize(
    ("policy", "query", "words"),
    [
        ("ignore", "SELECT id, c, v::HUGEINT AS v FROM src", ["v was BIGINT", "HUGEINT"]),
        ("sync_all_columns", "SELECT id, c, 1.5::DOUBLE AS v FROM src", ["v was BIGINT", "DOUBLE"]),
        ("sync_all_columns", "SELECT id, c, 'a' AS v FROM src", ["v was BIGINT", "VARCHAR"]),
        ("append_new_columns", "SELECT id::BIGINT AS id, c, v FROM src", ["unique key id"]),
        ("append_new_columns", "SELECT id, c::DATE AS c, v FROM src", ["time column c", "DATE"]),
    ],
    ids=["ignored", "lossy", "text", "key", "time"],
)
def test_what_no_table_could_hold_is_refused(
    lab: Lab, policy: str, query: str, words: list[str]
) -> None:
    """Types that lose values, and other types of key or time, fail and leave everything."""
    lab.sql(
        "CREATE TABLE src (id INTEGER, c TIMESTAMP, v BIGINT)",
        "INSERT INTO src VALUES (1, '2024-01-01', 5)",
    )
    lab.model("SELECT id, c, v FROM src", changing("merge", policy))
    lab.run()
    before = lab.everything()
    lab.model(query, changing("merge", policy))

    report = lab.failure()

    assert all(word in str(report.error) for word in words)
    assert "--full-refresh" in str(report.error)
    assert lab.everything() == before


@STRATEGIES
def test_a_full_refresh_can_be_the_answer(lab: Lab, source: Source, strategy: str) -> None:
    """With `full_refresh` the table is loaded in full when its columns differ, and then goes on."""
    source((1, 1, "a"), (2, 5, "b"))
    lab.model("SELECT * FROM src", changing(strategy, "full_refresh"))
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER DEFAULT 3", "ALTER TABLE src DROP v")

    report = lab.run()
    again = lab.run()

    assert (report.mode, again.mode) == ("full", "incremental")
    assert "extra INTEGER is new" in report.reason
    assert lab.rows() == lab.refreshed()


@STRATEGIES
def test_an_emptied_table_is_loaded_by_the_next_run(
    lab: Lab, source: Source, strategy: str
) -> None:
    """With `recreate_empty` the table has its new columns and no rows, until the next run."""
    source((1, 1, "a"), (2, 5, "b"))
    lab.model("SELECT * FROM src", changing(strategy, "recreate_empty"))
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")

    report = lab.run()
    emptied, state = lab.rows(), lab.state_rows()
    again = lab.run()

    assert (report.mode, report.row_count, emptied) == ("full", 0, [])
    assert "2024-01-05" not in repr(state)
    assert (again.mode, again.reason) == ("full", "its state was reset")
    assert lab.rows() == lab.refreshed()
    assert len(lab.rows()) == 2


def test_a_model_that_refuses_full_loads_keeps_its_rows(lab: Lab, source: Source) -> None:
    """`"full_refresh": false` stands above what `on_schema_change` would throw away."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", changing("append", "recreate_empty") | {"full_refresh": False})
    lab.run()
    before = lab.everything()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")

    report = lab.failure()

    assert '"full_refresh": false' in str(report.error)
    assert lab.everything()[1:] == before[1:]


@pytest.mark.parametrize("flag", ["full_refresh", "continue", "error"])
def test_a_query_with_other_columns_is_no_full_load(lab: Lab, source: Source, flag: str) -> None:
    """`on_schema_change` stands above the flag for a query that gives other columns, no other."""
    lab.settings({"definition_change_behavior": flag})
    source((1, 1, "a"), (2, 5, "b"))
    metadata = changing("append", "append_new_columns")
    lab.model("SELECT id, c, v FROM src", metadata)
    lab.run()
    lab.model("SELECT id, c, v, 1 AS one FROM src", metadata)

    added = lab.run()
    again = lab.run()
    lab.model("SELECT id, c, v, 1 AS one FROM src WHERE id > 0", metadata)
    filtered = lab.result()

    assert (added.mode, again.mode) == ("incremental", "incremental")
    assert "rows loaded before keep the old definition" in str(added.warning)
    assert again.warning is None
    assert (filtered.mode, filtered.status) == {
        "full_refresh": ("full", "success"),
        "continue": ("incremental", "success"),
        "error": (None, "failed"),
    }[flag]


def test_a_python_model_is_called_for_what_is_needed(lab: Lab, source: Source) -> None:
    """A function that reads from its bound on is called again where the load becomes a full one."""
    source((1, 1, "a"), (2, 5, "b"))
    lab.python(
        "from t4t_core import model\n"
        f"@model('m.t', **{changing('append', 'full_refresh')!r})\n"
        "def t(src, context):\n"
        "    at = context.lower\n"
        "    return src if at is None else src.filter(f\"c >= TIMESTAMP '{at}'\")\n"
    )
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER DEFAULT 3")

    report = lab.run()

    assert report.mode == "full"
    assert lab.rows("SELECT id, extra FROM m.t") == [(1, 3), (2, 3)]


def test_a_failure_after_the_alteration_leaves_the_table(lab: Lab, source: Source) -> None:
    """Columns are added in the model's transaction: a broken key takes them back."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", changing("merge", "sync_all_columns"))
    lab.run()
    before = lab.everything()
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT id, c, 1 AS extra FROM src",
        "INSERT INTO src VALUES (NULL, '2024-01-09', 1)",
    )

    report = lab.failure()

    assert "unique key" in str(report.error)
    assert lab.sql("SELECT column_name FROM (DESCRIBE m.t)") == [("id",), ("c",), ("v",)]
    assert lab.everything()[1:] == before[1:]


def test_rows_past_a_row_group_keep_their_values(lab: Lab) -> None:
    """Alterations and writes of one transaction fit together in a table of several row groups."""
    lab.sql(
        "CREATE TABLE src AS SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS c, "
        "i::INTEGER AS v FROM range(300000) AS r(i)"
    )
    lab.model("SELECT * FROM src", changing("append", "sync_all_columns"))
    lab.run()
    lab.sql(
        "CREATE OR REPLACE TABLE src AS SELECT id, c, v::BIGINT AS v, id AS extra FROM src",
        "INSERT INTO src SELECT i, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND, i, i "
        "FROM range(300000, 450000) AS r(i)",
    )

    lab.run()

    bound = 299_999 - 2 * 86_400
    assert lab.sql(
        "SELECT count(*), sum(v), count(extra), min(extra), sum(extra), max(id) FROM m.t"
    ) == [
        (
            450_000,
            sum(range(450_000)),
            450_000 - bound,
            bound,
            sum(range(bound, 450_000)),
            449_999,
        )
    ]


def test_rows_that_are_read_again_are_completed(lab: Lab, source: Source) -> None:
    """A longer lookback, and a window, give earlier rows the new column's values, and no second."""
    metadata = changing("append", "append_new_columns")
    source((1, 1, "a"), (2, 3, "b"), (3, 8, "c"))
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN x INTEGER DEFAULT 3")
    source_rows = "SELECT id, x FROM m.t"
    lab.run()
    first = lab.rows(source_rows)
    project = lab.project()
    window = Window(datetime(2024, 1, 3), datetime(2024, 1, 4))
    request = Request(variables=project.variables, window=window)
    report = run_nodes(project, project.graph.select(), request)
    filled = lab.rows(source_rows)
    metadata["incremental"]["append"]["lookback"] = "30 days"
    lab.model("SELECT * FROM src", metadata)

    lab.run()
    again = lab.run()

    assert report.status == "success", report.models[0].error
    assert first == [(1, None), (2, None), (3, 3)]
    assert filled == [(1, None), (2, 3), (3, 3)]
    assert lab.rows() == lab.refreshed()
    assert not again.has_changed_rows


def test_a_window_alone_adds_no_column_to_append(lab: Lab, source: Source) -> None:
    """Rows around the window would lack its values, so that is refused."""
    source((1, 1, "a"), (2, 3, "b"))
    lab.model("SELECT * FROM src", changing("append", "append_new_columns"))
    lab.run()
    before = lab.everything()
    lab.sql("ALTER TABLE src ADD COLUMN x INTEGER")
    project = lab.project()
    window = Window(datetime(2024, 1, 1), datetime(2024, 1, 2))

    report = run_nodes(
        project,
        project.graph.select(),
        Request(variables=project.variables, window=window),
    )

    assert "without a window first" in str(report.models[0].error)
    assert lab.everything()[1:] == before[1:]


def test_a_column_that_comes_back_doubles_no_row(lab: Lab, source: Source) -> None:
    """Rows that were added while the query did not give a column get its values when it does."""
    metadata = changing("append", "append_new_columns")
    source((1, 5, "a"))
    lab.model("SELECT id, c, v FROM src", metadata)
    lab.run()
    source((2, 6, "b"))
    lab.model("SELECT id, c FROM src", metadata)
    lab.run()
    lab.run()
    between = lab.rows("SELECT id, v FROM m.t")
    lab.model("SELECT id, c, v FROM src", metadata | {"tags": ["back"]})
    lab.settings({"definition_change_behavior": "continue"})

    lab.run()

    assert between == [(1, "a"), (2, None)]
    assert lab.rows("SELECT id, v FROM m.t") == [(1, "a"), (2, "b")]
