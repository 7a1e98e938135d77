"""Models read other databases by the names of [attach]."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.other_databases import attach as attach_all
from t4t_core.errors import LockedError, Place, T4tError, UsageError
from t4t_core.other_database import OtherDatabase


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "p")
    attach(lab, 'path = "other.duckdb"')
    with duckdb.connect(str(lab.folder / "other.duckdb")) as connection:
        connection.execute("CREATE TABLE o AS SELECT 1 AS id, 10 AS c; CREATE SCHEMA s")
        connection.execute("CREATE TABLE s.o AS SELECT 2 AS id, 20 AS c")
    return lab


def attach(lab: Lab, *lines: str, name: str = "crm") -> None:
    lab.settings(lock_timeout_s=0.2)
    with (lab.folder / "project.toml").open("a") as file:
        file.write("\n".join([f"[attach.{name}]", *lines, ""]))


@pytest.mark.parametrize(
    ("table", "source"),
    [("crm.s.o", "crm.s.o"), ("CRM.main.o", "CRM.main.o"), ("crm.o", "crm.main.o")],
)
@pytest.mark.parametrize("kind", ["view", "append", "delete_insert"])
def test_a_model_reads_another_database(lab: Lab, table: str, source: str, kind: str) -> None:
    """By its name, with or without a schema; it is a source with that name."""
    lab.model(
        f"SELECT id, c FROM {table}",
        {"materialization": "view"} if kind == "view" else incremental(kind),
    )
    if kind == "view":
        lab.model("SELECT id, c FROM m.t", name="reader")

    report = lab.run()
    again = lab.run("reader" if kind == "view" else "t")

    graph = lab.project().graph
    assert [".".join(graph.source_name(ref)) for ref in graph.sources["m", "t"]] == [source]
    assert (report.status, again.row_count) == ("success", 1)


def test_names_are_quoted_and_values_read_the_environment(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may be any, and a path too."""
    odd = tmp_path / "it's here"
    odd.mkdir()
    (lab.folder / "other.duckdb").rename(odd / "x.duckdb")
    monkeypatch.setenv("OTHER", str(odd))
    attach(lab, 'path = "${OTHER}/x.duckdb"', name='"my crm"')
    lab.model('SELECT id FROM "my crm".s.o')

    lab.run()

    assert lab.rows() == [(2,)]


def test_commands_that_look_attach_it_too(
    lab: Lab, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """`plan`, `compile` and `debug`, with and without a database of its own."""
    lab.model("SELECT id, c FROM crm.s.o", incremental("merge"))
    first = t4t_json("plan", lab.folder)["models"][0]
    lab.run()

    later = t4t_json("plan", lab.folder)["models"][0]
    compiled = t4t_json("compile", lab.folder)["models"][0]
    debug = t4t_json("debug", lab.folder)

    assert (first["error"], later["mode"], compiled["error"]) == (None, "incremental", None)
    assert debug["status"] == "success"
    assert debug["attached"] == [f"crm: {lab.folder / 'other.duckdb'}"]


def test_it_is_only_read(lab: Lab) -> None:
    """Unless `read_only = false` says otherwise."""
    lab.python(
        "from t4t_core import model, RunContext\n@model('m.t')\n"
        "def t(context: RunContext):\n"
        "    context.connection.execute('DELETE FROM crm.s.o')\n    return 'SELECT 1 AS id'"
    )

    failed = lab.failure()

    assert "read-only" in str(failed.error)


def test_writing_it_from_a_model_is_no_conflict(lab: Lab) -> None:
    """DuckDB writes to one database in a transaction; running again would not help."""
    attach(lab, 'path = "other.duckdb"', "read_only = false")
    lab.python(
        "from t4t_core import model, RunContext\n@model('m.t')\n"
        "def t(context: RunContext):\n"
        "    context.connection.execute('DELETE FROM crm.s.o')\n    return 'SELECT 1 AS id'"
    )

    failed = lab.failure()

    assert "DuckDB writes to one database in a transaction" in str(failed.error)
    assert not failed.is_transient


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['path = "none.duckdb"'], "none.duckdb"),
        (['path = "project.toml"'], "cannot be opened"),
        (['path = "other.duckdb"', 'colour = "red"'], "unknown key 'colour'"),
        (['path = "other.duckdb"', 'type = "oracle"'], "oracle"),
        ([], "'path' is missing"),
    ],
)
def test_what_cannot_be_attached_is_an_error(lab: Lab, lines: list[str], words: str) -> None:
    """With the place in project.toml; nothing is made."""
    attach(lab, *lines)
    lab.model("SELECT 1 AS id")

    with pytest.raises(UsageError) as caught:
        lab.report()

    assert words in str(caught.value)
    assert "project.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("W", "other.duckdb", "what the project's own database is called"),
        ("_t4t", "other.duckdb", "a name of DuckDB's or t4t's own"),
        ("Temp", "other.duckdb", "a name of DuckDB's or t4t's own"),
        ("CRM", "third.duckdb", "DuckDB takes no notice of case"),
        ("own", "data/w.duckdb", "own is the project's own database"),
        ("own", "data/../data/tee_state.db", "own is its state"),
        ("again", "other.duckdb", "again is the file of crm"),
        ("M", "third.duckdb", "there is a schema m too"),
    ],
)
def test_a_clash_is_told_before_anything_is_opened(
    lab: Lab, name: str, path: str, words: str
) -> None:
    """A name or file that is taken is no matter of waiting for a lock."""
    lab.model("SELECT 1 AS id")
    with (lab.folder / "project.toml").open("a") as file:
        file.write(f'[attach.{name}]\npath = "{path}"\n')

    with pytest.raises(T4tError) as refused:
        lab.project()

    assert words in str(refused.value)
    assert "project.toml" in str(refused.value)
    assert not lab.database.exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
