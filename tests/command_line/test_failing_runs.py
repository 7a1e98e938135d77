"""A run that fails says what and where, and leaves everything as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
RunJson = Callable[..., dict[str, Any]]
Query = Callable[..., list[tuple[Any, ...]]]

METADATA = (
    '-- metadata: {"materialization": "incremental", '
    '"incremental": {"strategy": "%s", "%s": {%s}}}\n'
)
MERGE = METADATA % ("merge", "merge", '"time_column": "t", "unique_key": "%s"')
APPEND = METADATA % ("append", "append", '"time_column": "%s"')

MODELS = {
    "missing column": ("SELECT\n  idd\nFROM raw", ["m.sql:2:3", '"idd"', '"id"']),
    "missing table": ("SELECT id\nFROM main.rw", ["m.sql:2:", "rw does not exist", '"raw"']),
    "missing function": ("SELECT id,\n  foo(id)\nFROM raw", ["m.sql:2:3", "foo"]),
    "wrong types": ("SELECT id,\n  name + 1 AS n\nFROM raw", ["m.sql:2:8", "No function matches"]),
    "wrong value": ("SELECT\n  name::INT AS n\nFROM raw", ["m.sql:2:7", "convert string 'a'"]),
    "no group": ("SELECT id,\n  count(*) AS n\nFROM raw", ["m.sql:1:8", "GROUP BY"]),
    "several times": (
        "SELECT id FROM raw WHERE id > 0\nAND raww.id > 0",
        ["m.sql:2:5", '"raww"'],
    ),
    "raises": ("SELECT\n  error('boom') AS n", ["m.sql", "boom"]),
    "time column": (
        APPEND % "create_at" + "SELECT now() AS created_at",
        ["'create_at'", "did you mean 'created_at'"],
    ),
    "time type": (APPEND % "t" + "SELECT 'x' AS t", ["'t' has type VARCHAR", "CAST(t AS"]),
    "key": (MERGE % "idd" + "SELECT now() AS t, 1 AS id", ["'idd'", "did you mean 'id'"]),
    "null key": (
        MERGE % "id" + "SELECT now() AS t, NULL::INT AS id",
        ["NULL in the unique key (id): 1"],
    ),
}


@pytest.fixture
def shop(project: Make, query: Query) -> Make:
    """Makes a project whose database has the table `raw`."""

    def make(models: dict[str, str], **options: Any) -> Path:
        folder = project(models, **options)
        query(folder, "CREATE TABLE raw AS SELECT 1 AS id, 'a' AS name")
        return folder

    return make


@pytest.mark.parametrize("case", MODELS)
def test_failing_model_says_what_and_where(case: str, shop: Make, t4t: Run, query: Query) -> None:
    """A model that fails is exit status 1, with file, model and cause, and nothing is written."""
    sql, words = MODELS[case]
    folder = shop({"s/m.sql": sql})

    result = t4t("run", folder)

    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) < 24
    for word in [*words, "models/s/m.sql", "s.m", "1 failed"]:
        assert word in result.stderr
    assert query(folder, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 's'") == []
    assert query(folder, "SELECT count(*) FROM _t4t.commits") == [(0,)]
    assert query(folder / "data/tee_state.db", "SELECT * FROM tee_model_state") == []


def test_failure_stops_what_stands_below_and_nothing_else(shop: Make, t4t_json: RunJson) -> None:
    """What reads a failed model is left out and says why; the rest runs."""
    folder = shop(
        {
            "s/a.sql": "SELECT error('boom') AS id",
            "s/b.sql": "SELECT * FROM s.a",
            "s/c.sql": '-- metadata: {"materialization": "ephemeral"}\nSELECT * FROM s.b',
            "s/d.sql": "SELECT * FROM s.c",
            "s/e.sql": "SELECT 1 AS id",
        }
    )

    report = t4t_json("run", folder)

    assert report["exit_status"] == 1
    assert report["status"] == "failed"
    found = {m["model_name"]: (m["status"], m["mode"], m["reason"]) for m in report["models"]}
    assert found["s.a"][0] == "failed"
    assert found["s.b"] == ("skipped", "skipped", "s.a failed")
    assert found["s.d"] == ("skipped", "skipped", "s.a failed")
    assert found["s.e"][0] == "success"


def test_python_model_that_raises_names_its_line(shop: Make, t4t: Run) -> None:
    """An exception of a model's own code is named with the line it came from."""
    text = "@model()\ndef a(context):\n    x = 1\n    raise KeyError('boom')\n"
    folder = shop({"s/a.py": text, "s/b.sql": "SELECT 1 AS id"})

    result = t4t("run", folder)

    assert result.exit_code == 1
    assert "a.py:4: model s.a: a() raised KeyError: 'boom'" in result.stderr
    assert "Traceback" not in result.stderr
    assert "1 done, 1 failed" in result.stderr


def test_verbose_shows_traceback_and_statement(shop: Make, t4t: Run) -> None:
    """`-v` shows what is left out otherwise."""
    folder = shop({"s/m.sql": "SELECT error('boom') AS id"})

    result = t4t("run", folder, "-v")

    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "CREATE OR REPLACE TABLE s.m" in result.stderr


def test_foreign_table_is_not_replaced(shop: Make, t4t: Run, query: Query) -> None:
    """A table that t4t did not make is left alone."""
    folder = shop({"raw.sql": "SELECT 2 AS id"})

    result = t4t("run", folder)

    assert result.exit_code == 1
    assert "t4t did not make it" in result.stderr
    assert query(folder, "FROM raw") == [(1, "a")]


@contextmanager
def _held(file: Path) -> Iterator[int]:
    """Another process has the file open for writing; its process id."""
    code = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("command", ["run", "plan", "compile", "build"])
def test_locked_database_names_the_holder(command: str, shop: Make, t4t: Run) -> None:
    """While another process holds the database, a command waits a while and says who holds it."""
    folder = shop({"s/m.sql": "SELECT 1 AS id"})
    file = folder / "data/warehouse.duckdb"
    before = file.read_bytes()

    with _held(file) as process_id:
        result = t4t(command, folder)

    assert result.exit_code == 1
    assert "warehouse.duckdb is locked by" in result.stderr
    assert str(process_id) in result.stderr
    assert "lock_timeout_s" in result.stderr
    assert "Traceback" not in result.stderr
    assert file.read_bytes() == before


def test_locked_state_does_not_stop_the_run(shop: Make, t4t: Run, query: Query) -> None:
    """Somebody who reads tee_state.db does not stop a run; the copy is made good later."""
    folder = shop({"s/m.sql": "SELECT 1 AS id"})
    state = folder / "data/tee_state.db"
    query(state, "SELECT 1")

    with _held(state):
        result = t4t("run", folder)

    assert result.exit_code == 0
    assert "tee_state.db" in result.stderr
    assert query(folder, "FROM s.m") == [(1,)]
    assert t4t("run", folder).exit_code == 0
    assert query(state, "SELECT model_name FROM tee_model_state") == [("s.m",)]


def test_a_seed_that_was_not_loaded_is_named(project: Make, t4t: Run) -> None:
    """Who runs a model before its seed is told how to make it."""
    folder = project({"s/m.sql": "SELECT * FROM raw.events"}, {"raw/events.csv": "id\n1\n"})

    result = t4t("run", folder)

    assert result.exit_code == 1
    assert "make raw.events first: `t4t build` loads seeds" in result.stderr
