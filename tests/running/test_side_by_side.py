"""Several models at a time leave what one after the other would, and tell the same."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from long_part import histories, played
from running_lab import Lab, Row, incremental

from t4t_core.planning.request import Request
from t4t_core.report import ModelReport, Report
from t4t_core.running.run import run_nodes

SOURCE = "CREATE OR REPLACE TABLE src AS SELECT i AS id, i AS c, i * 10 AS v FROM range(5) AS r(i)"
# It ends, since DuckDB 2.0 does not always hear that it is interrupted.
LENGTHY = "SELECT sum(i % 7) AS n FROM range(20000000000) AS r(i)"
KINDS: dict[str, dict[str, Any]] = {
    "view": {"materialization": "view"},
    "table": {"materialization": "table"},
    "ephemeral": {"materialization": "ephemeral"},
    "append": incremental("append", lookback=2),
    "merge": incremental("merge", lookback=2),
    "delete_insert": incremental("delete_insert", lookback=2),
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "p")
    lab.sql(SOURCE)
    return lab


def run(lab: Lab, threads: int, *select: str, **wishes: Any) -> Report:
    project = lab.project()
    request = Request(variables=project.variables, **wishes)
    return run_nodes(project, project.graph.select(select), request, threads=threads)


def statuses(report: Report) -> dict[str, str]:
    return {model.model_name.removeprefix("m."): model.status for model in report.models}


def function(lab: Lab, name: str, text: str) -> None:
    file = lab.folder / "functions" / "m" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


MEETING = """
import threading
from typing import Any
from t4t_core import functions

BARRIER = threading.Barrier(3, timeout=20)

@functions.python()
def met(x: int) -> int:
    return x + BARRIER.wait() * 0
