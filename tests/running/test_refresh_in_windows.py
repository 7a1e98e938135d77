"""A table whose query has other columns is rebuilt in windows: `full_incremental_refresh`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from running_lab import Lab, incremental

from t4t_core.errors import ProjectError
from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import Window

STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
Source = Callable[..., None]


def in_windows(strategy: str, **settings: object) -> dict[str, Any]:
    """The metadata of a model whose table is rebuilt in windows of two days of January 2024."""
    metadata = incremental(strategy, **settings)
    metadata["incremental"]["on_schema_change"] = "full_incremental_refresh"
    return metadata | windows("2024-01-03", "INTERVAL 2 DAY", "2024-01-09")


def windows(start: object, step: object, end: object = None) -> dict[str, Any]:
    """`full_incremental_refresh` as it stands beside `incremental`."""
    parameter = {"name": "@start_date", "start_value": start, "step": step}
    if end is not None:
        parameter["end_value"] = end
    return {"full_incremental_refresh": {"parameters": [parameter]}}


@STRATEGIES
@pytest.mark.parametrize(
    "settings",
    [{}, {"null_time": "exclude"}, {"start_date": "2024-01-04"}, {"start_date": "2024-02-04"}],
    ids=["whole", "without-null", "from-start", "start-past-end"],
)
def test_the_table_is_a_full_refresh(
    lab: Lab, source: Source, strategy: str, settings: dict[str, object]
) -> None:
    """Rows before, in and after the windows, on their edges and without a time are all there."""
    source((1, 1, "a"), (2, 3, "b"), (2, 3, "b"), (3, None, "n"), (4, "2024-03-01", "z"))
    lab.model("SELECT * FROM src", in_windows(strategy, **settings))
    lab.run()
    lab.sql("CREATE OR REPLACE TABLE src AS SELECT *, id * 10 AS extra FROM src")
    lab.sql(
        "INSERT INTO src VALUES (1, '2024-01-05', 'a5', 1), (1, '2024-01-02', 'a2', 1), "
        "(2, '2024-01-09', 'b9', 2), (2, '2024-01-08 23:59:59', 'b8', 2), (3, '2024-01-04', 'n4', "
        "3), (3, NULL, 'nn', 3), (4, '-infinity', 'i', 4), (5, 'infinity', 'e', 5), "
        "(6, '2024-01-06', 'x', 6), (6, '2024-01-06', 'y', 6), (7, '0900-01-01', 'old', 7)"
    )

    report = lab.run()
    rows = lab.rows()
    again = lab.run()

    assert rows == lab.refreshed()
    assert (report.mode, report.row_count) == ("full", len(rows))
    assert report.rows_inserted == len(rows)
    assert "extra INTEGER is new" in report.reason
    assert "'full_incremental_refresh'; in " in report.reason
    assert again.mode == "incremental"
    assert lab.rows() == rows


@STRATEGIES
@pytest.mark.parametrize(
    ("type_", "start", "step", "end", "count"),
    [
        ("DATE", "2024-01-01", "12 hours", "2024-01-04", 5),
        ("TIMESTAMPTZ", "2024-01-01T00:00:00+02:00", "INTERVAL '1 day'", None, None),
        ("TIMESTAMP_NS", "2024-01-01", "1 month", "2024-04-15", 6),
    ],
)
def test_windows_suit_the_time_column(
    lab: Lab, strategy: str, type_: str, start: str, step: str, end: str | None, count: int | None
) -> None:
    """Windows are cut in the column's own type; without an end they reach up to today."""
    lab.sql(
        f"CREATE TABLE src AS SELECT i AS id, (DATE '2023-12-20' + i::INTEGER)::{type_} AS c "
        "FROM range(150) AS r(i)"
    )
    if end is None:
        start = datetime.now(UTC).date().replace(day=1).isoformat()
    lab.model("SELECT * FROM src", in_windows(strategy) | windows(start, step, end))
    lab.run()
    lab.sql("CREATE OR REPLACE TABLE src AS SELECT *, 1 AS extra FROM src")

    report = lab.run()

    assert lab.rows() == lab.refreshed()
    assert len(lab.rows()) == 150
    if count is not None:
        assert f"in {count} windows" in report.reason


