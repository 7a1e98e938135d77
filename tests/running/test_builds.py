"""A build runs tests where they can still stop a table, and in an order that they can trust."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from running_lab import Lab, incremental

from t4t_core.data_tests.alone import tables_tested
from t4t_core.errors import DatabaseError
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport, Report
from t4t_core.running.run import run_nodes
from t4t_core.windows.window import Backfill, read_batch_size, read_window

NOT_NULL = {"schema": [{"name": "id", "tests": ["not_null"]}]}


def build(lab: Lab, *select: str, backfill: Backfill | None = None) -> Report:
    project = lab.project()
    request = Request(variables=project.variables, with_tests=True, backfill=backfill)
    return run_nodes(project, project.graph.select(select), request)


def of(report: Report, name: str) -> ModelReport:
    return next(model for model in report.models if model.model_name == f"m.{name}")


def statuses(report: Report) -> dict[str, str]:
    return {f"{test.name} of {test.model_name}": test.status for test in report.tests}


@pytest.mark.parametrize(
    "metadata",
    [
        {"materialization": "table"},
        {"materialization": "view"},
        incremental("append"),
        incremental("merge", unique_key=["v"]),
        incremental("delete_insert"),
    ],
    ids=["table", "view", "append", "merge", "delete_insert"],
)
def test_a_failing_test_publishes_nothing(lab: Lab, metadata: dict[str, Any]) -> None:
    """Table, watermark, ledger and state stay, readers are left out, and it heals by itself."""
    lab.sql("CREATE TABLE src (id INTEGER, c TIMESTAMP, v VARCHAR)")
    lab.sql("INSERT INTO src VALUES (1, '2024-01-03', 'a')")
    lab.model("SELECT * FROM src WHERE v <> 'no'", metadata | NOT_NULL)
    lab.model("SELECT id FROM t", NOT_NULL, name="reader")
    assert build(lab).status == "success"
    lab.sql("INSERT INTO src VALUES (NULL, '2024-01-04', 'b')")
    view = metadata["materialization"] == "view"
    before = lab.everything()

    report = build(lab)

    assert lab.everything() == before
    failed = of(report, "t")
    assert failed.status == report.status == "failed"
    assert "a test failed, so nothing was published: not_null(id) (1 row)" in str(failed.error)
    assert failed.tests[0].sample[0][0] is None
    assert of(report, "reader").status == "skipped"
    assert statuses(report) == {
        "not_null(id) of m.t": "failed",
        "not_null(id) of m.reader": "skipped",
    }
    lab.sql("UPDATE src SET id = 2 WHERE id IS NULL")
    assert build(lab).status == "success"
    assert view or len(lab.rows()) == 2


def test_a_first_build_that_fails_leaves_no_table(lab: Lab) -> None:
    """After it the table is not there, and a run without tests publishes it."""
    lab.model("SELECT NULL AS id", NOT_NULL)

    assert build(lab).status == "failed"

    assert lab.rows("SELECT 1 FROM information_schema.tables WHERE table_schema = 'm'") == []
    assert lab.run().tests == ()
    assert lab.rows() == [(None,)]


def test_tests_of_rows_that_could_not_be_committed_have_found_nothing(lab: Lab) -> None:
    """They passed on rows that were taken back; the table is the one of before."""
    lab.sql("CREATE TABLE src AS SELECT 1 AS id")
    lab.model("SELECT * FROM src", NOT_NULL)
    full = DatabaseError("the disk is full", sql="COMMIT")

    with patch("t4t_core.running.one_model.write_commit", side_effect=full):
        report = build(lab)

    assert of(report, "t").status == "failed"
    assert statuses(report) == {"not_null(id) of m.t": "skipped"}
    assert statuses(build(lab)) == {"not_null(id) of m.t": "passed"}


def test_warnings_publish(lab: Lab) -> None:
    """A warning that fails, or cannot even be carried out, takes nothing back."""
    tests: list[object] = [
        {"name": "not_null", "severity": "warning"},
        {"name": "expression", "params": {"expression": "nope > 1"}, "severity": "warning"},
        "unique",
    ]
    lab.model("SELECT NULL AS id", {"schema": [{"name": "id", "tests": tests}]})
    lab.model("SELECT id FROM t", name="reader")

    report = build(lab)

    assert of(report, "t").status == of(report, "reader").status == "success"
    assert list(statuses(report).values()) == ["passed", "warned", "error"]
    assert report.status == "failed"  # what could not be tested was not tested
    assert lab.rows() == [(None,)]


def test_an_error_in_the_transaction_skips_the_tests_after_it(lab: Lab) -> None:
    """The failed ones before it are still told."""
    tests = [
        "not_null",
        {"name": "expression", "params": {"expression": "error('no') IS NULL"}},
        "unique",
    ]
    lab.model("SELECT NULL AS id", {"schema": [{"name": "id", "tests": tests}]})

    report = build(lab)

    assert list(statuses(report).values()) == ["failed", "error", "skipped"]
    assert "2 tests failed" in str(of(report, "t").error)


def relationship(to: str) -> dict[str, Any]:
    test = {"name": "relationships", "params": {"to": to, "field": "id"}}
    return {"schema": [{"name": "id", "tests": [test]}]}


def test_what_a_test_looks_at_is_built_before(lab: Lab) -> None:
    """An unrelated table is built first, and so is a seed, though the names sort otherwise."""
    lab.sql("CREATE TABLE src AS SELECT 1 AS id")
    lab.model("SELECT id FROM src", relationship("m.z"), name="a")
    lab.model("SELECT id FROM src", relationship("m.seeded"), name="z")
    (lab.folder / "seeds" / "m").mkdir(parents=True)
    seed = lab.folder / "seeds" / "m" / "seeded.csv"
    seed.write_text("id\n1\n")
    assert build(lab).status == "success"
    lab.sql("INSERT INTO src VALUES (2)")
    seed.write_text("id\n1\n2\n")

    report = build(lab)

    assert [model.model_name for model in report.models] == ["m.seeded", "m.z", "m.a"]
    assert report.status == "success", report.failed


def test_a_test_of_a_later_table_waits_for_it(lab: Lab) -> None:
    """It runs once both are built; what then reads them is left out where it fails."""
    lab.sql("CREATE TABLE src AS SELECT 1 AS id")
    lab.model("SELECT id FROM src", relationship("m.next"), name="t")
    lab.model("SELECT id FROM t", name="next")
    lab.model("SELECT id FROM next", name="last")
    assert build(lab).status == "success"
    lab.sql("INSERT INTO src VALUES (2)")
    grown = build(lab)
    lab.model("SELECT id FROM t WHERE id < 2", name="next")

    broken = build(lab)

    assert grown.status == "success"
    assert of(broken, "t").status == of(broken, "next").status == "success"
    assert of(broken, "last").status == "skipped"
    assert of(broken, "last").reason == "a test of m.t failed"
    assert statuses(broken) == {"relationships(id) of m.t": "failed"}
    alone = build(lab, "t")
    assert statuses(alone) == {"relationships(id) of m.t": "failed"}


def test_a_test_that_waits_for_a_failed_table_is_skipped(lab: Lab) -> None:
    """It says nothing about rows that were never to be seen together."""
    lab.model("SELECT 1 AS id", relationship("m.next"))
    lab.model("SELECT error('broken') AS id FROM t", name="next")

    report = build(lab)

    assert statuses(report) == {"relationships(id) of m.t": "skipped"}
    assert report.tests[0].error == "m.next failed"


def test_failing_tests_of_ephemeral_models_and_seeds_stop_their_readers(lab: Lab) -> None:
    """An ephemeral model is tested before what reads it; a seed's SQL tests once it is loaded."""
    lab.model("SELECT NULL AS id", {"materialization": "ephemeral"} | NOT_NULL, name="inlined")
    lab.model("SELECT id FROM inlined", name="reader")
    (lab.folder / "seeds" / "m").mkdir(parents=True)
    (lab.folder / "seeds" / "m" / "seeded.csv").write_text("id\n1\n")
    (lab.folder / "tests").mkdir()
    (lab.folder / "tests" / "of_seed.sql").write_text("SELECT * FROM m.seeded")
    lab.model("SELECT id FROM m.seeded", name="of_seed")

    report = build(lab)

    assert of(report, "seeded").status == "success"
    assert {m.model_name: m.reason for m in report.skipped} == {
        "m.reader": "a test of m.inlined failed",
        "m.of_seed": "a test of m.seeded failed",
    }