"""


def test_models_that_do_not_read_each_other_run_at_the_same_time(lab: Lab) -> None:
    """Each of three is still being run when the others begin."""
    function(lab, "met.py", MEETING)
    for name in ("a", "b", "d"):
        lab.model("SELECT met(7) AS v", {"materialization": "table"}, name=name)

    report = run(lab, 3)

    assert statuses(report) == {"a": "success", "b": "success", "d": "success"}
    assert lab.sql("FROM m.a UNION ALL FROM m.b UNION ALL FROM m.d") == [(7,)] * 3
    assert len(lab.state_rows()) == 3


def chain(lab: Lab, count: int, metadata: dict[str, Any]) -> None:
    lab.model("SELECT count(*) AS n FROM main.src", metadata, name="n0")
    for at in range(1, count):
        lab.model(f"SELECT n + 1 AS n FROM n{at - 1}", metadata, name=f"n{at}")


@pytest.mark.parametrize("middle", ["ephemeral", "view", "table"])
def test_what_is_read_is_done_before(lab: Lab, middle: str) -> None:
    """Through models of any kind, and through views that the run leaves out."""
    chain(lab, 6, {"materialization": "table"})
    for at in (1, 2, 4):
        lab.model(f"SELECT n + 1 AS n FROM n{at - 1}", KINDS[middle], name=f"n{at}")
    run(lab, 4)
    lab.sql("INSERT INTO src SELECT * FROM src")

    run(lab, 4, "n0", "n3", "n5", *(() if middle != "table" else ("n1", "n2", "n4")))

    assert lab.sql("SELECT n FROM m.n5") == [(15,)]


@pytest.mark.parametrize("middle", ["ephemeral", "view"])
@pytest.mark.parametrize("threads", [1, 3])
def test_what_reads_a_failed_model_is_left_out(lab: Lab, middle: str, threads: int) -> None:
    """Also where it reads it through a model that the run leaves out."""
    lab.model("SELECT 1 AS n", {"materialization": "table"}, name="a")
    lab.model("SELECT n FROM a", KINDS[middle], name="b")
    lab.model("SELECT n FROM b", {"materialization": "table"}, name="d")
    lab.model("SELECT 2 AS n", {"materialization": "table"}, name="e")
    run(lab, threads)
    lab.model("SELECT error('no') AS n", {"materialization": "table"}, name="a")

    report = run(lab, threads, "a", "d", "e")

    assert statuses(report) == {"a": "failed", "d": "skipped", "e": "success"}
    assert lab.sql("SELECT n FROM m.d") == [(1,)]


def test_a_hook_writes_between_those_before_it_and_those_after_it(lab: Lab) -> None:
    """What nothing declares is read as one after the other."""
    lab.sql("CREATE TABLE log (name VARCHAR)")
    slow = "(SELECT sum(a.i * b.i) FROM range(2000) AS a(i), range(2000) AS b(i))"
    lab.model(f"SELECT count(*) AS n, {slow} AS s FROM main.log", KINDS["table"], name="a")
    hook = {"post_hooks": ["INSERT INTO main.log VALUES ('b')"]}
    lab.model("SELECT 1 AS n", KINDS["table"] | hook, name="b")
    lab.model("SELECT count(*) AS n FROM main.log", KINDS["table"], name="d")

    run(lab, 4)

    assert lab.sql("SELECT n FROM m.a UNION ALL SELECT n FROM m.d ORDER BY ALL") == [(0,), (1,)]


def test_a_table_that_the_run_leaves_out_stands_between(lab: Lab) -> None:
    """It holds what it held, so what reads it depends on nothing above it."""
    chain(lab, 3, KINDS["table"])
    run(lab, 1)
    lab.model("SELECT error('no') AS n", KINDS["table"], name="n0")

    assert statuses(run(lab, 2, "n0", "n2")) == {"n0": "failed", "n2": "success"}


def test_a_view_that_the_run_leaves_out_has_the_function_of_its_models(lab: Lab) -> None:
    """A function that an earlier model makes anew is what a later one reads through the view."""
    function(lab, "f.sql", "CREATE MACRO m.f(x) AS x + 1")
    slow = "(SELECT sum(a.i * b.i) FROM range(3000) AS a(i), range(3000) AS b(i))"
    lab.model(f"SELECT m.f(1) AS n, {slow} AS s", KINDS["table"], name="a")
    lab.model("SELECT m.f(1) AS n", KINDS["view"], name="v")
    lab.model("SELECT n FROM v", KINDS["table"], name="w")
    run(lab, 1)
    function(lab, "f.sql", "CREATE MACRO m.f(x) AS x + 2")

    run(lab, 2, "a", "w")

    assert lab.sql("SELECT n FROM m.w") == [(3,)]


def test_what_may_write_anything_runs_alone(lab: Lab) -> None:
    """A model with hooks, or in Python, finds no other begun that has not ended."""
    lab.sql("CREATE TABLE log (name VARCHAR, moment INTEGER)", "CREATE SEQUENCE s")
    for at in range(6):
        lab.model(f"SELECT {at} AS n, sum(v) AS v FROM main.src", KINDS["table"], name=f"t{at}")
    hooks = {
        "pre_hooks": ["INSERT INTO main.log SELECT 'begins', nextval('main.s')"],
        "post_hooks": ["INSERT INTO main.log SELECT 'ends', nextval('main.s')"],
    }
    for at in range(3):
        lab.model("SELECT 1 AS n", {"materialization": "table", **hooks}, name=f"h{at}")
    lab.python(
        "from t4t_core import model\n"
        "BUSY = []\n"
        "@model(materialization='table')\n"
        "def p1(context):\n"
        "    context.connection.execute(\"INSERT INTO main.log VALUES ('python', NULL)\")\n"
        "    return 'SELECT 1 AS n'\n",
        name="p1",
    )

    report = run(lab, 4)

    assert set(statuses(report).values()) == {"success"}
    logged = lab.sql("SELECT name FROM main.log ORDER BY moment")
    assert [name for (name,) in logged if name != "python"] == ["begins", "ends"] * 3


@pytest.mark.parametrize("is_again", [False, True], ids=["new", "changed"])
def test_models_share_new_schemas_and_functions(lab: Lab, is_again: bool) -> None:
    """A schema and a function that many models need are made once, by whichever comes first."""
    texts = {
        "f.sql": "CREATE MACRO m.f(x) AS g.half(x) * 2",
        "h.sql": "CREATE MACRO g.half(x) AS x",
    }
    for name, text in texts.items():
        function(lab, name, text)
    (lab.folder / "functions" / "g").mkdir()
    (lab.folder / "functions" / "m" / "h.sql").rename(lab.folder / "functions" / "g" / "half.sql")
    for at in range(12):
        lab.model(f"SELECT m.f({at}) AS v", {"materialization": "table"}, name=f"t{at}")
    if is_again:
        run(lab, 1)
        function(lab, "f.sql", "CREATE MACRO m.f(x) AS g.half(x) * 3")

    report = run(lab, 6)

    assert set(statuses(report).values()) == {"success"}, [m.error for m in report.models]
    times = 3 if is_again else 2
    assert lab.sql("SELECT v FROM m.t7") == [(7 * times,)]
    versions = lab.sql("SELECT version FROM _t4t.commits WHERE model_name = 'm.f()' ORDER BY ALL")
    assert versions == [(1,), (2,)][: 1 + is_again]


def test_a_schema_is_made_after_the_first_model_of_it_failed(lab: Lab) -> None:
    """What a failed transaction took back is made by the next."""
    for at in range(4):
        lab.model(f"SELECT error('{at}') AS v", {"materialization": "table"}, name=f"a{at}")
        lab.model(f"SELECT {at} AS v", {"materialization": "table"}, name=f"b{at}")

    found = statuses(run(lab, 8))

    assert found == {f"a{n}": "failed" for n in range(4)} | {f"b{n}": "success" for n in range(4)}


class RefusedError(Exception):
    """Raised where the run's caller is told of a report."""


