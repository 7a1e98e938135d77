"""What a Python model sets on its connection is its own."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from running_lab import Lab

from t4t_core.commands.preview import planned_models
from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request

Source = Callable[..., None]

SETTING = """
from t4t_core import model
import pandas as pd

@model(materialization="table")
def a(src, context):
    connection = context.connection
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    connection.execute("SET default_null_order = 'nulls_first'")
    connection.execute("USE aside")
    connection.execute("SET VARIABLE left_behind = 1")
    connection.execute("CREATE TEMP TABLE left_table AS SELECT 1 AS one")
    connection.register("left_view", pd.DataFrame({{"one": [1]}}))
    {end}
"""
LEFT = """
SELECT
    current_setting('TimeZone') AS zone,
    current_setting('default_null_order') AS nulls,
    current_setting('search_path') AS path,
    getvariable('left_behind') AS variable,
    (SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'left%') AS tables,
    (SELECT count(*) FROM duckdb_views() WHERE view_name LIKE 'left%') AS views
"""


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """A lab whose model `b` says what it sees, and with tables of one name in two schemas."""
    lab.sql(
        "CREATE TABLE src AS SELECT TIMESTAMPTZ '2024-01-01 20:00:00+00' AS moment",
        "CREATE TABLE here AS SELECT 'main' AS place",
        "CREATE SCHEMA aside",
        "CREATE TABLE aside.here AS SELECT 'aside' AS place",
    )
    lab.model(LEFT, name="b")
    lab.run("b")
    return lab


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (
            "return connection.sql('SELECT moment::DATE::VARCHAR, place FROM main.src, here')",
            [("2024-01-02", "aside")],
        ),
        (
            "return connection.sql('SELECT one FROM left_view').df()",
            [(1,)],
        ),
        (
            "return \"SELECT getvariable('left_behind') + one, hour(moment) FROM left_table, src\"",
            [(2, 20)],
        ),
    ],
    ids=["relation", "frame", "sql"],
)
def test_nothing_that_it_sets_reaches_another_model(
    lab: Lab, end: str, found: list[tuple[object, ...]]
) -> None:
    """Its own rows are made under its settings, with its tables."""
    before = lab.rows("FROM m.b")
    lab.python(SETTING.format(end=end), name="a")

    lab.run("a")

    assert lab.rows("FROM m.a") == found
    assert lab.rows("FROM m.b") == before


@pytest.mark.parametrize(
    "end",
    ["raise ValueError('broken')", "connection.execute('SELECT nothing')", "return 7"],
    ids=["raises", "sql", "no-table"],
)
def test_a_failing_one_leaves_nothing_either(lab: Lab, end: str) -> None:
    """Also where the database's own error ended its transaction."""
    before = lab.rows("FROM m.b")
    lab.python(SETTING.format(end=end), name="a")

    lab.failure("a")

    assert lab.rows("FROM m.b") == before


def test_a_plan_leaves_nothing_either(lab: Lab) -> None:
    """It calls the function too, in a transaction that is rolled back."""
    lab.python(SETTING.format(end="raise ValueError('broken')"), name="a")
    lab.python(
        SETTING.replace("def a", "def c").format(
            end="raise ValueError(str(connection.sql(\"SELECT current_setting('TimeZone')\")))"
        ),
        name="c",
    )
    project = lab.project()

    plans = planned_models(project, project.models, Request())

    assert [plan["model_name"] for plan in plans if plan["error"]] == ["m.a", "m.c"]
    assert all("broken" in plan["error"] or "Asia" in plan["error"] for plan in plans[::2])


def test_variables_and_sizes_that_were_set_before_are_again(lab: Lab) -> None:
    """What somebody else's connection has is what it has afterwards."""
    with duckdb.connect(str(lab.database)) as connection:
        connection.execute("SET VARIABLE mine = [1, 2]; SET memory_limit = '3GiB'")
        connection.execute("SET VARIABLE \"it's\" = 'it''s'; CREATE TEMP TABLE kept AS SELECT 1")
        warehouse = Warehouse.borrowed(connection)
        with warehouse.transaction():
            warehouse.keep_session()
            connection.execute("SET VARIABLE mine = 'x'; RESET VARIABLE \"it's\"")
            connection.execute(
                "SET memory_limit = '2GiB'; CREATE TEMP VIEW \"odd it's\" AS SELECT 1"
            )

        rows = warehouse.rows(
            "SELECT getvariable('mine'), getvariable('it''s'), current_setting('memory_limit'), "
            "(SELECT count(*) FROM kept), "
            "(SELECT count(*) FROM duckdb_views() WHERE view_name LIKE 'odd%')"
        )

    assert rows == [([1, 2], "it's", "3.0 GiB", 1, 0)]
