"""Python models: every form of result, with every strategy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from running_lab import Lab, incremental

from t4t_core.commands.preview import planned_models
from t4t_core.planning.request import Request

Source = Callable[..., None]

BODIES = {
    "sql": "def t(src) -> str:\n    return 'SELECT id, c, v FROM src'",
    "pandas": "import pandas as pd\ndef t(src: pd.DataFrame):\n    return src",
    "polars": "import polars as pl\ndef t(src: pl.DataFrame):\n    return src",
    "pyarrow": "import pyarrow as pa\ndef t(src: pa.Table):\n    return src",
    "relation": "def t(src):\n    return src.filter('true')",
    "connection": "def t(context):\n    return context.connection.sql('FROM src')",
    "local frame": "def t(src, context):\n    df = src.df()\n"
    "    return context.connection.sql('SELECT * FROM df')",
}


def declared(body: str, strategy: str) -> str:
    settings = incremental(strategy, lookback="1 day")
    head, _, rest = body.rpartition("def t(")
    return (
        f"from t4t_core import model\n{head}\n"
        f"@model(materialization='incremental', incremental={settings['incremental']!r})\n"
        f"def t({rest}\n"
    )


@pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
@pytest.mark.parametrize("form", sorted(BODIES))
def test_every_form_with_every_strategy(lab: Lab, source: Source, form: str, strategy: str) -> None:
    """What a function returns is appended, merged or replaced as a query's rows are."""
    source((1, 3, "a"), (2, 5, "b"))
    lab.python(declared(BODIES[form], strategy))
    first = lab.run()
    source((1, 5, "z"), (3, 6, "c"))

    later = lab.run()
    again = lab.run()

    assert (first.mode, later.mode) == ("full", "incremental")
    assert lab.rows() == lab.refreshed()
    assert str(later.watermark) == "2024-01-06T00:00:00"
    if strategy != "delete_insert":
        assert not again.has_changed_rows


EMPTY = {
    "pandas": "import pandas as pd\ndef t(src, context):\n"
    "    rows = src.fetchall() if context.lower is None else []\n"
    "    return pd.DataFrame(rows, columns=['id', 'c', 'v'])",
    "polars": "import polars as pl\ndef t(src: pl.DataFrame, context):\n"
    "    return src if context.lower is None else pl.DataFrame([], schema=['V', 'c', 'id'])",
    "pyarrow": "import pyarrow as pa\ndef t(src: pa.Table, context):\n"
    "    nothing = pa.table({name: pa.nulls(0) for name in ('id', 'c', 'v')})\n"
    "    return src if context.lower is None else nothing",
}


@pytest.mark.parametrize("strategy", ["append", "merge"])
@pytest.mark.parametrize("form", sorted(EMPTY))
def test_no_rows_need_no_types(lab: Lab, source: Source, form: str, strategy: str) -> None:
    """A table without rows, whose columns nothing gives a type, is a run with nothing new."""
    source((1, 3, "a"), (2, 5, "b"))
    lab.python(declared(EMPTY[form], strategy))
    first = lab.run()
    before = lab.sql("DESCRIBE m.t"), lab.rows()

    later = lab.run()

    assert (later.mode, later.has_changed_rows) == ("incremental", False)
    assert later.watermark == first.watermark
    assert (lab.sql("DESCRIBE m.t"), lab.rows()) == before


def test_the_context_tells_the_bounds(lab: Lab, source: Source) -> None:
    """A function may read less: the context says from where on rows are needed."""
    source((1, 3, "a"))
    body = (
        "def t(context):\n"
        "    seen = (context.is_full, str(context.lower), context.variables.get('x'))\n"
        "    since = '-infinity' if context.lower is None else str(context.lower)\n"
        "    return context.connection.sql(\n"
        "        'SELECT id, c, $s AS v FROM src WHERE c >= $t',\n"
        "        params={'s': str(seen), 't': since})"
    )
    lab.python(declared(body, "append"))
    lab.run(x=1)
    source((2, 5, "b"))

    lab.run(x=2)

    assert lab.rows("SELECT id, v FROM m.t WHERE v LIKE '(False%'") == [
        (1, "(False, '2024-01-02T00:00:00', 2)"),
        (2, "(False, '2024-01-02T00:00:00', 2)"),
    ]


