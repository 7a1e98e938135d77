"""The small project: one model, three strategies to switch between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TJson = Callable[..., dict[str, Any]]


@pytest.fixture
def t_project(top: Path) -> Path:
    return top / "example_project" / "t_project"


def switch(project: Path, strategy: str) -> None:
    """Does what a user does to choose another strategy."""
    file = project / "models" / "my_schema" / "incremental_example.py"
    text = file.read_text("utf-8")
    chosen = "metadata = metadata_merge"
    assert chosen in text
    file.write_text(text.replace(chosen, f"metadata = metadata_{strategy}"), "utf-8")


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_every_strategy_gives_the_active_rows(
    t_project: Path, t4t_json: TJson, strategy: str
) -> None:
    """256 rows after the first run, and after the second, which is incremental."""
    switch(t_project, strategy)
    variables = ("--vars", '{"start_date": "2024-01-01"}')
    first = t4t_json("build", t_project, *variables)

    second = t4t_json("run", t_project, *variables)

    (model,) = second["models"]
    assert first["status"] == second["status"] == "success"
    assert (model["strategy"], model["mode"], model["row_count"]) == (strategy, "incremental", 256)
    assert first["models"][-1]["row_count"] == 256


def test_without_the_seed_the_run_names_the_missing_table(t_project: Path, t4t_json: TJson) -> None:
    """`t4t run` before `t4t build` fails and says which table there is not."""
    done = t4t_json("run", t_project)

    assert done["status"] == "failed"
    assert "source_table" in done["models"][0]["error"]


def test_another_strategy_is_a_full_load_that_says_so(t_project: Path, t4t_json: TJson) -> None:
    """Switching from merge to append rebuilds the table once."""
    t4t_json("build", t_project)
    switch(t_project, "append")

    (model,) = t4t_json("run", t_project)["models"]

    assert model["mode"] == "full"
    assert "the strategy changed from merge to append" in model["reason"]


def test_statements_leave_the_comments_of_the_model_out(
    top: Path, tmp_path: Path, t4t_json: TJson, query: Callable[..., Any]
) -> None:
    """A metadata comment configures the model and is no part of the SQL that runs."""
    query(tmp_path / "flights_data" / "nycflights.duckdb", "CREATE SCHEMA raw")
    query(
        tmp_path / "flights_data" / "nycflights.duckdb",
        "CREATE TABLE raw.weather (origin TEXT, year INT, month INT, day INT, "
        "wind_speed DOUBLE, precip DOUBLE, visib DOUBLE)",
        "CREATE SCHEMA core",
        "CREATE TABLE core.flights (flight_date DATE, origin TEXT, is_cancelled BOOLEAN, "
        "departure_delay_min INT, arrival_delay_min INT)",
    )

    done = t4t_json("compile", top / "example_project" / "flights", "-s", "daily_delays")

    text = str(done["models"][0])
    assert "any_value" in text.lower()
    assert "metadata" not in text
    assert "last message" not in text
