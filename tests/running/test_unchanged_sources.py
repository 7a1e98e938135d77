"""Leaving models as they are that read tables of others in the same database."""

from __future__ import annotations

import copy
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from deadly_run import Point, killed
from running_lab import Lab

from t4t_core.commands.preview import planned_models
from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes

VIEW = {"materialization": "view"}
SINCE = "others may have written raw.s since"

pytestmark = pytest.mark.skipif(
    duckdb.__version__ < "2", reason="DuckDB does not say who else has the database open"
)


class Sources(Lab):
    """Table `m.a` over `raw.s`, `m.t` over the view `m.v` of it, `m.b` over `src`.

    `m.i` reads an ephemeral model over `raw.s`, and `m.c` nothing.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sql(
            "CREATE SCHEMA raw",
            "CREATE TABLE raw.s AS SELECT * FROM (VALUES (1), (2)) AS v(id)",
            "CREATE TABLE main.src (id INTEGER, generated_at TIMESTAMP DEFAULT now())",
            "INSERT INTO main.src VALUES (1, NULL)",
        )
        self.model("SELECT id, id * 10 AS ten FROM raw.s", None, "a")
        self.model("SELECT * FROM src", None, "b")
        self.model("SELECT 1 AS id", None, "c")
        self.model("SELECT * FROM RAW.S", VIEW, "v")
        self.model("SELECT max(id) AS id FROM m.v", None, "t")
        self.model("SELECT sum(id) AS id FROM w.raw.s", {"materialization": "ephemeral"}, "e")
        self.model("SELECT * FROM m.e", None, "i")

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return {
                name: sorted(connection.execute(f"SELECT * FROM m.{name}").fetchall(), key=repr)
                for name in "abvti"
            }


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """A project over sources in which everything has run once."""
    lab = Sources(tmp_path_factory.mktemp("sources") / "shop")
    lab.changed()
    return lab


@pytest.fixture
def lab(ran: Sources, tmp_path: Path) -> Sources:
    """A copy of that project, with the times of its files."""
    lab = copy.copy(ran)
    lab.folder = tmp_path / "shop"
    shutil.copytree(ran.folder, lab.folder)
    return lab


def _in_another_process(lab: Sources, *, is_killed: bool = False) -> None:
    end = "os._exit(0)" if is_killed else "c.close()"
    script = (
        f"import duckdb, os; c = duckdb.connect({str(lab.database)!r}); "
        f"c.execute('UPDATE raw.s SET id = id + 7'); {end}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert lab.database.with_name("w.duckdb.wal").exists() == is_killed


def _attached(lab: Sources) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{lab.database}' AS other")
        connection.execute("UPDATE other.raw.s SET id = id + 7")


def _rounded(lab: Sources) -> None:
    """As an archive does that keeps seconds."""
    seconds = lab.database.stat().st_mtime_ns // 10**9
    os.utime(lab.database, ns=(seconds * 10**9, seconds * 10**9))


def _copied(lab: Sources) -> None:
    aside = lab.folder / "aside"
    shutil.copy(lab.database, aside)
    aside.replace(lab.database)


def _copied_with_its_time(lab: Sources) -> None:
    aside = lab.folder / "aside"
    shutil.copy2(lab.database, aside)
    lab.sql("UPDATE raw.s SET id = id + 7")
    aside.replace(lab.database)


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        pytest.param(lambda _: None, "", id="nothing"),
        pytest.param(lambda lab: lab.sql("SELECT * FROM raw.s"), "", id="read"),
        pytest.param(lambda lab: lab.sql("INSERT INTO raw.s VALUES (9)"), "abvti", id="insert"),
        pytest.param(lambda lab: lab.sql("UPDATE raw.s SET id = id + 7"), "abvti", id="update"),
        pytest.param(
            lambda lab: lab.sql("DELETE FROM raw.s WHERE id = 1", "INSERT INTO raw.s VALUES (9)"),
            "abvti",
            id="replaced-row",
        ),
        pytest.param(
            lambda lab: lab.sql("CREATE OR REPLACE TABLE raw.s AS SELECT 5 AS id"),
            "abvti",
            id="replaced-table",
        ),
        pytest.param(_in_another_process, "abvti", id="another-process"),
        pytest.param(
            lambda lab: _in_another_process(lab, is_killed=True), "abvti", id="killed-process"
        ),
        pytest.param(_attached, "abvti", id="attached"),
        pytest.param(_rounded, "abvti", id="rounded-time"),
        pytest.param(_copied, "abvti", id="copied"),
        pytest.param(_copied_with_its_time, "", id="copied-with-its-time"),
        pytest.param(lambda lab: lab.database.touch(), "abvti", id="touched"),
        pytest.param(lambda lab: lab.state.unlink(), "", id="state-lost"),
        pytest.param(lambda lab: lab.report(), "", id="plain-run"),
        pytest.param(lambda lab: lab.model("SELECT 2 AS id", None, "c"), "c", id="another-model"),
    ],
)
def test_a_source_that_others_may_have_written_makes_run_what_reads_it(
    lab: Sources, edit: Callable[[Sources], object], found: str
) -> None:
    """All that reads sources runs where anybody wrote the database; afterwards nothing does."""
    edit(lab)

    assert set(lab.changed()) == set(found)
    assert not lab.changed()
    tables = lab.tables()
    assert lab.report().status == "success"
    assert lab.tables() == tables


def test_a_session_that_does_nothing_writes_nothing(lab: Sources) -> None:
    """The database stays what it was, byte by byte, and with its time."""
    before = lab.database.read_bytes(), lab.database.stat().st_mtime_ns

    assert not lab.changed()

    assert (lab.database.read_bytes(), lab.database.stat().st_mtime_ns) == before


def test_the_plan_knows_it_too(lab: Sources) -> None:
    """It shows what the run would leave as it is, and says why the others would run."""

    def planned() -> dict[str, tuple[str, str]]:
        project = lab.project()
        request = Request(variables=project.variables, only_changed=True)
        found = planned_models(project, project.graph.select(), request)
        return {model["model_name"]: (model["mode"], model["reason"]) for model in found}

    assert {mode for mode, _ in planned().values()} == {"skipped"}
    lab.sql("UPDATE raw.s SET id = id + 7")

    plan = planned()

    assert plan["m.a"][0] == "full"
    assert plan["m.a"][1].endswith(SINCE)
    assert plan["m.c"][0] == "skipped"


@pytest.mark.parametrize(
    ("point", "is_sealed"),
    [
        (("t4t_core.running.open_session", "seal", "before", 1), False),
        (("t4t_core.state.seal", "os.utime", "before", 1), False),
        (("t4t_core.state.seal", "os.utime", "after", 1), True),
    ],
    ids=["before-the-seal", "before-its-time", "after-it"],
)
def test_a_killed_run_leaves_a_whole_seal_or_none(
    lab: Sources, point: Point, is_sealed: bool
) -> None:
    """What it left is known, or runs again; and a write that follows is never missed."""
    lab.model("SELECT 2 AS id", None, "c")
    assert killed(str(lab.folder), point) < 0
    copied = copy.copy(lab)
    copied.folder = lab.folder.with_name("copied")
    shutil.copytree(lab.folder, copied.folder)

    assert set(copied.changed()) == (set() if is_sealed else set("abvti"))
    lab.sql("UPDATE raw.s SET id = id + 7")
    assert set(lab.changed()) == set("abvti")


@pytest.mark.parametrize("kind", ["hook", "python", "with"])
def test_who_may_write_sources_ends_the_epoch(lab: Sources, kind: str) -> None:
    """After a hook, Python or a WITH that writes, in the same session too, nothing is assumed."""
    if kind == "hook":
        lab.model("SELECT 1 AS id", {"pre_hook": "UPDATE raw.s SET id = id + 7"}, "ahead")
    elif kind == "python":
        lab.python(
            "import pyarrow\nfrom t4t_core import model\n\n\n@model()\ndef ahead():\n"
            "    return pyarrow.table({'id': [1]})\n",
            "ahead",
        )
    else:
        query = "WITH w AS (INSERT INTO raw.s VALUES (9) RETURNING id) SELECT * FROM w"
        lab.model(query, None, "ahead")
    lab.model("SELECT ahead.id, s.id AS s FROM m.ahead, raw.s", None, "behind")
    lab.changed()

    found = lab.changed()

    assert found["a"].reason.endswith(SINCE)
    assert "nothing here makes raw.s" in found["behind"].reason


def test_a_trigger_may_write_sources(lab: Sources) -> None:
    """One on a table that t4t writes writes in t4t's own sessions."""
    lab.sql(
        "CREATE TRIGGER more AFTER INSERT ON m.c FOR EACH STATEMENT INSERT INTO raw.s VALUES (7)"
    )

    assert lab.changed()["a"].reason.endswith(SINCE)
    for _ in range(2):
        assert "the database has triggers" in lab.changed()["a"].reason
    lab.sql("DROP TRIGGER more ON m.c")
    assert lab.changed()["a"].reason.endswith(SINCE)
    assert "a" not in lab.changed()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM main.look", "main.look is no table, or computes a column"),
        ("SELECT * FROM main.luck", "main.luck is no table, or computes a column"),
        ("SELECT max(version) AS v FROM _t4t.ledger", "nothing here makes _t4t.ledger"),
        ("SELECT count(*) AS n FROM duckdb_tables", "main.duckdb_tables is no table"),
        ("SELECT count(*) AS n FROM information_schema.tables", "information_schema.tables is no"),
    ],
)
def test_what_is_no_plain_table_is_never_assumed(lab: Sources, query: str, reason: str) -> None:
    """A view may read the clock, a column may be computed, and t4t writes its own tables."""
    lab.sql(
        "CREATE VIEW main.look AS SELECT random() AS r",
        "CREATE TABLE main.luck (id INTEGER, r DOUBLE AS (random()))",
    )
    lab.model(query, None, "x")
    lab.changed()

    found = lab.changed()

    assert set(found) == {"x"}
    assert reason in found["x"].reason