def test_an_error_outside_the_models_stops_the_others(lab: Lab) -> None:
    """What runs beside it is interrupted and rolled back; what has ended stays."""
    lab.model("SELECT 1 AS n", {"materialization": "table"}, name="a")
    lab.model(LENGTHY, {"materialization": "table"}, name="b")
    project = lab.project()

    def refuse(_: ModelReport) -> None:
        raise RefusedError

    with pytest.raises(RefusedError):
        run_nodes(project, project.graph.select(), Request(), refuse, threads=2)

    assert lab.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'm'") == [("a",)]
    assert [row[0] for row in lab.state_rows()] == ["m.a"]
    lab.model("SELECT 2 AS n", {"materialization": "table"}, name="b")
    assert statuses(run(lab, 2)) == {"a": "success", "b": "success"}


def test_ctrl_c_stops_all_of_them(
    lab: Lab, t4t_started: Callable[..., subprocess.Popen[str]]
) -> None:
    """The process ends as it does with one at a time, and nothing half-done stays."""
    for name in ("a", "b", "d"):
        lab.model(LENGTHY, {"materialization": "table"}, name=name)

    process = t4t_started("run", lab.folder, "--threads", "3")
    assert process.stderr is not None
    begun: list[str] = []
    while sum("Executing model" in line for line in begun) < 3:
        begun.append(process.stderr.readline())
        assert begun[-1], begun
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()

    assert process.wait() == 130
    assert "Traceback" not in rest
    assert lab.sql("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'm'") == [(0,)]
    assert lab.ledger() == []


def test_ctrl_c_while_a_thread_begins_stops_what_it_was_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model may have begun by then; it is rolled back before the database is closed."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    lab.model(LENGTHY, {"materialization": "table"}, name="a")
    monkeypatch.setattr(threading.Thread, "start", interrupted)

    with pytest.raises(KeyboardInterrupt):
        run(lab, 2)

    monkeypatch.undo()
    assert lab.ledger() == []
    lab.model("SELECT 1 AS n", {"materialization": "table"}, name="a")
    assert statuses(run(lab, 2)) == {"a": "success"}


