"""Delete and insert: one window is replaced, in both halves the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from running_lab import Lab, incremental

from t4t_core.commands.preview import compiled_models
from t4t_core.planning.request import Request

QUERY = "SELECT id, c, v FROM src"
Source = Callable[..., None]


def test_the_window_is_rewritten(lab: Lab, source: Source) -> None:
    """Rows in the window are replaced by the query's, and the run says so."""
    source((1, 1, "a"), (2, 5, "b"), (3, 6, "c"))
    lab.model(QUERY, incremental("delete_insert", start_date="2024-01-05"))
    first = lab.run()
    lab.sql("DELETE FROM src WHERE id IN (1, 2)")
    source((4, 7, "d"))

    report = lab.run()

    assert (first.mode, first.rows_inserted) == ("full", 3)
    assert (report.mode, report.rows_deleted, report.rows_inserted) == ("incremental", 2, 2)
    assert lab.rows("SELECT id FROM m.t") == [(1,), (3,), (4,)]
    assert str(report.watermark) == "2024-01-07T00:00:00"


@pytest.mark.parametrize(
    ("start", "variables"),
    [
        ("2024-01-05", {}),
        ("auto", {}),
        ("@start_date", {"start_date": "2024-01-05"}),
        ("@since", {"since": "2024-01-05T00:00:00"}),
        ("{{ since }}", {"since": "2024-01-05"}),
    ],
    ids=["literal", "auto", "variable", "moment", "braces"],
)
@pytest.mark.parametrize(
    "where", ["c >= @start_date", "c >= '@start_date'", None], ids=["bare", "quoted", "none"]
)
def test_the_start_of_the_window(
    lab: Lab, source: Source, start: str, variables: dict[str, str], where: str | None
) -> None:
    """`@start_date` in `where_condition` is the start of the insert, however that is given."""
    source((1, 1, "a"), (2, 8, "b"))
    settings = {} if where is None else {"where_condition": where}
    lab.model(QUERY, incremental("delete_insert", start_date=start, lookback="3 days", **settings))
    lab.run(**variables)
    lab.sql("UPDATE src SET v = 'z'")
    source((3, 5, "at the start"))

    report = lab.run(**variables)

    assert (report.rows_deleted, report.rows_inserted) == (1, 2)
    assert lab.rows("SELECT id, v FROM m.t") == [(1, "a"), (2, "z"), (3, "at the start")]


def test_a_wider_delete_is_refused(lab: Lab, source: Source) -> None:
    """Rows that the insert could not bring back are an error with their count."""
    source((1, 1, "a"), (2, 3, "b"), (3, 6, "c"))
    metadata = incremental(
        "delete_insert", start_date="2024-01-05", where_condition="c >= DATE '2024-01-01'"
    )
    lab.model(QUERY, metadata)
    lab.run()
    before = lab.everything()

    report = lab.failure()

    assert "would not bring back: 2" in str(report.error)
    assert lab.everything() == before


def test_a_wider_delete_can_be_permitted(lab: Lab, source: Source) -> None:
    """`allow_wider_delete` lets `where_condition` delete what the insert does not bring back."""
    source((1, 1, "a"), (2, 3, "b"), (3, 6, "c"))
    metadata = incremental(
        "delete_insert",
        start_date="2024-01-05",
        where_condition="c >= DATE '2024-01-01'",
        allow_wider_delete=True,
    )
    lab.model(QUERY, metadata)
    lab.run()

    report = lab.run()

    assert (report.rows_deleted, report.rows_inserted, report.row_count) == (3, 1, 1)


@pytest.mark.parametrize("is_wider_allowed", [False, True], ids=["default", "wider-allowed"])
def test_a_narrower_delete_is_refused(lab: Lab, source: Source, is_wider_allowed: bool) -> None:
    """Rows that every run would insert again are an error with their count."""
    source((1, 1, "a"), (2, 3, None), (3, 6, "c"))
    metadata = incremental(
        "delete_insert",
        start_date="2024-01-01",
        where_condition="c >= @start_date AND v = 'c'",
        allow_wider_delete=is_wider_allowed,
    )
    lab.model(QUERY, metadata)
    lab.run()
    before = lab.everything()

    report = lab.failure()

    assert "insert them again: 2" in str(report.error)
    assert lab.everything() == before


def test_rows_without_a_time_are_left_to_full_loads(lab: Lab, source: Source) -> None:
    """A later run neither deletes nor inserts rows without a time, and never doubles them."""
    source((1, None, "a"), (2, 5, "b"))
    lab.model(QUERY, incremental("delete_insert", start_date="2024-01-01"))
    lab.run()
    source((3, None, "c"))

    lab.run()
    later = lab.rows("SELECT id FROM m.t")
    lab.run(full_refresh=True)

    assert later == [(1,), (2,)]
    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("emptied", ["DELETE FROM m.t", "DELETE FROM m.t WHERE c IS NOT NULL"])