def test_a_table_of_another_project_is_known_by_its_runs(lab: Sources, tmp_path: Path) -> None:
    """Both projects go on with one epoch, and each knows what the other one's runs wrote."""
    other = Lab(tmp_path / "other")
    settings = (lab.folder / "project.toml").read_text()
    (other.folder / "project.toml").write_text(
        settings.replace("data/w.duckdb", lab.database.as_posix())
    )
    other.model("SELECT count(*) AS n FROM m.c", None, "o")

    def modes() -> list[str | None]:
        project = other.project()
        request = Request(variables=project.variables, only_changed=True)
        return [model.mode for model in run_nodes(project, project.graph.select(), request).models]

    assert (modes(), modes()) == (["full"], ["skipped"])
    assert not lab.changed()
    lab.model("SELECT 2 AS id UNION ALL SELECT 3", None, "c")
    assert set(lab.changed()) == {"c"}

    assert (modes(), modes()) == (["full"], ["skipped"])
    assert lab.sql("SELECT n FROM m.o") == [(2,)]


def test_a_database_that_is_open_elsewhere_has_no_epoch(lab: Sources) -> None:
    """Another connection of this process may write at any time, so nothing is assumed."""
    with duckdb.connect(str(lab.database)) as connection:
        assert lab.changed()["a"].reason == "nothing here makes raw.s"
        connection.execute("UPDATE raw.s SET id = id + 7")
        assert "a" in lab.changed()
        connection.execute("UPDATE raw.s SET id = id + 7")

    assert set(lab.changed()) == set("abvti")
    assert not lab.changed()


