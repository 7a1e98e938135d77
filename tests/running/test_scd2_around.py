"""History with what stands around a model: commands, state, Python, windows, Dagster's tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from running_lab import Lab, scd2

from t4t_core.errors import ProjectError

Source = Callable[..., None]
T4t = Callable[..., Result]
QUERY = "SELECT id, c, v FROM src"


def test_plan_and_compile_print_what_runs(
    lab: Lab, source: Source, t4t: T4t, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """`plan` says what would be read and why; its statements, and compile's, are those that run."""
    source((1, 1, "a"), (1, 5, "b"))
    lab.model(QUERY, scd2("timestamp", lookback="2 days"))
    compiled_before = t4t_json("compile", lab.folder)["models"][0]
    first = lab.run()

    text = t4t("plan", lab.folder).stdout
    (planned,) = t4t_json("plan", lab.folder)["models"]
    (compiled,) = t4t_json("compile", lab.folder)["models"]
    (ran,) = t4t_json("run", lab.folder)["models"]
    later = lab.run()

    assert text.splitlines()[:3] == [
        "m.t: incremental (scd2 timestamp)",
        "  why: versions that the table does not hold yet",
        "  reads: from 2024-01-03T00:00:00 on, watermark 2024-01-05T00:00:00",
    ]
    assert (planned["materialization"], planned["strategy"]) == ("scd2", "timestamp")
    assert (ran["strategy"], ran["rows_inserted"], ran["last_processed_value"]) == (
        "timestamp",
        0,
        "2024-01-05T00:00:00",
    )
    assert planned["statements"] == compiled["later_runs"] == list(later.statements)
    assert first.statements[-len(compiled["first_run"]) + 1 :] == tuple(compiled["first_run"][1:])
    assert compiled_before["later_runs"]
    assert compiled_before["error"] is None


def test_check_is_compiled_before_it_ever_ran(
    lab: Lab, source: Source, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """A history without a time column has statements too."""
    source((1, 1, "a"))
    lab.model(QUERY, scd2("check", hard_deletes="invalidate"))

    (compiled,) = t4t_json("compile", lab.folder)["models"]

    assert compiled["error"] is None
    assert any("EXCEPT" in s or "NOT (EXISTS" in s for s in compiled["later_runs"])
    assert not lab.sql("SELECT * FROM duckdb_tables() WHERE schema_name = 'm'")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "'strategy' is missing"),
        ({"strategy": "timestmap", "unique_key": "id"}, "is 'timestmap', which is none of"),
        ({"strategy": "timestamp", "unique_key": "id"}, "needs 'updated_at'"),
        ({"strategy": "check"}, "'unique_key' is missing"),
        ({"strategy": "check", "unique_key": "id", "check_colums": ["v"]}, "'check_columns'?"),
        ({"strategy": "check", "unique_key": "id", "valid_to": "VALID_FROM"}, "column twice"),
        ({"strategy": "check", "unique_key": ["id", "ID"]}, "column twice"),
        (
            {"strategy": "timestamp", "unique_key": "id", "updated_at": "c", "time_column": "c"},
            "another name for updated_at",
        ),
        (
            {
                "strategy": "timestamp",
                "unique_key": "id",
                "updated_at": "c",
                "hard_deletes": "invalidate",
                "lookback": "1 day",
            },
            "reads the whole query",
        ),
        (
            {"strategy": "timestamp", "unique_key": "id", "updated_at": "c", "check_columns": "v"},
            "unknown key 'check_columns'",
        ),
        (None, "there is no 'scd2'"),
    ],
    ids=[
        "no-strategy",
        "strategy",
        "no-time",
        "no-key",
        "key-name",
        "one-name",
        "key-twice",
        "time-twice",
        "lookback",
        "other-strategy",
        "nothing",
    ],
)
def test_wrong_settings_are_named(lab: Lab, written: dict[str, Any] | None, words: str) -> None:
    """A mistake in the settings is found when the project is loaded, with the key at fault."""
    metadata: dict[str, Any] = {"materialization": "scd2"}
    lab.model(QUERY, metadata if written is None else metadata | {"scd2": written})

    with pytest.raises(ProjectError) as raised:
        lab.project()

    assert words in str(raised.value)
    assert "timestamp']" not in str(raised.value)
    assert "check']" not in str(raised.value)