@pytest.mark.parametrize("is_again", [False, True], ids=["new", "changed"])
def test_a_test_finds_the_function_that_an_earlier_model_makes(lab: Lab, is_again: bool) -> None:
    """Of one that a model calls, the test finds what it would find one after the other."""
    slow = "(SELECT sum(a.i * b.i) FROM range(3000) AS a(i), range(3000) AS b(i))"
    (lab.folder / "tests").mkdir()
    (lab.folder / "tests" / "known.sql").write_text("SELECT id FROM @table_name WHERE m.g(id) <> 2")
    function(lab, "g.sql", "CREATE MACRO m.g(x) AS m.f(x)")
    function(lab, "f.sql", "CREATE MACRO m.f(x) AS x + 1")
    lab.model(f"SELECT m.f(1) AS id, {slow} AS n", {"materialization": "table"}, name="a")
    lab.model("SELECT 1 AS id", {"materialization": "table", "tests": ["known"]}, name="b")
    if is_again:
        run(lab, 1, with_tests=True)
        function(lab, "f.sql", "CREATE MACRO m.f(x) AS x + 2")

    report = run(lab, 2, with_tests=True)

    assert [test.status for test in report.tests] == ["failed" if is_again else "passed"]


def test_the_first_of_several_culprits_is_named(lab: Lab) -> None:
    """Whatever order sets have in this process."""
    for name in "abcdefgh":
        lab.model(f"SELECT error('{name}') AS n", {"materialization": "table"}, name=name)
    lab.model("FROM h, g, f, e, d, c, b, a", {"materialization": "table"}, name="z")

    (left_out,) = (model for model in run(lab, 2).models if model.model_name == "m.z")

    assert left_out.reason == "m.a failed"


def told(report: Report, folder: Path) -> tuple[object, ...]:
    """What a report says, without moments, times and the project's folder."""
    models = [
        (
            *(model.model_name, model.status, model.mode),
            re.sub(r"since [0-9: -]+ UTC", "", model.reason),
            re.sub(r"Did you mean .*", "", str(model.error).replace(str(folder), "")),
            *(model.rows_inserted, model.rows_updated, model.rows_deleted, model.row_count),
            model.watermark,
        )
        for model in report.models
    ]
    tests = [(test.model_name, test.name, test.status, test.failures) for test in report.tests]
    return report.status, models, sorted(tests)