def test_a_seal_that_cannot_be_made_is_none(lab: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that keeps seconds, or refuses, costs a run and no error."""
    set_time = os.utime

    def coarse(file: Path, ns: tuple[int, int]) -> None:
        set_time(file, ns=(ns[0] // 10**9 * 10**9, ns[1] // 10**9 * 10**9))

    def refused(file: Path, **_: object) -> None:
        raise PermissionError(file)

    for broken in (coarse, refused):
        with monkeypatch.context() as patch:
            patch.setattr("t4t_core.state.seal.os.utime", broken)
            lab.sql("UPDATE raw.s SET id = id + 7")
            assert set(lab.changed()) == set("abvti")

        assert set(lab.changed()) == set("abvti")
        assert not lab.changed()


@pytest.mark.parametrize("seed", range(2))
def test_it_converges_with_running_everything(tmp_path: Path, seed: int) -> None:
    """After any writes, copies and runs the tables are those of a project that always runs all."""
    dice = random.Random(seed)  # noqa: S311  a test's dice, which must fall again as they fell
    lazy, eager = Sources(tmp_path / "lazy"), Sources(tmp_path / "eager")
    left = 0
    for step in range(8):
        edit, number = dice.choice(_EDITS), dice.randint(1, 9)
        for lab in (lazy, eager):
            edit(lab, number)
        if step and dice.random() < 0.3:
            continue
        assert eager.report().status == "success"
        left += 6 - len(lazy.changed())

        assert lazy.tables() == eager.tables(), step
    assert left > 0


def _kept(lab: Sources, _: int) -> None:
    shutil.copy2(lab.database, lab.folder / "kept")


def _put_back(lab: Sources, number: int) -> None:
    if (lab.folder / "kept").exists():
        copied = shutil.copy2 if number > 4 else shutil.copy
        copied(lab.folder / "kept", lab.database)


_EDITS: tuple[Callable[[Sources, int], object], ...] = (
    lambda lab, n: lab.sql(f"UPDATE raw.s SET id = id + {n}"),
    lambda lab, n: lab.sql(f"INSERT INTO src VALUES ({n}, NULL)"),
    lambda lab, n: lab.model(f"SELECT id, id * {n} AS ten FROM raw.s", None, "a"),
    lambda lab, n: lab.model(f"SELECT {n} AS id", None, "c"),
    lambda lab, n: lab.model("SELECT 1 AS id", {"post_hook": f"UPDATE src SET id = {n}"}, "c"),
    _kept,
    _put_back,
)
