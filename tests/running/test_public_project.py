"""A project of the public t4t runs with its files as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_lab import Lab

METADATA = """
from {root}.parser.processing.model_builder import SqlModelMetadata
from {root}.typing.metadata import ModelMetadata

metadata: ModelMetadata = {{
    "schema": [
        {{"name": "id", "datatype": "number", "tests": ["not_null"], "dimension": "date.month",
          "fk_to": {{"table": "m.other", "column": "id"}}, "description": None}},
    ],
    "partitions": ["id"], "table_type": "fact", "data_model": True,
    "hierarchy": {{"levels": []}}, "conformed_dimension": {{"logical": "a", "level": "b"}},
    "disable_default_tests": ["x"], "materialization": "table", "incremental": None, "tests": None,
}}
model = SqlModelMetadata(metadata)
"""

MORE = """
from {root}.parser.processing import create_model, model
from {root}.parser.model import model as same

@model(table_name="a", description="one", variables=["least"], object_tags={{"k": "v"}})
def first():
    return "SELECT * FROM t WHERE id >= @least"

@same(table_name="b")
def second():
    return f"SELECT m.share_of(id, 4) AS percent FROM m.a WHERE id > {{least}}"

for name in ["a", "b"]:
    create_model(table_name=name + "_copy", sql=f"SELECT * FROM {{name}}", tags=["loop"])
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION share_of(part DOUBLE, whole DOUBLE) RETURNS DOUBLE AS $$
    CASE WHEN whole = 0 OR whole IS NULL THEN NULL ELSE (part / whole) * 100.0 END
$$;
"""

FUNCTION_METADATA = """
from {root}.parser.processing.function_builder import SQLFunctionMetadata
from {root}.typing import FunctionMetadata

metadata: FunctionMetadata = {{
    "function_name": "share_of", "function_type": "scalar", "language": "sql", "schema": "m",
    "parameters": [{{"name": "part", "type": "DOUBLE"}}, {{"name": "whole", "type": "DOUBLE"}}],
    "return_type": "DOUBLE", "deterministic": True, "object_tags": {{"a": "b"}},
}}
function = SQLFunctionMetadata(metadata)
"""


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Lab:
    """The project, with imports from the package that the test names."""
    lab = Lab(tmp_path / "p")
    lab.model("SELECT 1 AS id UNION ALL SELECT 2;")
    lab.python(METADATA.format(root=request.param))
    lab.python(MORE.format(root=request.param), name="more")
    files = {
        "project.toml": 'source_sql_dialect = "generic"\n[environments.dev.connection]\n'
        'path = "data/w.duckdb"\nschema = "m"\n[vars]\nleast = 1\n',
        "functions/m/share_of.sql": FUNCTION,
        "functions/m/share_of.py": FUNCTION_METADATA.format(root=request.param),
        "tests/functions/test_half.sql": "SELECT m.share_of(1, 2) = 50 AS test_passed",
        "tests/functions/test_nothing.sql": "SELECT share_of(1, 0) IS NULL, 'more'",
        "tests/functions/test_wrong.sql": "SELECT m.share_of(1, 0) = 1",
    }
    for name, text in files.items():
        (lab.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.folder / name).write_text(text)
    return lab


@pytest.mark.parametrize("lab", ["tee", "t4t"], indirect=True)
def test_every_form_of_its_files_is_read(lab: Lab, t4t_json: Callable[..., dict[str, Any]]) -> None:
    """Imports by both of its names, companions, decorators, loops, functions and their tests."""
    report = t4t_json("build", lab.folder)

    assert report.get("error") is None
    assert [model["error"] for model in report["models"] if model["error"]] == []
    assert lab.rows("FROM m.b_copy") == [(50.0,)]
    assert lab.rows("FROM m.a_copy") == [(1,), (2,)]
    assert {test["test"]: test["status"] for test in report["tests"]} == {
        "not_null(id)": "passed",
        "test_half": "passed",
        "test_nothing": "passed",
        "test_wrong": "failed",
    }
