"""Leaving models as they are whose inputs have not changed."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running.open_session import open_session
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import read_window

VIEW = {"materialization": "view"}


class Shop(Lab):
    """Seed `m.s`, table `m.a` over it, view `m.v`, table `m.t` over the view, incremental `m.i`.

    `m.t` reads an ephemeral model too, and `m.a` calls a function and takes a variable.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "seeds").mkdir()
        (folder / "functions" / "m").mkdir(parents=True)
        self.seed("1,2024-01-01", "2,2024-01-02")
        self.function("x + 1")
        self.a()
        self.model("SELECT id, twice FROM m.a WHERE id > 0", VIEW, "v")
        self.model("SELECT max(id) AS id FROM m.a", {"materialization": "ephemeral"}, "e")
        self.model("SELECT v.*, e.id AS last FROM m.v, m.e", None, "t")
        self.model("SELECT id, c FROM m.a", incremental("merge"), "i")

    def seed(self, *rows: str) -> None:
        (self.folder / "seeds" / "s.csv").write_text("\n".join(("id,c", *rows)) + "\n")

    def function(self, body: str) -> None:
        (self.folder / "functions" / "m" / "f.sql").write_text(
            f"CREATE FUNCTION m.f(x BIGINT) RETURNS BIGINT AS ({body})"
        )

    def a(self, columns: str = "id, c, m.f(id) AS twice", **metadata: object) -> None:
        self.model(f"SELECT {columns} FROM m.s WHERE id < @top", metadata, "a")

    def changed(self, **variables: object) -> dict[str, ModelReport]:
        return super().changed(**{"top": 100, **variables})

    def plain(self, **variables: object) -> None:
        """Runs everything."""
        report = self.report(**{"top": 100, **variables})
        assert report.status == "success", [model.error for model in report.models]

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        return {name: self.rows(f"SELECT * FROM m.{name}") for name in "savti"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop in which everything has run once, and nothing asked what has changed."""
    shop = Shop(tmp_path_factory.mktemp("unchanged") / "shop")
    shop.plain()
    return shop


@pytest.fixture
def shop(ran: Shop, tmp_path: Path) -> Shop:
    """A copy of that shop."""
    copied = copy.copy(ran)
    copied.folder = tmp_path / "shop"
    shutil.copytree(ran.folder, copied.folder)
    return copied


def _restore(shop: Shop) -> None:
    """Changes a model, and puts the database back that does not know of it."""
    older = shop.database.with_suffix(".older")
    shutil.copy(shop.database, older)
    shop.a("id, c, m.f(id) + 1 AS twice")
    shop.changed()
    shutil.move(older, shop.database)


def _fail_once(shop: Shop) -> None:
    shop.a("id, c, error('no') AS twice")
    assert shop.report(top=100).status == "failed"
    shop.a()


def _full_refresh(shop: Shop) -> None:
    assert shop.report(full_refresh=True, top=100).status == "success"


def _move(shop: Shop) -> None:
    moved = shop.folder.with_name("moved")
    shop.folder.rename(moved)
    shop.folder = moved


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        pytest.param(lambda _: None, "", id="nothing"),
        pytest.param(lambda shop: shop.a("id, /* why */ c,\n m.f(id) AS twice"), "", id="comment"),
        pytest.param(lambda shop: shop.a(description="why", tags=["x"]), "", id="description"),
        pytest.param(
            lambda shop: shop.a(schema=[{"name": "id", "description": "why"}]), "avti", id="schema"
        ),
        pytest.param(lambda shop: shop.a("id, c, m.f(id) * 2 AS twice"), "avti", id="query"),
        pytest.param(lambda shop: shop.function("x + 2"), "avti", id="function"),
        pytest.param(lambda shop: shop.function("x /* why */ + 1"), "", id="function-comment"),
        pytest.param(lambda shop: shop.seed("1,2024-01-01"), "savti", id="seed"),
        pytest.param(lambda shop: (shop.folder / "seeds" / "s.csv").touch(), "", id="seed-touched"),
        pytest.param(
            lambda shop: shop.model("SELECT id, twice FROM m.a WHERE id > 1", VIEW, "v"),
            "vt",
            id="view",
        ),
        pytest.param(
            lambda shop: shop.model(
                "SELECT min(id) AS id FROM m.a", {"materialization": "ephemeral"}, "e"
            ),
            "t",
            id="ephemeral",
        ),
        pytest.param(
            lambda shop: shop.model(
                "SELECT id, c FROM m.a", incremental("merge", lookback="1d"), "i"
            ),
            "i",
            id="lookback",
        ),
        pytest.param(
            lambda shop: shop.model("SELECT id, twice FROM m.a WHERE id > 0", None, "v"),
            "vt",
            id="materialization",
        ),
        pytest.param(lambda shop: shop.sql("DROP TABLE m.t"), "t", id="dropped"),
        pytest.param(lambda shop: shop.sql("DROP VIEW m.v"), "v", id="view-dropped"),
        pytest.param(
            lambda shop: shop.sql("DROP TABLE m.t", "CREATE VIEW m.t AS SELECT 1 AS id"),
            "t",
            id="replaced",
        ),
        pytest.param(
            lambda shop: shop.sql("INSERT INTO m.a SELECT * FROM m.a LIMIT 1"),
            "avti",
            id="inserted-by-hand",
        ),
        pytest.param(lambda shop: shop.sql("DELETE FROM m.t"), "t", id="deleted-by-hand"),
        pytest.param(
            lambda shop: shop.sql("UPDATE _t4t.ledger SET inputs = NULL WHERE model_name = 'm.a'"),
            "avti",
            id="not-noted",
        ),
        pytest.param(_restore, "avti", id="older-database"),
        pytest.param(_fail_once, "", id="failed-meanwhile"),
        pytest.param(_full_refresh, "", id="full-refresh"),
        pytest.param(_move, "", id="moved"),
        pytest.param(lambda shop: shop.state.unlink(), "", id="state-lost"),
    ],
)
def test_what_a_change_makes_run(shop: Shop, edit: Callable[[Shop], object], found: str) -> None:
    """A model runs where anything changed that its rows depend on; afterwards nothing does."""
    edit(shop)

    assert set(shop.changed()) == set(found)
    assert not shop.changed()


def test_a_variable_counts_for_the_models_that_take_it(shop: Shop) -> None:
    """Another value runs them and what reads them, and a value of another type is another one."""
    assert set(shop.changed(top=2)) == set("avti")
    assert not shop.changed(top=2)
    assert shop.changed(top="2")["a"].reason == "variable top changed"
    assert not shop.changed(top="2", other=1)


def test_a_run_says_why_and_leaves_no_trace_where_it_does_nothing(shop: Shop) -> None:
    """A model left as it is has succeeded, counts no rows, and keeps its commit."""
    ledger = shop.ledger()
    project = shop.project(top=100)
    request = Request(variables=project.variables, only_changed=True)

    report = run_nodes(project, project.graph.select(), request)

    found = next(model for model in report.models if model.model_name == "m.i")
    assert (found.mode, found.status, found.rows_inserted, found.row_count) == (
        "skipped",
        "success",
        0,
        2,
    )
    assert found.reason.startswith("nothing that it depends on has changed since 20")
    assert shop.ledger() == ledger


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM m.a WHERE c < now()", "now() may give something else each time"),
        ("SELECT *, CURRENT_DATE AS d FROM m.a", "current_date may give something else each time"),
        ("SELECT *, theirs(id) AS r FROM m.a", "theirs() may give something else each time"),
        ("SELECT now() AS materialized FROM m.a", "now() may give something else each time"),
        ("SELECT a.rowid AS r FROM m.a", "rowid may give something else each time"),
        ("SELECT * FROM m.a TABLESAMPLE 50%", "tablesample may give something else each time"),
        ("SELECT * FROM m.unsteady", "of the view m.unsteady: random() may give something else"),
        ("SELECT * FROM m.inline", "of m.inline: nothing here makes other.main.src"),
        ("SELECT m.dice(id) AS r FROM m.a", "random() may give something else each time"),
        pytest.param(
            "SELECT m.since(id) AS r FROM m.a",
            "now() may give something else each time",
            marks=pytest.mark.skipif(
                duckdb.__version__ < "2", reason="defaults of parameters are constants there"
            ),
        ),
        ("SELECT * FROM other.main.src", "nothing here makes other.main.src"),
        pytest.param(
            "WITH w AS (INSERT INTO main.src VALUES (2) RETURNING id) SELECT * FROM w",
            "insert in a WITH may give something else each time",
            marks=pytest.mark.skipif(duckdb.__version__ < "2", reason="it writes nothing there"),
        ),
    ],
)
def test_what_cannot_be_known_is_never_assumed(shop: Shop, query: str, reason: str) -> None:
    """A model whose input has no version runs each time, and the report names the input."""
    other = shop.folder / "data" / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE src AS SELECT 1 AS id")
    with (shop.folder / "project.toml").open("a") as file:
        file.write(f"[attach.other]\npath = {json.dumps(str(other))}\n")
    shop.sql("CREATE TABLE main.src AS SELECT 1 AS id", "CREATE MACRO main.theirs(x) AS x")
    (shop.folder / "functions" / "m" / "dice.sql").write_text(
        "CREATE FUNCTION m.dice(x BIGINT) RETURNS DOUBLE AS (x * random())"
    )
    if "since" in query:
        (shop.folder / "functions" / "m" / "since.sql").write_text(
            "CREATE MACRO m.since(x, y := now()) AS epoch(y) - x"
        )
    shop.model("SELECT id, random() AS r FROM m.a", VIEW, "unsteady")
    shop.model("SELECT * FROM other.src", {"materialization": "ephemeral"}, "inline")
    shop.model(query, None, "t")
    shop.changed()

    again = shop.changed()

    assert "t" in again
    assert again["t"].reason.startswith(reason)


def test_python_and_hooks_are_never_assumed(shop: Shop) -> None:
    """What they read or write is not known; what reads a table of theirs runs after them."""
    shop.python(
        "import pyarrow\nfrom t4t_core import model\n\n\n@model()\ndef p():\n"
        "    return pyarrow.table({'id': [1]})\n",
        "p",
    )
    shop.model("SELECT * FROM m.p", None, "after")
    hooked = incremental("merge", lookback="1d") | {"post_hook": "UPDATE m.i SET c = NULL"}
    shop.model("SELECT id, c FROM m.a", hooked, "i")
    shop.model("SELECT * FROM m.i", None, "behind")
    shop.changed()

    again = shop.changed()

    assert {name: model.reason.rpartition("; ")[2] for name, model in again.items()} == {
        "p": "it is written in Python",
        "after": "m.p changed",
        "i": "it has hooks",
        "behind": "m.i has hooks",
    }


def test_a_part_of_an_incremental_model_is_not_its_whole(shop: Shop) -> None:
    """After a run of one window, after a reset and after a set watermark the next run is done."""
    project = shop.project(top=100)
    node = project.graph.node("m.i")
    window = read_window("2024-01-01", "2024-01-02")
    run_nodes(project, [node], Request(variables=project.variables, window=window))

    assert shop.changed()["i"].reason.endswith("its last run did not note what it read")
    shop.sql(
        "INSERT INTO _t4t.ledger SELECT model_name, version + 1, "
        'json_merge_patch(body, \'{"origin": "reset"}\'), NULL '
        "FROM _t4t.ledger WHERE model_name = 'm.i' ORDER BY version DESC LIMIT 1"
    )
    assert shop.changed()["i"].mode == "full"
    assert not shop.changed()


def test_rows_that_a_hook_wrote_count_once_the_hook_is_gone(shop: Shop) -> None:
    """What reads an incremental model runs after a run with hooks, though that counted no row."""
    plain = incremental("merge", lookback="1d")
    shop.model("SELECT id, c FROM m.a", plain, "i")
    shop.model("SELECT * FROM m.i", None, "behind")
    shop.changed()

    for is_run_again in (False, True):
        hook = {"post_hook": "UPDATE m.i SET id = id + 10 WHERE id < 100"}
        shop.model("SELECT id, c FROM m.a WHERE id > 99", plain | hook, "i")
        project = shop.project(top=100)
        request = Request(variables=project.variables, only_changed=True)
        run_nodes(project, [project.graph.node("m.i")], request)
        shop.model("SELECT id, c FROM m.a", plain, "i")
        project = shop.project(top=100)
        names = ["m.i", "m.behind"] if is_run_again else ["m.behind"]
        reports = run_nodes(project, [project.graph.node(name) for name in names], request).models

        assert reports[-1].mode == "full"
        assert shop.rows("SELECT id FROM m.behind") == shop.rows("SELECT id FROM m.i")


def test_a_wider_delete_is_done_each_time(shop: Shop) -> None:
    """The first run keeps rows that the next one deletes, from the same inputs."""
    wide = {"where_condition": "c > DATE '2000-01-01'", "allow_wider_delete": True}
    settings = incremental("delete_insert", start_date="2024-01-02", **wide)
    shop.model("SELECT id, c FROM m.a", settings, "i")
    shop.changed()
    before = shop.rows("SELECT id FROM m.i")

    reason = shop.changed()["i"].reason

    assert reason.endswith("it has a where_condition")
    assert (before, shop.rows("SELECT id FROM m.i")) == ([(1,), (2,)], [(2,)])


def test_a_window_that_follows_the_table_is_read_each_time(shop: Shop) -> None:
    """Where the newest rows left its source, the next run starts earlier than the last one."""
    shop.model("SELECT id, c FROM m.a", incremental("delete_insert"), "i")
    shop.model("SELECT id, c FROM m.a", incremental("delete_insert", start_date="2000-01-01"), "j")
    shop.changed()

    found = shop.changed()

    assert found["i"].reason.endswith("its start_date follows its own rows")
    assert "j" not in found


def test_another_dialect_is_another_query(shop: Shop) -> None:
    """The same text may mean something else: `||` is OR in MySQL."""
    shop.model("SELECT id || id AS twice FROM m.a", None, "t")
    shop.changed()
    settings = shop.folder / "project.toml"
    settings.write_text('source_sql_dialect = "mysql"\n' + settings.read_text())

    assert shop.changed()["t"].reason.startswith("the SQL dialect changed")
    assert shop.rows("SELECT twice FROM m.t") == [(True,), (True,)]


def test_a_start_of_today_is_another_one_tomorrow(shop: Shop) -> None:
    """A model that starts at CURRENT_DATE, by itself or by a variable, always runs."""
    settings = incremental("delete_insert", start_date="@from", where_condition="c >= @from")
    shop.model("SELECT id, c FROM m.a", settings, "i")
    today = {"from": "CURRENT_DATE"}
    shop.model("SELECT id, c FROM m.a", incremental("append", start_date="CURRENT_DATE"), "i")
    shop.changed(**today)

    assert set(shop.changed(**today)) == {"i"}


def test_a_view_that_its_file_does_not_say_is_not_looked_through(shop: Shop) -> None:
    """A model run over an older view runs again, though all that the files name is as it was."""
    shop.model("SELECT id, 7 AS twice FROM m.s", VIEW, "v")
    project = shop.project(top=100)
    request = Request(variables=project.variables, only_changed=True)

    for _ in range(2):
        (report,) = run_nodes(project, [project.graph.node("m.t")], request).models

        assert report.reason == "the view m.v was not made as its file says now"


def test_a_view_shows_what_its_tables_hold_now(shop: Shop) -> None:
    """A model behind a view runs when the view's table changed, though the view did not run."""
    shop.seed("1,2024-01-01", "2,2024-01-02", "3,2024-01-03")
    project = shop.project(top=100)
    request = Request(variables=project.variables, only_changed=True)
    nodes = [project.graph.node(f"m.{name}") for name in "sat"]

    reports = run_nodes(project, nodes, request).models

    assert [report.mode for report in reports] == ["full", "full", "full"]
    assert shop.rows("SELECT id FROM m.t") == [(1,), (2,), (3,)]


def test_a_seed_that_is_loaded_again_has_changed(shop: Shop) -> None:
    """It may take rows out that somebody had added by hand and that its readers have read."""
    shop.sql("INSERT INTO m.s VALUES (3, '2024-01-03')")
    assert shop.changed()["a"].reason == "m.s has 3 rows where its last run left 2"
    seeds = [shop.project().graph.node("m.s")]
    run_nodes(shop.project(), seeds, Request(full_refresh=True))

    assert shop.changed()["a"].reason == "m.s changed"
    assert shop.rows("SELECT id FROM m.t") == [(1,), (2,)]


def test_a_macro_above_a_function_of_duckdb_is_never_assumed(shop: Shop) -> None:
    """A macro of that name by hand is what the models call, so they run as long as it is there."""
    for name in ("upper", "string"):
        shop.sql(f"CREATE MACRO main.{name}(x) AS 'theirs'")

        assert shop.changed()["a"].reason == f"the database has a macro {name}"

        shop.sql(f"DROP MACRO main.{name}")
        assert not shop.changed()


def test_a_setting_of_the_connection_counts(shop: Shop) -> None:
    """With another time zone everything runs, since a cast may give other values."""
    project = shop.project(top=100)
    request = Request(variables=project.variables, only_changed=True)
    modes = []
    with duckdb.connect(str(shop.database)) as connection:
        for zone in ("Asia/Tokyo", "Asia/Tokyo", "America/New_York"):
            connection.execute(f"SET TimeZone = '{zone}'")
            with open_session(project, Warehouse.borrowed(connection)) as session:
                report = session.run(project.graph.node("m.a"), request)
            modes.append((report.mode, report.reason[:26]))

    assert modes[0] == ("full", "a setting of DuckDB change")
    assert modes[1][0] == "skipped"
    assert modes[2][0] == "full"


@pytest.mark.parametrize("seed", range(2))
def test_it_converges_with_running_everything(tmp_path: Path, seed: int) -> None:
    """After any edits, runs and failures the tables are those of a project that always runs all."""
    dice = random.Random(seed)  # noqa: S311  a test's dice, which must fall again as they fell
    lazy, eager = Shop(tmp_path / "lazy"), Shop(tmp_path / "eager")
    top, left = 100, 0
    for step in range(6):
        edit, number = dice.choice(_EDITS), dice.randint(1, 5)
        top = dice.choice((top, 100, 3))
        for shop in (lazy, eager):
            edit(shop, number)
        if step and dice.random() < 0.3:
            continue
        eager.plain(top=top)
        left += 6 - len(lazy.changed(top=top))

        assert lazy.tables() == eager.tables(), step
    assert left > 0


_EDITS: tuple[Callable[[Shop, int], object], ...] = (
    lambda shop, n: shop.seed(*(f"{k},2024-01-{k:02d}" for k in range(1, n + 1))),
    lambda shop, n: shop.function(f"x + {n}"),
    lambda shop, n: shop.a(f"id, c, m.f(id) * {n} AS twice"),
    lambda shop, n: shop.a(materialization="view" if n > 2 else "table"),
    lambda shop, n: shop.model(f"SELECT id, twice FROM m.a WHERE id > {n - 1}", VIEW, "v"),
    lambda shop, _: shop.sql("CREATE SCHEMA IF NOT EXISTS m", "DROP TABLE IF EXISTS m.t"),
    lambda shop, _: shop.state.unlink(missing_ok=True),
)
