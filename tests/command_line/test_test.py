"""`t4t test`, and the tests of `t4t build`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
RunJson = Callable[..., dict[str, Any]]
Query = Callable[..., list[tuple[Any, ...]]]

METADATA = {
    "tags": ["core"],
    "schema": [
        {"name": "id", "description": "The key", "tests": ["unique"]},
        {"name": "long", "tests": [{"name": "not_null", "severity": "warning"}]},
    ],
    "tests": ["row_count_gt_0"],
}
KEYS = [
    "test",
    "model",
    "kind",
    "column",
    "description",
    "severity",
    "status",
    "failures",
    "sample",
    "sql",
    "error",
    "duration_s",
]


@pytest.fixture
def shop(project: Make) -> Path:
    sql = "SELECT 1 AS id, repeat('x', 200) AS first, NULL AS long FROM raw.n"
    return project(
        {"s/orders.sql": f"-- metadata: {json.dumps(METADATA)}\n{sql}", "s/other.sql": "SELECT 1"},
        {"raw/n.csv": "n\n1\n2\n"},
    )


def test_all_tests_are_run_and_shown(shop: Path, t4t: Run, query: Query) -> None:
    """A table of tests, then of each shortcoming rows and a query that gives all of them."""
    t4t("seed", shop)
    assert t4t("run", shop).exit_code == 0

    result = t4t("test", shop)

    assert result.exit_code == 1
    assert "unique(id)" in result.stderr
    assert "unique(id) of s.orders failed: 1 row" in result.stderr
    assert "not_null(long) of s.orders warned: 2 rows" in result.stderr
    assert "\nNULL    1     xxxx" in result.stderr  # the tested column first, long values cut
    assert "1 test passed, 1 failed, 1 warned" in result.stderr
    shown = result.stderr.split("warned: 2 rows")[1].split("all of them:\n")[1].split(";")[0]
    assert len(query(shop, shown)) == 2


def test_json_lists_the_tests(shop: Path, t4t: Run, t4t_json: RunJson) -> None:
    """One object, with `tests`; warnings alone are a success, and nothing selected is none."""
    t4t("seed", shop)
    run = t4t_json("run", shop)
    printed = t4t_json("test", shop, "-s", "tag:core")

    assert run["tests"] == []
    assert (printed["status"], printed["exit_status"], printed["models"]) == ("failed", 1, [])
    assert [test["status"] for test in printed["tests"]] == ["failed", "warned", "passed"]
    assert all(list(test) == KEYS for test in printed["tests"])
    assert printed["tests"][0]["sample"] == {"columns": ["id", "copies"], "rows": [["1", "2"]]}
    none = t4t_json("test", shop, "-e", "s.orders")
    assert (none["tests"], none["exit_status"]) == ([], 0)


@pytest.mark.parametrize("is_flag", [False, True], ids=["option", "flag"])
def test_several_tests_at_a_time_find_the_same(
    shop: Path, t4t: Run, t4t_json: RunJson, is_flag: bool
) -> None:
    """`--threads` and `[flags] threads` change neither what is found nor the order."""
    t4t("build", shop)
    one = t4t_json("test", shop)
    if is_flag:
        with (shop / "project.toml").open("a") as file:
            file.write("\n[flags]\nthreads = 3\n")

    several = t4t_json("test", shop, *([] if is_flag else ["--threads", "3"]))

    for test in (*one["tests"], *several["tests"]):
        test.pop("duration_s")
    assert several == one
    assert len(one["tests"]) == 3


def test_unit_tests_run_one_at_a_time(shop: Path, t4t: Run) -> None:
    """`--threads` with `--unit` is refused; the flag of the project is for other commands."""
    refused = t4t("test", shop, "--unit", "--threads", "2")

    assert (refused.exit_code, "one at a time" in refused.stderr) == (2, True)


def test_build_tests_and_shows_what_was_taken_back(
    shop: Path, t4t: Run, t4t_json: RunJson, query: Query
) -> None:
    """A failing test of severity error is exit status 1, and its table is not there."""
    result = t4t("build", shop)
    printed = t4t_json("build", shop)

    assert result.exit_code == printed["exit_status"] == 1
    assert "failed: s.orders" in result.stderr
    assert "these rows were taken back" in result.stderr
    assert "2 done, 1 failed, 0 skipped; 1 test passed, 1 failed, 1 skipped" in result.stderr
    assert [test["status"] for test in printed["tests"]] == ["failed", "passed", "skipped"]
    assert query(shop, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 's'") == [
        ("other",)
    ]


def test_tables_that_are_not_there_are_told_once(shop: Path, t4t: Run) -> None:
    """Testing makes nothing; one sentence says for all tests what to do."""
    result = t4t("test", shop)

    assert result.exit_code == 1
    assert result.stderr.count("there is no table s.orders yet") == 1
    assert "could not run: unique(id) of s.orders, not_null(long) of s.orders" in result.stderr
    assert not (shop / "data").exists()