def test_an_emptied_table_is_loaded_in_full_under_auto(
    lab: Lab, source: Source, emptied: str
) -> None:
    """`auto` has no start in a table without a time, so nothing before it is lost."""
    source((1, 1, "a"), (2, 9, "b"), (3, None, "c"))
    lab.model(QUERY, incremental("delete_insert", start_date="auto"))
    lab.run()
    lab.sql(emptied)

    report = lab.run()

    assert report.mode == "full"
    assert "no value of the time column" in report.reason
    assert lab.rows() == lab.refreshed()


def test_an_empty_first_load_loses_nothing(lab: Lab, source: Source) -> None:
    """Rows that come after an empty first load are all there, under `auto` too."""
    source()
    lab.model(QUERY, incremental("delete_insert", start_date="auto"))
    lab.run()
    source((1, 3, "a"), (2, 1, "b"))

    lab.run()

    assert lab.rows() == lab.refreshed()
    assert len(lab.rows()) == 2


def test_an_empty_table_goes_on_under_continue(lab: Lab, source: Source) -> None:
    """A model that became delete_insert while its table was empty has a start all the same."""
    lab.settings({"definition_change_behavior": "continue"})
    source()
    lab.model(QUERY, incremental("append"))
    lab.run()
    lab.model(QUERY, incremental("delete_insert", start_date="auto"))
    source((1, 3, "a"))

    report = lab.run()

    assert report.row_count == 1


def test_a_deleted_end_is_rewritten_under_auto(lab: Lab, source: Source) -> None:
    """A source that lost its latest rows is followed, and the watermark does not move back."""
    source((1, 1, "a"), (2, 5, "b"), (3, 9, "c"))
    lab.model(QUERY, incremental("delete_insert", start_date="auto", lookback="1 day"))
    lab.run()
    lab.sql("DELETE FROM src WHERE id = 3")

    lab.run()
    report = lab.run()

    assert lab.rows() == lab.refreshed()
    assert str(report.watermark) == "2024-01-09T00:00:00"
    assert lab.rows("SELECT max(c) FROM m.t") == [(datetime(2024, 1, 5),)]


def test_a_field_called_like_the_time_column_is_no_window(lab: Lab) -> None:
    """`s.c >= @start_date` speaks of a field, so rows it does not match are refused."""
    lab.sql("CREATE OR REPLACE TABLE src (c TIMESTAMP, s STRUCT(c TIMESTAMP))")
    lab.sql("INSERT INTO src VALUES ('2024-01-10', {'c': TIMESTAMP '2020-01-01'})")
    lab.model(
        "SELECT c, s FROM src",
        incremental("delete_insert", start_date="2024-01-01", where_condition="s.c >= @start_date"),
    )
    lab.run()

    report = lab.failure()

    assert "insert them again: 1" in str(report.error)
    assert lab.sql("SELECT count(*) FROM m.t") == [(1,)]


def test_a_query_that_sees_the_table_reads_it_before_the_delete(lab: Lab, source: Source) -> None:
    """A view that the project does not make may show the table's own rows."""
    source((1, 3, "a"))
    lab.model("SELECT id, c, v FROM src", incremental("delete_insert", start_date="2024-01-01"))
    lab.run()
    lab.sql("CREATE VIEW seen AS SELECT * FROM m.t UNION SELECT id, c, v FROM src")
    lab.model("SELECT id, c, v FROM seen", incremental("delete_insert", start_date="2024-01-01"))
    lab.settings(flags={"definition_change_behavior": "continue"})
    lab.sql("DELETE FROM src")
    source((2, 4, "b"))

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,)]


def test_compile_prints_what_runs(lab: Lab, source: Source) -> None:
    """For a window over a plain table that is one delete and one insert, without a stage."""
    source((1, 3, "a"))
    lab.model("SELECT id, c, v FROM src", incremental("delete_insert", start_date="2024-01-01"))
    lab.run()
    project = lab.project()

    (compiled,) = compiled_models(project, project.models, Request())
    report = lab.run()

    assert tuple(compiled["later_runs"]) == report.statements
    assert len(report.statements) == 2


@pytest.mark.parametrize("column", ["c", "t.c", "M.T.C"])
def test_where_condition_can_name_the_table(lab: Lab, source: Source, column: str) -> None:
    """Columns of where_condition may be qualified by the table, with its schema or without."""
    condition = f"{column} >= @start_date AND {column} < DATE '2030-01-01'"
    source((1, 1, "a"), (2, 5, "b"))
    lab.model(
        "SELECT * FROM src",
        incremental("delete_insert", start_date="2024-01-03", where_condition=condition),
    )
    lab.run()
    source((3, 6, "c"))

    report = lab.run()

    assert (report.rows_deleted, report.rows_inserted) == (1, 2)
    assert lab.rows() == lab.refreshed()
