"""Leaving models as they are that read local files."""

from __future__ import annotations

import copy
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from running_lab import Lab

from t4t_core.engines import file_stamps
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running.run import run_nodes

VIEW = {"materialization": "view"}


class Files(Lab):
    """Table `m.a` over `raw/*.csv`, `m.p` over a Parquet file, `m.t` over a view `m.v` of JSON.

    `m.i` reads an ephemeral model over the same JSON and Parquet files.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "raw").mkdir()
        self.csv("one", 1)
        self.csv("two", 2)
        self.json(1)
        self.parquet(1)
        self.model("SELECT * FROM read_csv('raw/*.csv', header = true)", None, "a")
        self.model("SELECT * FROM 'raw/p.parquet'", None, "p")
        self.model("SELECT * FROM read_json(['raw/j.json'], format := 'auto')", VIEW, "v")
        self.model("SELECT * FROM m.v", None, "t")
        query = "SELECT j.id, p.id AS p FROM read_json(@path) AS j, read_parquet('raw/p*') AS p"
        self.model(query, {"materialization": "ephemeral"}, "e")
        self.model("SELECT * FROM m.e", None, "i")

    def csv(self, name: str, number: int) -> None:
        (self.folder / "raw" / f"{name}.csv").write_text(f"id\n{number}\n")

    def json(self, number: int) -> None:
        (self.folder / "raw" / "j.json").write_text(f'{{"id": {number}}}\n')

    def parquet(self, number: int) -> None:
        file = self.folder / "raw" / "p.parquet"
        duckdb.sql(f"COPY (SELECT {number} AS id) TO '{file}'")

    def changed(self, **variables: object) -> dict[str, ModelReport]:
        return super().changed(**{"path": "raw/j.json", **variables})

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        return {name: self.rows(f"SELECT * FROM m.{name}") for name in "apvti"}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old as soon as they are written."""
    monkeypatch.setattr(file_stamps, "_SETTLED_NS", 0)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A project over files in which everything has run once."""
    lab = Files(tmp_path_factory.mktemp("files") / "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_stamps, "_SETTLED_NS", 0)
        lab.changed()
    return lab


@pytest.fixture
def lab(ran: Files, tmp_path: Path) -> Files:
    """A project of its own, whose files were copied and which has run since."""
    lab = copy.copy(ran)
    lab.folder = tmp_path / "shop"
    shutil.copytree(ran.folder, lab.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_stamps, "_SETTLED_NS", 0)
        lab.changed()
    return lab


def _rewritten_in_secret(lab: Files) -> None:
    """As many bytes, and the time that the file had."""
    file = lab.folder / "raw" / "one.csv"
    before = file.stat()
    lab.csv("one", 7)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _replaced_in_secret(lab: Files) -> None:
    """By a file of another place, renamed, with the same size and time."""
    file = lab.folder / "raw" / "one.csv"
    before = file.stat()
    other = lab.folder / "other"
    other.write_text("id\n7\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)


def _linked(lab: Files) -> None:
    file = lab.folder / "raw" / "one.csv"
    other = lab.folder / "other"
    file.rename(other)
    file.symlink_to(other)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("edit", "found"),
    [
        pytest.param(lambda _: None, "", id="nothing"),
        pytest.param(lambda lab: lab.csv("one", 7), "a", id="rewritten"),
        pytest.param(_rewritten_in_secret, "a", id="rewritten-in-secret"),
        pytest.param(_replaced_in_secret, "a", id="replaced-in-secret"),
        pytest.param(_linked, "a", id="linked"),
        pytest.param(lambda lab: lab.csv("three", 7), "a", id="new"),
        pytest.param(lambda lab: (lab.folder / "raw" / "two.csv").unlink(), "a", id="gone"),
        pytest.param(
            lambda lab: (lab.folder / "raw" / "two.csv").rename(lab.folder / "raw" / "x.csv"),
            "a",
            id="renamed",
        ),
        pytest.param(lambda lab: lab.json(7), "vti", id="under-a-view"),
        pytest.param(lambda lab: lab.parquet(7), "pi", id="parquet"),
        pytest.param(lambda lab: (lab.folder / "raw" / "note.md").write_text("x"), "", id="other"),
    ],
)
def test_a_file_that_changed_makes_run_what_reads_it(
    lab: Files, edit: Callable[[Files], object], found: str
) -> None:
    """A model runs where a file of its names changed, came or went; afterwards nothing does."""
    edit(lab)

    assert set(lab.changed()) == set(found)
    assert not lab.changed()
    assert lab.sql("SELECT sum(id)::INT FROM m.a") == lab.sql(
        f"SELECT sum(id)::INT FROM '{lab.folder}/raw/*.csv'"
    )


@pytest.mark.usefixtures("settled")
def test_the_report_says_which_file(lab: Files) -> None:
    """Another value of a variable is another file; both are named."""
    lab.csv("one", 7)
    (lab.folder / "raw" / "k.json").write_text('{"id": 4}\n')

    found = lab.changed(path="raw/k.json")

    raw = lab.folder / "raw"
    assert found["a"].reason == f"{str(raw / '*.csv')!r} changed"
    assert f"it reads {str(raw / 'k.json')!r} now" in found["i"].reason
    assert lab.rows("SELECT id FROM m.i") == [(4,)]


def test_a_file_that_was_just_written_is_not_known(lab: Files) -> None:
    """A second write within a tick of the clock would not show, so the model runs once more."""
    lab.csv("one", 7)

    for _ in range(2):
        assert lab.changed()["a"].reason.endswith("one.csv' was written a moment ago")


@pytest.mark.usefixtures("settled")
def test_a_file_of_tomorrow_is_not_known(lab: Files) -> None:
    """Its time says nothing of when it was written."""
    os.utime(lab.folder / "raw" / "one.csv", (4e9, 4e9))

    for _ in range(2):
        assert lab.changed()["a"].reason.endswith("one.csv' was written a moment ago")


@pytest.mark.usefixtures("settled")
def test_what_is_written_while_a_model_runs_is_read_by_the_next_run(
    lab: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamp is from before the model reads, so it is never that of rows that were not read."""
    stamp = file_stamps.file_stamp

    def stamped(*arguments: object) -> str:
        found = stamp(*arguments)  # type: ignore[arg-type]  # handed on
        lab.csv("one", 8)
        return found

    with monkeypatch.context() as patch:
        patch.setattr("t4t_core.running.unchanged.file_stamp", stamped)
        lab.csv("one", 7)
        assert "a" in lab.changed()
        lab.csv("one", 9)

    assert set(lab.changed()) == {"a"}
    assert lab.rows("SELECT id FROM m.a") == [(2,), (9,)]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM read_csv('RAW/' || 'one.csv')", "read_csv() is called on no plain text"),
        ("SELECT * FROM read_csv('raw/one.csv', store_rejects = true)", "takes store_rejects"),
        ("SELECT * FROM glob('raw/*.csv')", "glob() may give something else each time"),
        ("SELECT * FROM sniff_csv('raw/one.csv')", "sniff_csv() may give something else each time"),
        ("SELECT * FROM m.lines('raw/one.csv')", "read_text() may give something else each time"),
        ("SELECT * FROM m.all_lines()", "a function reads the file 'raw/one.csv'"),
        ("SELECT * FROM read_csv('file:RAW/one.csv')", "is no local file"),
        ("SELECT * FROM read_text('raw')", "no file is called"),
        ("SELECT content FROM read_text('/proc/sys/kernel/ostype')", "is no file on a disk"),
        pytest.param(
            "SELECT content FROM read_text('/dev/null')",
            "is no file on a disk",
            marks=pytest.mark.skipif(duckdb.__version__ < "2", reason="it lists no device there"),
        ),
        ("SELECT *, now() AS at FROM 'raw/one.csv'", "now() may give something else each time"),
    ],
)
def test_files_that_the_text_does_not_say_are_never_assumed(
    lab: Files, query: str, reason: str
) -> None:
    """A name that is computed, a file elsewhere, or an option with files makes a model run."""
    functions = lab.folder / "functions" / "m"
    functions.mkdir(parents=True)
    (functions / "lines.sql").write_text("CREATE MACRO m.lines(f) AS TABLE FROM read_text(f)")
    (functions / "all_lines.sql").write_text(
        "CREATE MACRO m.all_lines() AS TABLE SELECT * FROM 'raw/one.csv'"
    )
    lab.model(query.replace("RAW", str(lab.folder / "raw")), None, "x")
    project = lab.project(path="raw/j.json")
    request = Request(variables=project.variables, only_changed=True)
    nodes = [project.graph.node("m.x")]
    run_nodes(project, nodes, request)

    (again,) = run_nodes(project, nodes, request).models

    assert again.mode != "skipped"
    assert reason in again.reason


