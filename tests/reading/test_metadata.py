"""What a model's metadata may say, and how its mistakes are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t4t_core import load_project
from t4t_core.errors import ProjectError
from t4t_core.models import Model

Make = Callable[..., Path]

SEED = """\
from {module} import ModelMetadata

metadata_append: ModelMetadata = {{"description": "one"}}
metadata: ModelMetadata = {{"description": "two", "materialization": "view"}}
"""


def _model(folder: Path, **variables: object) -> Model:
    (model,) = load_project(folder, variables).models
    return model


@pytest.mark.parametrize(
    "module",
    ["tee.typing", "tee.typing.metadata", "t4t_core.typing", "t4t_core.typing as t, typing"],
)
def test_metadata_stands_in_the_file_beside(module: str, project: Make) -> None:
    """The variable `metadata` of the `.py` file counts, and `tee.typing` imports there."""
    text = SEED.format(module=module)
    if "," in module:
        text = "import tee.typing\nmetadata: tee.typing.ModelMetadata = {'description': 'two', "
        text += "'materialization': 'view'}\n"
    folder = project({"s/m.sql": "SELECT 1 AS a", "s/m.py": text})

    model = _model(folder)

    assert model.config.description == "two"
    assert model.config.materialization == "view"


def test_public_names_import_only_while_a_project_loads(project: Make) -> None:
    """`tee` is ours while files are read, the same types as ours, and gone afterwards."""
    text = (
        "import t4t_core.typing, t4t_core\n"
        "from tee.typing import ModelMetadata\n"
        "from tee.parser.processing import model, create_model\n"
        "from tee.parser.model import create_model as again\n"
        "assert ModelMetadata is t4t_core.typing.ModelMetadata\n"
        "assert model is t4t_core.model and create_model is again is t4t_core.create_model\n"
        "create_model('m', 'SELECT 1 AS a')\n"
    )
    folder = project({"s/m.py": text})

    assert str(_model(folder)) == "s.m"
    with pytest.raises(ModuleNotFoundError):
        __import__("tee.typing")


@pytest.mark.parametrize(
    "comment",
    [
        '-- metadata: {"tags": ["x"], "description": "d"}\n',
        '-- metadata: {\n--   "tags": ["x"],\n--   "description": "d"\n-- }\n-- more words\n',
        '/* metadata: {"tags": ["x"],\n "description": "d"} */\n',
        '-- first words\n-- metadata: {"tags": ["x"], "description": "d"}\n',
    ],
    ids=["line", "lines", "block", "after"],
)
def test_metadata_stands_in_a_comment(comment: str, project: Make) -> None:
    """A comment `metadata: {json}` holds the metadata, on one line or over several."""
    model = _model(project({"s/m.sql": comment + "SELECT 1 AS a"}))

    assert model.config.tags == ("x",)
    assert model.config.description == "d"


def test_metadata_in_a_string_is_text(project: Make) -> None:
    """Only a comment holds metadata."""
    model = _model(project({"s/m.sql": "SELECT '-- metadata: {\"tags\": 1}' AS a"}))

    assert model.config.tags == ()


def test_a_key_one_level_too_deep_is_told_where_it_stands(project: Make) -> None:
    """A key that is known a level higher is no unknown word; the error says where it belongs."""
    metadata = {
        "materialization": "incremental",
        "incremental": {
            "strategy": "append",
            "append": {"time_column": "t", "on_schema_change": "ignore"},
        },
    }

    with pytest.raises(ProjectError, match=r"'on_schema_change' \(it stands beside 'append'\)"):
        load_project(project({"s/m.sql": f"-- metadata: {json.dumps(metadata)}\nSELECT 1 AS t"}))


@pytest.mark.parametrize(
    ("written", "time_column", "start"),
    [
        ({"time_column": "t", "start_date": "2024-01-01"}, "t", "2024-01-01"),
        ({"filter_column": "t", "start_value": "2024-01-01"}, "t", "2024-01-01"),
        ({"filter_column": "a", "destination_filter_column": "t"}, "t", "auto"),
        ({"time_column": "t", "start_date": "{{ begin }}"}, "t", "@begin"),
    ],
    ids=["seed", "other names", "destination", "placeholder"],
)
def test_window_has_two_sets_of_names(
    written: dict[str, str], time_column: str, start: str, project: Make
) -> None:
    """`filter_column` and `start_value` mean `time_column` and `start_date`."""
    metadata = {
        "materialization": "incremental",
        "incremental": {"strategy": "append", "append": written},
    }
    comment = f"-- metadata: {json.dumps(metadata)}\n"

    settings = _model(project({"s/m.sql": comment + "SELECT now() AS t"})).strategy

    assert settings is not None
    assert (settings.time_column, settings.start_date) == (time_column, start)


def _incremental(**settings: Any) -> dict[str, Any]:
    return {"materialization": "incremental", "incremental": settings}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"materialisation": "view"}, ["'materialisation'", "'materialization'"]),
        (
            {"on_schema_change": "ignore"},
            ["'on_schema_change' (it stands in ['incremental'] or ['scd2'])"],
        ),
        (
            _incremental(strategy="append", time_column="t", append={"time_column": "t"}),
            ["'time_column' (it stands in ['append'] or ['merge'] or ['delete_insert'])"],
        ),
        (
            {"lookback": "1 day"},
            ["'lookback' (it stands in ['scd2'] or ['incremental']['append'] or"],
        ),
        ({"pool": "g"}, ["'pool' (it stands in ['dagster'])"]),
        ({"datatype": "INT"}, ["unknown key 'datatype'"]),
        ({"materialization": "vieww"}, ["'materialization'", "'vieww'", "'view'"]),
        ({"materialization": "incremental"}, ["no 'incremental'"]),
        ({"tags": "x"}, ["'tags'", "'x'"]),
        ({"schema": [{"name": "a", "datatyp": "INT"}]}, ["['schema']['0']", "'datatype'"]),
        (_incremental(strategy="apend"), ["'strategy'", "'apend'", "'append'"]),
        (_incremental(strategy="append"), ["'append'", "settings"]),
        (
            _incremental(strategy="append", append={"time_colum": "t"}),
            ["['append']", "'time_colum'", "'time_column'", "'time_column' is missing"],
        ),
        (
            _incremental(strategy="append", append={"filter_colum": "t", "time_column": "t"}),
            ["'filter_colum'", "'filter_column'"],
        ),
        (
            _incremental(strategy="append", append={"time_column": "t"}, merge={"uniqe_key": "id"}),
            ["['merge']", "'uniqe_key'", "'unique_key'"],
        ),
        (
            _incremental(strategy="append", append={"time_column": "t", "filter_column": "u"}),
            ["filter_column is another name for time_column"],
        ),
        (
            _incremental(strategy="merge", merge={"time_column": "t", "unique_key": []}),
            ["'unique_key'"],
        ),
        (
            _incremental(strategy="merge", merge={"time_column": "t", "unique_key": ["a", "A"]}),
            ["twice", "a, A"],
        ),
        (
            _incremental(
                strategy="delete_insert",
                delete_insert={"time_column": "t", "where_condition": "t >= "},
            ),
            ["'t >= '", "not a condition"],
        ),
    ],
)
def test_mistake_is_named_with_its_path_and_what_is_nearest(
    metadata: dict[str, Any], words: list[str], project: Make
) -> None:
    """A wrong key or value is named at every depth, with the key that was perhaps meant."""
    folder = project({"s/m.sql": "SELECT now() AS t", "s/m.py": f"metadata = {metadata!r}"})

    with pytest.raises(ProjectError) as caught:
        load_project(folder)

    for word in [*words, "m.py", "model s.m"]:
        assert word in str(caught.value)


@pytest.mark.parametrize("written", ["@kind", "{{ kind }}"])
def test_variables_fill_metadata(written: str, project: Make) -> None:
    """A placeholder in a metadata value takes the variable's value."""
    folder = project({"s/m.sql": f'-- metadata: {{"materialization": "{written}"}}\nSELECT 1 AS a'})

    assert _model(folder, kind="view").config.materialization == "view"
    with pytest.raises(ProjectError, match="@kind"):
        load_project(folder)