def test_python_models_are_tested_too(lab: Lab) -> None:
    """Rows that a function returns are looked at in the transaction that writes them."""
    lab.python(
        "from t4t_core import model\n"
        "import pyarrow as pa\n"
        "@model('m.t', schema=[{'name': 'id', 'tests': ['unique']}])\n"
        "def t() -> pa.Table:\n"
        "    return pa.table({'id': [1, 1]})\n"
    )

    report = build(lab)

    assert "unique(id) (1 row)" in str(of(report, "t").error)
    assert report.tests[0].sample == (("1", "2"),)


def test_tests_call_functions_of_the_project(lab: Lab) -> None:
    """A build makes what only a test calls; `t4t test` finds it."""
    (lab.folder / "functions" / "m").mkdir(parents=True)
    (lab.folder / "functions" / "m" / "twice.sql").write_text(
        "CREATE FUNCTION m.twice(x) AS m.once(x) * 2"
    )
    (lab.folder / "functions" / "m" / "once.sql").write_text("CREATE FUNCTION m.once(x) AS x")
    test = {"name": "expression", "params": {"expression": "twice(id) > 2"}}
    lab.model("SELECT 1 AS id", {"tests": [test | {"severity": "warning"}]})

    built = build(lab)
    project = lab.project()
    looked = tables_tested(project, project.models, Request())

    assert list(statuses(built).values()) == list(statuses(looked).values()) == ["warned"]


def test_each_batch_of_a_backfill_is_tested(lab: Lab) -> None:
    """The batch that breaks a rule is not committed; warnings run once, when all are done."""
    lab.sql(
        "CREATE TABLE src AS SELECT i AS id, make_timestamp(2024, 1, i, 0, 0, 0) AS c, 'v' AS v"
        " FROM range(1, 5) AS r(i)"
    )
    tests = [{"name": "row_count_gt_0", "severity": "warning"}]
    lab.model("SELECT * FROM src", incremental("append") | {**NOT_NULL, "tests": tests})
    asked = Backfill(read_window("2024-01-01", "2024-01-05"), read_batch_size("1 day"))
    lab.sql("UPDATE src SET id = NULL WHERE id = 3")

    broken = build(lab, backfill=asked)
    after = lab.rows("SELECT day(c) FROM m.t")
    lab.sql("UPDATE src SET id = 3 WHERE id IS NULL")
    mended, again = build(lab, backfill=asked), build(lab, backfill=asked)

    assert after == [(1,), (2,)]
    assert list(statuses(broken).values()) == ["failed", "skipped"]
    assert "batch 3 of 4" in str(of(broken, "t").error)
    assert list(statuses(mended).values()) == list(statuses(again).values()) == ["passed"] * 2
    assert len(lab.rows()) == 4