@pytest.mark.usefixtures("settled")
def test_a_setting_by_which_a_file_gives_other_values_counts(lab: Files) -> None:
    """Where binary data is text, what reads a Parquet file of it runs."""
    file = lab.folder / "raw" / "binary.parquet"
    duckdb.sql("SELECT 'a'::BLOB AS b").write_parquet(str(file))
    lab.model("SELECT typeof(b) AS kind FROM 'raw/binary.parquet'", None, "x")
    lab.changed()

    with duckdb.connect(str(lab.database)) as held:
        held.execute("SET GLOBAL binary_as_string = true")
        assert "x" in lab.changed()

    assert lab.rows("SELECT kind FROM m.x") == [("VARCHAR",)]
    assert "x" in lab.changed()
    assert lab.rows("SELECT kind FROM m.x") == [("BLOB",)]


@pytest.mark.usefixtures("settled")
def test_a_table_or_macro_in_the_place_of_files_is_never_assumed(lab: Files) -> None:
    """DuckDB reads a table that has a file's name, and calls somebody's macro before its own."""
    name = lab.folder / "raw" / "p.parquet"
    lab.sql(f'CREATE TABLE main."{name}" AS SELECT 1 AS id')
    assert {"p"} == set(lab.changed())
    assert lab.changed()["p"].reason == f"a table has the name {str(name)!r}"

    lab.sql("CREATE MACRO main.read_csv(x, header) AS TABLE SELECT 1 AS id")
    assert lab.changed()["a"].reason == "the database has a macro read_csv"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("seed", range(2))