def test_numbers_bound_the_windows_of_a_number(lab: Lab) -> None:
    """An integer column takes numbers, in the short form too, and many windows."""
    metadata = incremental("merge")
    metadata["incremental"] |= {
        "on_schema_change": "full_incremental_refresh",
        "full_incremental_refresh": {"start": 0, "end": 250, "batch_size": 1},
    }
    lab.sql("CREATE TABLE src AS SELECT i % 100 AS id, i AS c FROM range(-5, 260) AS r(i)")
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    lab.sql("CREATE OR REPLACE TABLE src AS SELECT *, c AS extra FROM src")

    report = lab.run()

    assert "in 252 windows" in report.reason
    assert lab.rows() == lab.refreshed()


@STRATEGIES
def test_windows_of_several_row_groups(lab: Lab, strategy: str) -> None:
    """Empty windows, and ones of more rows than DuckDB keeps together, leave every row."""
    lab.sql(
        "CREATE TABLE src AS SELECT i AS id, TIMESTAMP '2024-01-05' + INTERVAL (i) SECOND AS c "
        "FROM range(450000) AS r(i)"
    )
    lab.model("SELECT * FROM src", in_windows(strategy))
    lab.run()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER DEFAULT 1")

    lab.run()

    assert lab.sql("SELECT count(*), sum(id), sum(extra) FROM m.t WHERE id >= 0") == [
        (450_000, sum(range(450_000)), 450_000)
    ]


@STRATEGIES
def test_a_failure_in_a_window_leaves_everything(lab: Lab, source: Source, strategy: str) -> None:
    """An error in a middle window leaves the old table, its watermark and its state."""
    source((1, 1, "a"), (2, 5, "b"), (3, 8, "c"))
    lab.model("SELECT * FROM src", in_windows(strategy))
    lab.run()
    before = lab.everything()
    lab.model(
        "SELECT *, CASE WHEN id = 2 THEN error('no such rate') ELSE id END AS rate FROM src",
        in_windows(strategy),
    )

    report = lab.failure()

    assert "no such rate" in str(report.error)
    assert lab.everything() == before