@pytest.mark.parametrize(
    "setting", ["custom_extension_repository", "autoinstall_known_extensions"], ids=["net", "off"]
)
def test_an_extension_that_is_missing_is_told(tmp_path: Path, kind: str, setting: str) -> None:
    """The error names it and says how it comes to the machine."""
    nowhere = str(tmp_path / "none") if setting.startswith("custom") else "false"
    settings = {"extension_directory": str(tmp_path), setting: nowhere}
    other = _other(kind, tmp_path)

    with (
        Warehouse.open(tmp_path / "w.duckdb", settings_to_try=[settings]) as warehouse,
        pytest.raises(UsageError) as refused,
    ):
        attach_all(warehouse, [other], 0)

    assert f"by its extension {kind}_scanner, which is not installed" in str(refused.value)
    assert f"INSTALL {kind}_scanner" in str(refused.value)
    assert "project.toml:3" in str(refused.value)


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_password_is_not_told(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's words about a server that is not reached have the whole text that it is given."""
    other = _other(kind, tmp_path)

    def refuse(*_: object) -> None:
        raise UsageError(f'IO Error: Unable to connect at "{other.source}": refused')

    monkeypatch.setattr("t4t_core.engines.other_databases.patiently", refuse)
    with Warehouse.open_empty("w") as warehouse, pytest.raises(UsageError) as refused:
        attach_all(warehouse, [other], 0)

    assert "Unable to connect" in str(refused.value)
    assert f"how {kind} is reached" in str(refused.value)
    assert "secret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
def test_sqlite_is_read(lab: Lab, strategy: str) -> None:
    """Where DuckDB's extension is installed: it is a database like others, and only read."""
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        try:
            connection.execute("LOAD sqlite_scanner")
        except duckdb.Error:
            pytest.skip("DuckDB's extension sqlite_scanner is not installed")
    attach(lab, 'path = "o.sqlite"', 'type = "sqlite"')
    with sqlite3.connect(lab.folder / "o.sqlite") as other:
        other.execute("CREATE TABLE o (id INTEGER, c TEXT)")
        other.execute("INSERT INTO o VALUES (1, '2024-01-01'), (2, '2024-01-02')")
    other.close()
    lab.model("SELECT id::INTEGER AS id, c::DATE AS c FROM crm.o", incremental(strategy))
    lab.run()
    with sqlite3.connect(lab.folder / "o.sqlite") as other:
        other.execute("INSERT INTO o VALUES (3, '2024-01-03')")
    other.close()

    lab.run()

    assert lab.rows("SELECT id FROM m.t") == [(1,), (2,), (3,)]


def _other(kind: Any, folder: Path) -> OtherDatabase:
    """A database of another kind, as project.toml names it."""
    file = folder / "o.sqlite" if kind == "sqlite" else None
    if file is not None:
        file.touch()
    source = "host=x password=secret" if file is None else str(file)
    return OtherDatabase("crm", source, kind, True, file, Place(folder / "project.toml", 3))


def test_a_database_that_is_written_by_others_is_waited_for(lab: Lab) -> None:
    """For `lock_timeout_s`; then the error is one that may pass."""
    lab.model("SELECT id FROM crm.s.o")
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lab.folder / "other.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        with pytest.raises(LockedError):
            lab.report()

        holder.communicate("\n")
    assert lab.run().status == "success"