def test_no_state_command_forgets(lab: Lab, source: Source, t4t: T4t) -> None:
    """A reset is refused, since the full load after it would; the watermark can be set."""
    source((1, 1, "a"), (1, 5, "b"))
    lab.model(QUERY, scd2("timestamp"))
    lab.run()
    before = lab.everything()

    reset = t4t("state", "reset", lab.folder, "-m", "m.t")

    assert reset.exit_code == 2
    assert "would forget" in reset.stderr
    assert lab.everything() == before
    source((1, 2, "late"))
    assert not lab.run().has_changed_rows
    moved = t4t("state", "set", lab.folder, "-m", "m.t", "--value", "2024-01-02")
    assert moved.exit_code == 0, moved.stderr
    assert lab.run().rows_inserted == 1


def test_a_window_is_put_in_its_place(lab: Lab, source: Source, t4t: T4t) -> None:
    """A backfill reads the versions of its windows; those around them are cut to fit."""
    source((1, 20, "t"))
    lab.model(QUERY, scd2("timestamp"))
    lab.run()
    source((1, 1, "a"), (1, 5, "e"), (1, 9, "i"))
    dates = ("--start", "2024-01-02", "--end", "2024-01-10", "--batch-size", "3 days")

    done = t4t("run", lab.folder, *dates)

    assert done.exit_code == 0, done.output
    assert lab.rows("SELECT v, day(valid_from), day(valid_to) FROM m.t") == [
        ("e", 5, 9),
        ("i", 9, 20),
        ("t", 20, None),
    ]


def test_functions_give_versions_too(lab: Lab, source: Source) -> None:
    """A Python model keeps history like any other; it is asked for what it has not given."""
    source((1, 1, "a"))
    lab.python(
        "from t4t_core import model\n"
        f"@model(**{scd2('timestamp', lookback='1 day')!r})\n"
        "def t(context):\n"
        "    after = '' if context.lower is None else f\" WHERE c >= '{context.lower}'\"\n"
        "    return context.connection.sql('SELECT id, c, v FROM main.src' + after)\n"
    )
    lab.run()
    source((1, 3, "b"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (1, 1)
    assert lab.rows("SELECT v, day(valid_to) FROM m.t") == [("a", 3), ("b", None)]


def test_variables_reach_the_settings(lab: Lab, source: Source) -> None:
    """start_date and lookback may be variables; one that nothing sets is named."""
    source((1, 1, "a"), (1, 5, "b"))
    lab.model(QUERY, scd2("timestamp", start_date="@since", lookback="@back"))

    with pytest.raises(ProjectError, match="since"):
        lab.report()
    report = lab.run(since="2024-01-03", back="1 day")

    assert report.row_count == 1
    present = "SELECT id, v FROM src WHERE v = 'a'"
    lab.model(present, scd2("check", start_date="@since"), name="u")
    lab.run("u", since="2024-01-03", back="1 day")
    found = lab.sql("SET TimeZone = 'UTC'", "SELECT min(valid_from)::VARCHAR FROM m.u")
    assert found == [("2024-01-03 00:00:00+00",)]


def test_an_incremental_table_becomes_a_history(lab: Lab, source: Source) -> None:
    """A table that was no history is replaced by one, with the usual warning."""
    source((1, 1, "a"))
    lab.model(QUERY, {"materialization": "table"})
    lab.run()
    lab.model(QUERY, scd2("timestamp"))

    report = lab.run()

    assert (report.mode, report.reason) == ("full", "the materialization changed from table")
    assert "changed from table to scd2" in str(report.warning)
    assert json.dumps(report.to_json())