def test_it_converges_with_running_everything(tmp_path: Path, seed: int) -> None:
    """After any edits of files and runs the tables are those of a project that always runs all."""
    dice = random.Random(seed)  # noqa: S311  a test's dice, which must fall again as they fell
    lazy, eager = Files(tmp_path / "lazy"), Files(tmp_path / "eager")
    left = 0
    for step in range(6):
        edit, number = dice.choice(_EDITS), dice.randint(1, 9)
        for lab in (lazy, eager):
            edit(lab, number)
        if step and dice.random() < 0.3:
            continue
        assert eager.report(path="raw/j.json").status == "success"
        left += 5 - len(lazy.changed())

        assert lazy.tables() == eager.tables(), step
    assert left > 0


_EDITS: tuple[Callable[[Files, int], object], ...] = (
    lambda lab, n: lab.csv("one", n),
    lambda lab, n: lab.csv(f"new{n % 3}", n),
    lambda lab, n: (lab.folder / "raw" / f"new{n % 3}.csv").unlink(missing_ok=True),
    lambda lab, n: lab.json(n),
    lambda lab, n: lab.parquet(n),
    lambda lab, _: _rewritten_in_secret(lab),
    lambda lab, n: lab.model(f"SELECT id + {n} AS id FROM m.v", None, "t"),
)