class Twins:
    """Two projects of the same files over the same rows."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.labs = (Lab(folder / "one"), Lab(folder / "many"))
        self.chance = chance
        self.count = chance.randint(4, 12)
        self.tables: list[str] = []
        self.sql(SOURCE)
        self.sql("CREATE SCHEMA m")
        for at in range(self.count):
            self._model(at)

    def sql(self, statement: str) -> None:
        for lab in self.labs:
            lab.sql(statement)

    def _model(self, at: int) -> None:
        name = f"t{at}"
        kind = self.chance.choice([*KINDS])
        reads = self.chance.sample(["main.src", *self.tables], min(at + 1, 2))
        parts = [f"SELECT id, c, v + {at} AS v FROM {table}" for table in reads]
        query = (
            f"SELECT id, max(c) AS c, max(v) AS v FROM ({' UNION ALL '.join(parts)}) GROUP BY id"
        )
        if self.chance.random() < 0.2:
            query = query.replace("max(v) AS v", "if(max(v) > 90, error('high'), max(v)) AS v")
        metadata = dict(KINDS[kind])
        if self.chance.random() < 0.5:
            other = self.chance.choice([f"m.t{number}" for number in range(self.count)])
            severity = self.chance.choice(["error", "warn"])
            metadata["schema"] = [
                {
                    "name": "id",
                    "tests": [
                        "not_null",
                        {
                            "name": "relationships",
                            "params": {"to": other, "field": "id"},
                            "severity": severity,
                        },
                    ],
                },
            ]
        if kind != "ephemeral" and self.chance.random() < 0.15:
            metadata["pre_hooks"] = [f"INSERT INTO main.src VALUES (90, 3, {at})"]
        for lab in self.labs:
            lab.model(query, metadata, name=name)
        self.tables.append(f"m.{name}")

    def rows(self) -> tuple[dict[str, Sequence[Row]], ...]:
        found = []
        for lab in self.labs:
            names = lab.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'm'")
            found.append({str(name): lab.rows(f'FROM m."{name}"') for (name,) in sorted(names)})
        return tuple(found)


@histories(3, 60)
@given(seed=st.integers(0, 2**32), threads=st.integers(2, 6))
def test_nothing_shows_how_many_ran_at_a_time(
    tmp_path_factory: pytest.TempPathFactory, seed: int, threads: int
) -> None:
    """Tables, reports, tests and the ledger are those of one after the other, in any history."""
    chance = random.Random(seed)  # noqa: S311  no secret
    twins = Twins(tmp_path_factory.mktemp("twins"), chance)
    one, many = twins.labs

    for turn in range(3):
        wishes = {"with_tests": chance.random() < 0.5, "only_changed": chance.random() < 0.4}
        names = [f"t{at}" for at in range(twins.count) if chance.random() < 0.8] or ["t0"]
        select = names if chance.random() < 0.4 else ()
        alone = run(one, 1, *select, **wishes)
        beside = run(many, threads, *select, **wishes)
        played["runs"] += 2

        assert told(alone, one.folder) == told(beside, many.folder)
        first, second = twins.rows()
        assert first == second
        assert [row[:3] for row in one.ledger()] == [row[:3] for row in many.ledger()]
        assert len(one.state_rows()) == len(many.state_rows())
        twins.sql(f"INSERT INTO src SELECT i, {turn} + i, i * 25 FROM range(2, {6 + turn}) AS r(i)")
    played["histories"] += 1


def test_the_report_is_in_the_order_of_the_models(lab: Lab) -> None:
    """Whichever ends first."""
    chain(lab, 3, {"materialization": "table"})
    slow = "SELECT sum(a.i * b.i) AS n FROM range(3000) AS a(i), range(1000) AS b(i)"
    lab.model(slow, {"materialization": "table"}, name="aa")

    names = [model.model_name for model in run(lab, 2).models]

    project = lab.project()
    assert names == [str(node) for node in project.graph.select()]
    assert all(names.index(f"m.n{a}") < names.index(f"m.n{b}") for a, b in pairwise(range(3)))


@pytest.mark.parametrize(("flags", "given"), [(3, ()), (1, ("--threads", "3"))])
def test_the_number_comes_from_the_project_or_the_command(
    lab: Lab, t4t_process: Any, flags: int, given: tuple[str, ...]
) -> None:
    """`[flags] threads` is the default of `--threads`."""
    function(lab, "met.py", MEETING)
    text = (lab.folder / "project.toml").read_text()
    (lab.folder / "project.toml").write_text(text.replace("[flags]", f"[flags]\nthreads = {flags}"))
    for name in ("a", "b", "d"):
        lab.model("SELECT met(7) AS v", {"materialization": "table"}, name=name)

    done = t4t_process("run", lab.folder, "--json", *given)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "success"


def test_log_lines_say_which_model_they_are_of(lab: Lab, t4t_process: Any) -> None:
    """Lines of several models stand among each other."""
    for name in ("a", "b"):
        lab.model("SELECT id, c FROM main.src", incremental("merge"), name=name)
    run(lab, 1)

    done = t4t_process("run", lab.folder, "--threads", "2")

    lines = [line for line in done.stderr.splitlines() if line.startswith("INFO - ")]
    assert sorted(line for line in lines if "DuckDBAdapter" in line) == [
        f"INFO - DuckDBAdapter - m.{name}: Executed incremental merge" for name in ("a", "b")
    ]
    assert all(("m.a" in line) is not ("m.b" in line) for line in lines)


def test_log_lines_of_other_threads_stand_as_they_are(lab: Lab, t4t_process: Any) -> None:
    """Those of a user's own threads are of no model."""
    lab.python(
        "import logging\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from t4t_core import model\n"
        "@model(materialization='table')\n"
        "def p():\n"
        "    with ThreadPoolExecutor(1) as pool:\n"
        "        pool.submit(logging.getLogger('own').warning, 'called').result()\n"
        "    return 'SELECT 1 AS n'\n",
        name="p",
    )

    done = t4t_process("run", lab.folder)

    assert "WARNING - own - called" in done.stderr.splitlines()