@pytest.mark.parametrize(
    ("strategy", "settings", "row", "words"),
    [
        (
            "merge",
            {"on_duplicate_key": "error"},
            "(1, '2024-01-08', 'b', 1)",
            "come more than once",
        ),
        ("append", {"null_time": "error"}, "(2, NULL, 'b', 1)", "NULL in the time column"),
        ("merge", {}, "(NULL, '2024-01-08', 'b', 1)", "NULL in the unique key"),
    ],
    ids=["key-in-two-windows", "no-time", "no-key"],
)
def test_gates_hold_across_windows(
    lab: Lab, source: Source, strategy: str, settings: dict[str, object], row: str, words: str
) -> None:
    """A key that comes in two windows, or a NULL in any of them, publishes nothing."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", in_windows(strategy, **settings))
    lab.run()
    before = lab.everything()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER", f"INSERT INTO src VALUES {row}")

    report = lab.failure()

    assert words in str(report.error)
    assert lab.everything()[1:] == before[1:]


def test_a_key_deleted_in_a_later_window_is_gone(lab: Lab, source: Source) -> None:
    """`delete_when` looks at the latest row of a key over all windows, and the watermark at all."""
    metadata = in_windows("merge", delete_when="source.v = 'gone'")
    source((1, 1, "a"), (2, 2, "b"))
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    source((1, 6, "gone"), (2, 4, "gone"), (2, 7, "back"), (3, "2024-02-02", "gone"))
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")

    report = lab.run()

    assert lab.rows("SELECT id, v FROM m.t") == [(2, "back")]
    assert lab.rows() == lab.refreshed()
    assert str(report.watermark) == "2024-02-02T00:00:00"


def test_numbers_and_indexes_are_kept(lab: Lab, source: Source) -> None:
    """Rows keep the numbers that t4t gave them, and the table its indexes."""
    metadata = in_windows("merge") | {"schema": [{"name": "nr", "auto_incremental": True}]}
    source((7, 5, "a"), (8, 3, "b"))
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    lab.sql("CREATE INDEX of_id ON m.t (id)")
    numbers = dict(lab.sql("SELECT id, nr FROM m.t"))
    source((1, 8, "c"))
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")

    lab.run()

    assert dict(lab.sql("SELECT id, nr FROM m.t")) == numbers | {1: 3}
    assert lab.sql("SELECT index_name FROM duckdb_indexes()") == [("of_id",)]


def test_a_query_may_look_at_its_own_table(lab: Lab, source: Source) -> None:
    """A view over the table shows the old rows to every window."""
    source((1, 1, "a"), (2, 5, "b"), (3, 8, "c"))
    metadata = in_windows("delete_insert")
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    lab.sql("CREATE VIEW old AS SELECT count(*) AS n FROM m.t")
    lab.model("SELECT src.*, n FROM src, old", metadata)

    lab.run()

    assert lab.rows("SELECT id, n FROM m.t") == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("is_window_asked", [False, True], ids=["refused", "window"])
def test_a_rebuild_that_is_refused_leaves_everything(
    lab: Lab, source: Source, is_window_asked: bool
) -> None:
    """`"full_refresh": false` stands above it, and a backfill is no full load."""
    source((1, 1, "a"))
    metadata = in_windows("append") | {"full_refresh": is_window_asked}
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    before = lab.everything()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")
    project = lab.project()
    window = Window(datetime(2024, 1, 3), datetime(2024, 1, 4)) if is_window_asked else None

    report = run_nodes(project, project.graph.select(), Request(window=window)).models[0]

    words = "cannot be one" if is_window_asked else '"full_refresh": false'
    assert words in str(report.error)
    assert lab.everything()[1:] == before[1:]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "the windows are missing"),
        (windows("2024-01-03", "soon"), "'soon' is no step"),
        (windows("2024-01-03", "0 days"), "longer than nothing"),
        (windows("@first", "1 day"), "is a variable"),
        (
            {
                "full_incremental_refresh": {
                    "parameters": [{"name": "@region", "start_value": 1, "step": 1}]
                }
            },
            "'@region'",
        ),
    ],
    ids=["missing", "step", "zero", "variable", "name"],
)
def test_what_says_no_windows_is_a_mistake(
    lab: Lab, source: Source, written: dict[str, Any], words: str
) -> None:
    """The project is not loaded, and the error says what to write."""
    source()
    metadata = in_windows("append")
    del metadata["full_incremental_refresh"]
    lab.model("SELECT * FROM src", metadata | written)

    with pytest.raises(ProjectError) as caught:
        lab.project()

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("start", "step", "end", "words"),
    [
        ("2024-01-03", "1 hour", "2024-03-01", "more than"),
        ("2024-01-03", 5, "2024-01-09", "does not suit"),
        ("2024-01-03", "1 day", "2024-01-03", "is not before end_value"),
        ("2024-01-33", "1 day", "2024-02-03", "2024-01-33"),
        (5, "1 day", "2024-02-03", "start_value 5 is not a date"),
    ],
    ids=["many", "number", "empty", "no-day", "number-start"],
)
def test_windows_that_do_not_suit_the_column(
    lab: Lab, source: Source, start: object, step: object, end: str, words: str
) -> None:
    """The rebuild fails before anything is read, and names the setting."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", in_windows("append") | windows(start, step, end))
    lab.run()
    before = lab.everything()
    lab.sql("ALTER TABLE src ADD COLUMN extra INTEGER")

    report = lab.failure()

    assert "full_incremental_refresh" in str(report.error)
    assert words in str(report.error)
    assert lab.everything()[1:] == before[1:]
