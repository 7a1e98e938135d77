"""Reading from production what was not built in development."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TOML = """
project_folder = "shop"

[connection]
path = "data/shop.duckdb"
schema = "mart"
lock_timeout_s = 0.2

[env.dev]
defer_to = "data/shop.duckdb"

[env.dev.connection]
path = "data/dev/shop.duckdb"
"""

MODELS = {
    "Big-Orders.sql": "SELECT id, amount, seen FROM raw.orders",
    "clean.sql": '-- metadata: {"materialization": "ephemeral"}\nSELECT * FROM "Big-Orders"',
    "totals.sql": "SELECT sum(c.amount) AS total FROM clean AS c",
    "shown.sql": '-- metadata: {"materialization": "view"}\nSELECT total FROM totals',
    "history.sql": '-- metadata: {"materialization": "incremental", "incremental": {"strategy": '
    '"append", "append": {"time_column": "seen"}}}\n'
    'SELECT mart."Big-Orders".id, mart."Big-Orders".seen FROM mart."Big-Orders"',
    "doubled.py": "import pandas as pd\nfrom t4t_core import model\n\n"
    "@model(materialization='table')\n"
    "def doubled(shown: pd.DataFrame) -> pd.DataFrame:\n    return shown * 2\n",
}

ORDERS = "id,amount,seen\n1,10,2024-01-01 10:00:00\n2,20,2024-01-02 10:00:00\n"


@pytest.fixture
def shop(project: Callable[..., Path], t4t: Callable[..., Any]) -> Path:
    """A project that was built in production."""
    folder = project(MODELS, {"raw/orders.csv": ORDERS}, toml_file=TOML)
    assert t4t("build", folder).exit_code == 0
    return folder


@pytest.fixture
def dev(query: Callable[..., Any]) -> Callable[[Path, str], Any]:
    """The rows of a query on the database of development."""
    return lambda folder, sql: query(folder / "data/dev/shop.duckdb", sql)


@pytest.mark.parametrize(
    ("model", "sql", "rows"),
    [
        ("totals", "SELECT total FROM mart.totals", [(30,)]),
        ("history", "SELECT id FROM mart.history ORDER BY id", [(1,), (2,)]),
        ("doubled", "SELECT total FROM mart.doubled", [(60,)]),
    ],
    ids=["through an ephemeral model", "with qualified columns", "Python, from a view"],
)
def test_one_model_alone_reads_the_rest_from_production(
    shop: Path,
    t4t: Callable[..., Any],
    dev: Callable[[Path, str], Any],
    model: str,
    sql: str,
    rows: Any,
) -> None:
    """Nothing upstream is built, and only the model is there afterwards."""
    result = t4t("run", shop, "--env", "dev", "-s", model)

    assert result.exit_code == 0, result.stderr
    assert dev(shop, sql) == rows
    made = dev(shop, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mart'")
    assert made == [(model,)]


def test_what_is_built_here_is_read_here(
    shop: Path, t4t: Callable[..., Any], dev: Callable[[Path, str], Any]
) -> None:
    """Also within one run, where the upstream model is made first."""
    file = shop / "models/Big-Orders.sql"
    file.write_text(file.read_text() + " WHERE id = 1")

    result = t4t("run", shop, "--env", "dev", "-s", "big-orders", "-s", "totals")

    assert result.exit_code == 0, result.stderr
    assert dev(shop, "SELECT total FROM mart.totals") == [(10,)]


def test_production_is_only_read(shop: Path, t4t: Callable[..., Any]) -> None:
    """Its tables, its ledger and its state stay as they were, byte by byte."""
    files = [shop / "data/shop.duckdb", shop / "data/tee_state.db"]
    before = [file.read_bytes() for file in files]

    t4t("build", shop, "--env", "dev", "-s", "totals+", "-s", "history")

    assert [file.read_bytes() for file in files] == before


def test_plan_and_compile_show_where_it_is_read(
    shop: Path, t4t: Callable[..., Any], t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """The SQL that is shown is the SQL that runs."""
    planned = t4t_json("plan", shop, "--env", "dev", "-s", "totals")
    compiled = t4t("compile", shop, "--env", "dev", "-s", "totals").stdout
    in_production = t4t("compile", shop, "-s", "totals").stdout

    assert 'defer_to.mart."Big-Orders"' in planned["models"][0]["statements"][-1]
    assert 'defer_to.mart."Big-Orders"' in compiled
    assert "defer_to" not in in_production


def test_a_test_that_looks_at_a_table_of_production(
    shop: Path, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """`relationships` to a model that is not built here finds it there."""
    metadata = (
        '{"tests": [{"name": "relationships", "params": {"columns": "id", "to": "mart.history", '
        '"field": "id"}}]}'
    )
    (shop / "models/checked.sql").write_text(f"-- metadata: {metadata}\nSELECT 1 AS id")

    built = t4t_json("build", shop, "--env", "dev", "-s", "checked")

    assert [test["status"] for test in built["tests"]] == ["passed"], built


def test_what_is_nowhere_is_an_error(shop: Path, t4t: Callable[..., Any]) -> None:
    """As it would be without production."""
    (shop / "models/new.sql").write_text("SELECT 1 AS id")
    (shop / "models/reader.sql").write_text("SELECT id FROM new")

    result = t4t("run", shop, "--env", "dev", "-s", "reader")

    assert result.exit_code == 1
    assert "new does not exist" in result.stderr


def test_a_production_that_is_not_there_is_an_error(shop: Path, t4t: Callable[..., Any]) -> None:
    """With the line that names it."""
    (shop / "data/shop.duckdb").unlink()

    result = t4t("run", shop, "--env", "dev", "-s", "totals")

    assert result.exit_code == 2
    assert "the database defer_to is not there" in result.stderr
    line = TOML.splitlines().index('defer_to = "data/shop.duckdb"') + 1
    assert f"project.toml:{line}:1" in result.stderr


def test_it_is_told_once_what_is_read_from_production(shop: Path, t4t: Callable[..., Any]) -> None:
    """However many models and tests of a run read it."""
    metadata = '-- metadata: {"tests": ["row_count_gt_0", {"name": "relationships", "params": {'
    metadata += '"columns": "total", "to": "totals", "fields": "total"}}]}\n'
    for name in ("one", "two"):
        (shop / "models" / f"{name}.sql").write_text(metadata + "SELECT total FROM totals")

    built = t4t("build", shop, "-s", "one", "-s", "two", "--env", "dev")

    assert built.exit_code == 0, built.stderr
    assert built.stderr.count("mart.totals is not in this database") == 1
