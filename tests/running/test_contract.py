"""The schema that a model declares is a contract that its query has to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, incremental

Source = Callable[..., None]


def declared(*columns: tuple[str, str | None], **metadata: object) -> dict[str, Any]:
    """Metadata of a table whose columns are declared."""
    schema = [{"name": name, "datatype": type_} for name, type_ in columns]
    return {"schema": schema, **metadata}


@pytest.mark.parametrize(
    "materialization",
    [
        {"materialization": "table"},
        {"materialization": "view"},
        incremental("append"),
        {
            "materialization": "scd2",
            "scd2": {"strategy": "timestamp", "unique_key": "id", "updated_at": "c"},
        },
    ],
    ids=["table", "view", "incremental", "scd2"],
)
def test_a_query_that_breaks_its_contract_does_not_run(
    lab: Lab, source: Source, materialization: dict[str, object]
) -> None:
    """A missing column and another type are one error, before anything is written."""
    source((1, 1, "a"))
    columns = [("id", "BIGINT"), ("v", "text"), ("amount", None)]
    lab.model("SELECT * FROM src", declared(*columns) | materialization)

    report = lab.failure()

    assert "id should be BIGINT and is INTEGER; amount is missing" in str(report.error)
    assert "schema_contract" in str(report.error)
    assert lab.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'm'") == []


def test_types_are_compared_by_what_they_are(lab: Lab) -> None:
    """A type may be written by any of its names, and names of columns in any case."""
    lab.sql("CREATE TYPE mood AS ENUM ('x', 'y')")
    lab.model(
        "SELECT 1 AS id, 1.5::DECIMAL(10, 2) AS d, 'x'::mood AS e, [1] AS l, 'a' AS t, "
        "NULL AS n, now() AS z, {'a': 1} AS s, 7 AS more",
        declared(
            ("ID", "int4"),
            ("d", "numeric(10,2)"),
            ("e", "mood"),
            ("l", "int[]"),
            ("t", "varchar(20)"),
            ("n", "INTEGER"),
            ("z", "timestamptz"),
            ("s", "struct(a int)"),
        ),
    )

    assert lab.run().row_count == 1


def test_types_are_those_of_the_projects_dialect(lab: Lab) -> None:
    """In a project of another dialect the types are its own."""
    file = lab.folder / "project.toml"
    file.write_text('source_sql_dialect = "snowflake"\n' + file.read_text())
    columns = [("id", "NUMBER(10, 2)"), ("at", "TIMESTAMP_NTZ")]
    lab.model(
        "SELECT 1::NUMBER(10, 2) AS id, '2024-01-01'::TIMESTAMP_NTZ AS at", declared(*columns)
    )

    assert lab.run().row_count == 1


@pytest.mark.parametrize("contract", ["strict", "warn"])
def test_a_contract_can_be_stricter_or_only_warn(lab: Lab, contract: str) -> None:
    """`strict` refuses columns that are not declared; `warn` runs and tells of what differs."""
    metadata = declared(("id", "BIGINT"), schema_contract=contract)
    lab.model("SELECT 1::BIGINT AS id, 2 AS more" if contract == "strict" else "SELECT 1", metadata)

    report = lab.result()

    if contract == "strict":
        assert report.status == "failed"
        assert "more INTEGER is not declared" in str(report.error)
    else:
        assert report.status == "success"
        assert "id is missing" in str(report.warning)


@pytest.mark.parametrize("type_", ["NUMBR", "INTEGER); DROP TABLE src; --", ""])
def test_a_type_that_does_not_exist_is_an_error(lab: Lab, source: Source, type_: str) -> None:
    """A type that DuckDB does not know is named with its column, and nothing of it runs."""
    source((1, 1, "a"))
    lab.model("SELECT * FROM src", declared(("id", type_)))

    report = lab.failure()

    assert repr(type_) in str(report.error)
    assert "'id'" in str(report.error)
    assert lab.rows("SELECT id FROM src") == [(1,)]


def test_the_plan_tells_of_a_broken_contract(
    lab: Lab, t4t_json: Callable[..., dict[str, Any]]
) -> None:
    """`t4t plan` says what the run would stop at."""
    lab.model("SELECT 'a' AS id", declared(("id", "INTEGER")))

    planned = t4t_json("plan", lab.folder)

    assert "id should be INTEGER and is VARCHAR" in planned["models"][0]["error"]


def test_a_functions_rows_keep_the_contract_too(lab: Lab) -> None:
    """The rows that a Python model returns are checked before they are written."""
    lab.python(
        "import pandas as pd\nfrom t4t_core import model\n"
        "@model('m.t', schema=[{'name': 'id', 'datatype': 'INTEGER'}])\n"
        "def t() -> pd.DataFrame:\n    return pd.DataFrame({'id': [1.5]})\n"
    )

    report = lab.failure()

    assert "id should be INTEGER and is DOUBLE" in str(report.error)
