"""Statements around a model's own: `pre_hook` and `post_hook`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, incremental

from t4t_core.errors import ProjectError

Source = Callable[..., None]


def test_hooks_run_around_every_run(lab: Lab, source: Source) -> None:
    """They run in their order, on full and on later runs, with the table's name and variables."""
    lab.sql("CREATE TABLE log (step VARCHAR, model VARCHAR, n BIGINT, day DATE)")
    source((1, 1, "a"))
    lab.model(
        "SELECT * FROM src",
        incremental("append")
        | {
            "pre_hook": "INSERT INTO log SELECT 'pre', '@table_name', count(*), @day FROM src;",
            "post_hooks": [
                "INSERT INTO log SELECT 'post', '{{ this }}', count(*), '@day' FROM {{ this }}",
                "COMMENT ON TABLE @table_name IS 'no -- @day'",
            ],
        },
    )

    lab.run(day="2024-02-01")
    source((2, 2, "b"))
    lab.run(day="2024-02-02")

    assert lab.sql("SELECT step, model, n, day::VARCHAR FROM log") == [
        ("pre", "m.t", 1, "2024-02-01"),
        ("post", "m.t", 1, "2024-02-01"),
        ("pre", "m.t", 2, "2024-02-02"),
        ("post", "m.t", 2, "2024-02-02"),
    ]
    assert lab.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 't'") == [
        ("no -- @day",)
    ]


def test_a_schema_called_as_the_database_is_no_hindrance(lab: Lab) -> None:
    """The table's name is written so that DuckDB finds it, quoted where it has to be."""
    (lab.folder / "models" / "w").mkdir()
    (lab.folder / "models" / "w" / "select.sql").write_text(
        '-- metadata: {"post_hook": "INSERT INTO @table_name VALUES (2)"}\nSELECT 1 AS id\n'
    )

    report = lab.report()

    assert report.status == "success", report.models[0].error
    assert report.models[0].row_count == 2
    assert lab.rows('SELECT id FROM w.w."select"') == [(1,), (2,)]


@pytest.mark.parametrize("key", ["pre_hook", "post_hook"])
def test_a_failing_hook_publishes_nothing(lab: Lab, source: Source, key: str) -> None:
    """Its error names it, and table, watermark and state stay as they were."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", incremental("append"))
    lab.run()
    before = lab.everything()
    source((2, 2, "b"))
    hooks = {key: ["CREATE TABLE m.left_behind (a INTEGER)", "SELECT v FROM nowhere"]}
    lab.model("SELECT * FROM src", incremental("append") | hooks)

    report = lab.failure()

    assert f"{key}: Catalog Error" in str(report.error)
    assert "nowhere" in str(report.error)
    assert lab.everything() == before


def test_an_error_in_a_later_row_of_a_hook_is_the_models(lab: Lab, source: Source) -> None:
    """DuckDB carries a query out as its rows are taken, so that it begins before it fails."""
    source((1, 1, "a"))
    lab.model(
        "SELECT * FROM src",
        {
            "pre_hook": "SELECT CASE WHEN i = 299999 THEN CAST('x' || i AS INTEGER) ELSE i END "
            "FROM range(300000) t(i)"
        },
    )

    report = lab.failure()

    assert "pre_hook: " in str(report.error)
    assert lab.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 't'") == []


def test_hooks_are_no_part_of_the_definition(lab: Lab, source: Source) -> None:
    """Another hook brings no full load, and rows that one adds are not taken for read ones."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", incremental("append"))
    lab.run()
    hook = "INSERT INTO @table_name VALUES (9, '2024-01-09', 'hook')"
    lab.model("SELECT * FROM src", incremental("append") | {"post_hook": hook})

    report = lab.run()
    source((2, 2, "b"))
    lab.model("SELECT * FROM src", incremental("append"))
    lab.run()

    assert report.mode == "incremental"
    assert str(report.watermark) == "2024-01-01T00:00:00"
    assert report.row_count == 2
    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,), (9,)]


def test_the_plan_shows_the_hooks(lab: Lab, t4t_json: Callable[..., dict[str, Any]]) -> None:
    """`plan` and `compile` show each statement where it runs."""
    lab.model("SELECT 1 AS id", {"pre_hook": "SELECT 1", "post_hook": "ANALYZE @table_name"})

    planned = t4t_json("plan", lab.folder)["models"][0]["statements"]
    compiled = t4t_json("compile", lab.folder)["models"][0]["first_run"]

    assert planned[0] == compiled[0] == "SELECT 1"
    assert planned[-1] == compiled[-1] == "ANALYZE m.t"