@pytest.mark.parametrize(
    ("line", "word"),
    [("raise ValueError('broken')", "ValueError: broken"), ("return 7", "a int")],
    ids=["raises", "no-table"],
)
def test_a_failing_function_publishes_nothing(
    lab: Lab, source: Source, line: str, word: str
) -> None:
    """A function that raises, or gives no table, fails its model and leaves everything."""
    source((1, 3, "a"))
    lab.python(declared(BODIES["relation"], "append"))
    lab.run()
    before = lab.everything()
    lab.python(declared(f"def t(src):\n    {line}", "append"))

    report = lab.failure()

    assert word in str(report.error)
    assert lab.everything() == before


def test_a_relation_leaves_nothing_but_the_table(lab: Lab, source: Source) -> None:
    """No view stays in the database, and the next run can be planned without writing."""
    source((1, 3, "a"))
    lab.python(declared(BODIES["relation"], "append"))
    lab.run()
    project = lab.project()

    (planned,) = planned_models(project, project.models, Request())

    assert planned["error"] is None
    assert planned["mode"] == "incremental"
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name <> '_t4t'"
    assert lab.sql(views) == []


def test_a_swallowed_sql_error_fails_the_model_alone(lab: Lab, source: Source) -> None:
    """A function that goes on after an error of the database fails in words; others still run."""
    source((1, 3, "a"))
    lab.python(
        declared(
            "def t(src, context):\n"
            "    try:\n"
            "        context.connection.execute('SELECT nothing')\n"
            "    except Exception:\n"
            "        pass\n"
            "    return src",
            "append",
        )
    )
    lab.model("SELECT 1 AS one", name="other")

    report = lab.report()

    by_name = {model.model_name: model for model in report.models}
    if by_name["m.t"].status == "failed":
        assert "t() left context.connection unusable" in str(by_name["m.t"].error)
        assert "nor catch its errors" in str(by_name["m.t"].error)
    # DuckDB 1.4 goes on with the transaction, DuckDB 2.0 does not; neither may half write.
    assert lab.sql("SELECT count(*) FROM duckdb_tables() WHERE table_name = 't'") == [
        (1 if by_name["m.t"].status == "success" else 0,)
    ]
    assert by_name["m.other"].status == "success"


def test_a_function_that_closes_its_connection_fails(lab: Lab, source: Source) -> None:
    """The run ends with a report of all models; what was committed before stays, and is told of."""
    source((1, 3, "a"))
    lab.model("SELECT 1 AS one", name="before")
    lab.model("SELECT 1 AS one", name="unread")
    function = "def t(src, context):\n    {}\n    return src"
    lab.python(declared(function.format("context.connection.close()"), "append"))

    report = lab.report()
    lab.python(declared(function.format("pass"), "append"))
    again = lab.run()

    told = {model.model_name: model for model in report.models}
    assert "t() left context.connection unusable" in str(told["m.t"].error)
    assert "nor catch its errors" in str(told["m.t"].error)
    assert told["m.before"].status == "success"
    assert told["m.unread"].status == "failed"
    assert (again.rows_inserted, again.reason) == (1, "this is the first run")


def test_a_function_that_commits_is_refused(lab: Lab, source: Source) -> None:
    """It would end the model's transaction; nothing of the model is written."""
    source((1, 3, "a"))
    lab.python(
        declared("def t(src, context):\n    context.connection.commit()\n    return src", "append")
    )

    report = lab.failure()

    assert "ended the model's transaction" in str(report.error)
    assert lab.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 't'") == []