def test_a_type_may_stand_before_a_variable(lab: Lab) -> None:
    """`DATE '@day'` is the variable's value as a date."""
    hook = "INSERT INTO @table_name SELECT DATE '@day', typeof(TIMESTAMP '@day')"
    lab.model("SELECT DATE '2024-01-01' AS day, 'x' AS type", {"post_hook": hook})

    lab.run(day="2024-02-03")

    assert lab.rows("SELECT day::TEXT, type FROM m.t ORDER BY 1")[1:] == [
        ("2024-02-03", "TIMESTAMP")
    ]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"post_hook": "COMMIT"}, ["COMMIT", "must not"]),
        ({"post_hook": "begin transaction"}, ["BEGIN", "must not"]),
        ({"pre_hook": "ATTACH 'a.db'"}, ["ATTACH"]),
        ({"pre_hook": "SELECT 1; SELECT 2"}, ["second statement", "list"]),
        ({"pre_hook": "-- nothing"}, ["no statement"]),
        ({"pre_hook": "SELECT 'a"}, ["never closed"]),
        ({"pre_hook": "SELECT * FROM @file"}, ["@file", "name"]),
        ({"pre_hook": "VACUUM ANALYZE @file"}, ["@file", "cannot be told"]),
        ({"pre_hook": "SELECT 1", "pre_hooks": "SELECT 1"}, ["another name"]),
        ({"post_hook": "SELECT 1", "materialization": "ephemeral"}, ["ephemeral"]),
    ],
    ids=[
        "commit",
        "begin",
        "attach",
        "two",
        "none",
        "open",
        "name",
        "unread",
        "both-names",
        "ephemeral",
    ],
)
def test_a_hook_that_cannot_be_is_found_when_the_project_is_read(
    lab: Lab, metadata: dict[str, object], words: list[str]
) -> None:
    """What ends the transaction, holds several statements or a value for a name is an error."""
    lab.model("SELECT 1 AS id", metadata)

    with pytest.raises(ProjectError) as caught:
        lab.project(file="x.csv")

    assert all(word in str(caught.value) for word in words)


def test_a_variable_stays_a_value(lab: Lab, source: Source) -> None:
    """No value can change what a hook does, and one that is missing is found before the run."""
    source((1, 1, "a"))
    lab.sql("CREATE TABLE log (v VARCHAR)")
    lab.model("SELECT * FROM src", {"post_hook": "INSERT INTO log VALUES (@v)"})

    lab.run(v="'); DROP TABLE src; --")
    with pytest.raises(ProjectError, match="@v"):
        lab.run()

    assert lab.rows("SELECT v FROM log") == [("'); DROP TABLE src; --",)]


@pytest.mark.parametrize("materialization", ["table", "incremental"])
def test_indexes_survive_a_full_load(lab: Lab, source: Source, materialization: str) -> None:
    """A table that is made anew has its indexes again, but for those over columns that are gone."""
    source((1, 1, "a"))
    metadata = incremental("append") | {"materialization": materialization}
    hook = {"post_hook": "CREATE INDEX IF NOT EXISTS by_v ON @table_name(v)"}
    lab.model('SELECT *, 1 AS "Group" FROM src', metadata | hook)
    lab.run()
    lab.sql(
        'CREATE UNIQUE INDEX "by id" ON m.t(id)',
        "CREATE INDEX by_text ON m.t(lower(v))",
        'CREATE INDEX by_group ON m.t("Group", id)',
    )
    lab.model("SELECT * FROM src", metadata | hook)

    report = lab.run(full_refresh=True)

    assert lab.sql("SELECT index_name FROM duckdb_indexes() WHERE table_name = 't' ORDER BY 1") == [
        ("by id",),
        ("by_text",),
        ("by_v",),
    ]
    assert "by_group is dropped, since group is gone" in str(report.warning)


def test_indexes_do_not_hinder_other_columns(lab: Lab, source: Source) -> None:
    """Columns are dropped and widened in a table with indexes, but for what DuckDB cannot do."""
    source((1, 1, "a"))
    metadata = incremental("append")
    metadata["incremental"]["on_schema_change"] = "sync_all_columns"
    lab.model("SELECT *, 1 AS n FROM src", metadata)
    lab.run()
    lab.sql("CREATE INDEX by_id ON m.t(id)", "CREATE INDEX by_v ON m.t(v)")
    source((2, 2, "b"))
    lab.model("SELECT id, c, n::BIGINT AS n FROM (SELECT *, 1 AS n FROM src)", metadata)

    report = lab.failure()
    lab.sql("DROP INDEX m.by_v")
    lab.run()

    assert "the index by_v stands in the way of altering v" in str(report.error)

    assert lab.rows("SELECT id, n FROM m.t") == [(1, 1), (2, 1)]
    assert lab.sql("SELECT index_name FROM duckdb_indexes() WHERE table_name = 't'") == [("by_id",)]


def test_what_a_hook_sets_is_of_its_model_alone(lab: Lab) -> None:
    """Settings, variables and temporary tables hold to the end of the model, and no longer."""
    shown = (
        "SELECT current_setting('TimeZone') AS zone, getvariable('v') AS v, "
        "(SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine') AS tables"
    )
    hooks = [
        "SET TimeZone = 'Asia/Tokyo'",
        "SET VARIABLE v = 7",
        "CREATE TEMP TABLE mine AS SELECT 1 AS id",
    ]
    lab.model(shown, {"materialization": "table", "pre_hook": hooks}, "a")
    lab.model(f"{shown} WHERE EXISTS (FROM m.a)", {"materialization": "table"}, "b")
    lab.python(
        "from t4t_core import RunContext, model\n\n\n"
        '@model(materialization="table", post_hook="SET VARIABLE v = 8")\n'
        "def c(b, context: RunContext) -> str:\n"
        '    context.connection.execute("SET VARIABLE w = 9")\n'
        "    return \"SELECT getvariable('v') AS v, getvariable('w') AS w FROM m.b\"\n",
        "c",
    )
    lab.model("SELECT getvariable('v') AS v, getvariable('w') AS w FROM m.c", None, "d")

    report = lab.report()

    assert report.status == "success", [model.error for model in report.models]
    assert lab.sql("SELECT zone, v, tables FROM m.a") == [("Asia/Tokyo", 7, 1)]
    ((zone, variable, tables),) = lab.sql("SELECT zone, v, tables FROM m.b")
    assert (zone == "Asia/Tokyo", variable, tables) == (False, None, 0)
    assert lab.sql("FROM m.c") == [(None, 9)]
    assert lab.sql("FROM m.d") == [(None, None)]
