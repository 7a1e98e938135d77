"""What metadata says is kept between loads, and is what it would say without."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from t4t_core import config
from t4t_core.checks.expression import Expression
from t4t_core.checks.relationships import Relationships
from t4t_core.config.function import FunctionConfig, ParameterConfig, ResultColumnConfig
from t4t_core.config.project import AttachConfig, LimitsConfig
from t4t_core.config.seed import SeedConfig
from t4t_core.errors import ProjectError
from t4t_core.planning.config_hash import config_hash
from t4t_core.project import Project, kept_readings, load_project
from t4t_core.written import dagster, function, history, model, project, refresh, seed, strategies
from t4t_core.written.base import Written
from t4t_core.written.partitions import WrittenPartitions
from t4t_core.written.tests import WrittenSqlTest, WrittenTest

Make = Callable[..., Path]

PAIRS: list[tuple[type[Written], type[Struct]]] = [
    (dagster.WrittenAutomation, config.AutomationConfig),
    (dagster.WrittenDagster, config.DagsterConfig),
    (dagster.WrittenFreshness, config.FreshnessConfig),
    (dagster.WrittenRetry, config.RetryConfig),
    (function.WrittenFunction, FunctionConfig),
    (function.WrittenParameter, ParameterConfig),
    (function.WrittenResultColumn, ResultColumnConfig),
    (history.WrittenCheckHistory, config.CheckHistoryConfig),
    (history.WrittenTimestampHistory, config.TimestampHistoryConfig),
    (model.WrittenColumn, config.ColumnConfig),
    (model.WrittenModel, config.ModelConfig),
    (WrittenPartitions, config.PartitionsConfig),
    (project.WrittenAttach, AttachConfig),
    (project.WrittenConnection, config.ConnectionConfig),
    (project.WrittenFlags, config.FlagsConfig),
    (project.WrittenLimits, LimitsConfig),
    (project.WrittenProject, config.ProjectConfig),
    (project.WrittenState, config.StateConfig),
    (refresh.WrittenRefresh, config.FullIncrementalRefresh),
    (refresh.WrittenRefreshParameter, config.RefreshParameter),
    (seed.WrittenSeed, SeedConfig),
    (strategies.WrittenAppend, config.AppendConfig),
    (strategies.WrittenDeleteInsert, config.DeleteInsertConfig),
    (strategies.WrittenIncremental, config.IncrementalConfig),
    (strategies.WrittenMerge, config.MergeConfig),
    (WrittenSqlTest, config.SqlTestConfig),
    (WrittenTest, config.CheckConfig),
]
MODEL = """\
from datetime import date, datetime, timedelta, timezone

metadata = {{
    "materialization": "incremental",
    "incremental": {{"strategy": "append", "append": {{"time_column": "t", {window}}}}},
    "schema": [{{"name": "id", "tests": [{test}]}}],
    "dagster": {{"metadata": {{{values}}}}},
}}
"""
SQL = "SELECT id, t FROM raw.x"


@pytest.mark.parametrize(("shape", "said"), PAIRS, ids=[said.__name__ for _, said in PAIRS])
def test_all_that_is_written_is_said(shape: type[Written], said: type[Struct]) -> None:
    """What pydantic checks and what the core reads have the same names, for users too."""
    tag = said.__struct_config__.tag_field
    names = [name for name in shape.model_fields if name != tag]

    assert sorted(said.__struct_fields__) == sorted(names)
    written = dict(zip(said.__struct_fields__, said.__struct_encode_fields__, strict=True))
    assert {name: shape.model_fields[name].alias or name for name in names} == written


def _without(folder: Path) -> Project:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("T4T_CACHE", "0")
        return load_project(folder)


def _looked(one: Project) -> list[tuple[str, str]]:
    """Metadata and tests, with the types of all values."""
    return [(repr(model.config), repr(one.checks.of(model.name.key))) for model in one.models]


@pytest.mark.parametrize(
    ("window", "test", "values"),
    [
        pytest.param("", '"not_null"', "", id="texts"),
        pytest.param('"start_date": "2024-01-01"', "", "", id="date as text"),
        pytest.param('"start_date": date(2024, 1, 1)', "", "", id="date"),
        pytest.param('"start_date": datetime(2024, 1, 1, 2)', "", "", id="time"),
        pytest.param(
            '"start_date": datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2)))',
            "",
            "",
            id="time in a zone",
        ),
        pytest.param('"lookback": 3', "", "", id="number"),
        pytest.param('"lookback": "3"', "", "", id="number as text"),
        pytest.param("", "", "'a': 1, 'b': 1.0, 'c': True, 'd': None, 'e': '1'", id="alike"),
        pytest.param("", "", "'a': (1, 2), 'b': [1, 2]", id="tuples"),
        pytest.param("", "", "'a': {1: 2}, 'b': {'1': 2}", id="keys that are no texts"),
        pytest.param("", "", "'a': float('inf'), 'b': -0.0, 'c': 2**70", id="numbers"),
        pytest.param("", "", "'a': b'x', 'b': {1, 2}", id="what JSON has not"),
        pytest.param("", "", "'a': '\\ud800', 'b': 'é\\0'", id="odd texts"),
        pytest.param(
            "",
            '{"name": "accepted_values", "params": {"values": (1, 2.5, "x", date(2024, 1, 1))}}',
            "",
            id="values of a test",
        ),
        pytest.param(
            "",
            '{"name": "accepted_values", "params": {"values": [True, 1, None]}, "limit": 2}',
            "",
            id="values alike",
        ),
    ],
)
def test_metadata_says_the_same_when_it_was_kept(
    window: str, test: str, values: str, project: Make
) -> None:
    """Whatever Python can write: what cannot be kept as it is is read each time."""
    python = MODEL.format(window=window, test=test, values=values)
    folder = project({"a/x.sql": SQL, "a/x.py": python, "a/y.sql": SQL})

    without = _without(folder)
    cold, warm = load_project(folder), load_project(folder)

    assert _looked(without) == _looked(cold) == _looked(warm)
    assert without.models == cold.models == warm.models


def test_not_a_number_is_one_each_time(project: Make) -> None:
    """JSON has none, and it equals nothing."""
    python = MODEL.format(window="", test="", values="'a': float('nan')")
    folder = project({"a/x.sql": SQL, "a/x.py": python})

    for _ in range(2):
        (found,) = load_project(folder).models
        assert math.isnan(found.config.dagster.metadata["a"])


def test_what_has_changed_is_read_anew(project: Make) -> None:
    """Values that are equal to Python, and not the same, are other metadata."""
    folder = project({"a/x.sql": SQL})
    for value in (1, True, 1.0, "1", [1], {"b": 1}, {"b": True}):
        text = MODEL.format(window="", test="", values=f"'a': {value!r}")
        (folder / "models" / "a" / "x.py").write_text(text)
        (found,) = load_project(folder).models

        assert repr(found.config.dagster.metadata["a"]) == repr(value)


def test_a_rule_is_kept_with_its_sql(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its condition and its table are not read again, and neither is anything with pydantic."""
    tests = (
        '{"name": "expression", "params": {"expression": "id > 0"}},'
        ' {"name": "relationships", "params": {"to": "raw.y", "field": "id"}}'
    )
    folder = project({"a/x.sql": SQL, "a/x.py": MODEL.format(window="", test=tests, values="")})
    cold = load_project(folder)

    def refused(*_: object, **__: object) -> Any:
        raise AssertionError("read again")

    monkeypatch.setattr(Written, "model_validate", refused)
    monkeypatch.setattr("t4t_core.parsing.query.read_condition", refused)
    monkeypatch.setattr("t4t_core.parsing.table_names.table_named", refused)
    warm = load_project(folder)

    rules = [check.rule for check in warm.checks.of(("a", "x"))]
    assert [type(rule) for rule in rules] == [Expression, Relationships]
    assert cold.checks == warm.checks


def test_no_password_is_kept(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment filled into `project.toml` stands in no other file."""
    folder = project(
        {"a/x.sql": SQL},
        toml='[vars]\nkey = "${SECRET}"\n[attach.other]\npath = "o.duckdb?key=${SECRET}"\n',
    )
    monkeypatch.setenv("SECRET", "hunter2")
    for _ in range(2):
        assert load_project(folder).variables == {"key": "hunter2"}

    kept = folder / kept_readings.FOLDER / kept_readings.FILE
    assert b"hunter2" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0 or os.name == "nt"
    monkeypatch.setenv("SECRET", "other")
    assert load_project(folder).variables == {"key": "other"}


def test_no_text_of_a_variable_is_kept(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever metadata takes it; what it says is the same each time."""
    test = '{"name": "accepted_values", "params": {"values": ["@key", 1]}}'
    python = MODEL.format(window="", test=test, values="'a': '@key', 'b': '{{ more }}'")
    python = python.replace('"schema"', '"tags": ["@key"], "schema"')
    folder = project(
        {"a/x.sql": SQL, "a/x.py": python},
        toml='[vars]\nkey = "${SECRET}"\nmore = ["${SECRET}", {a = "${SECRET}"}]\n',
    )
    monkeypatch.setenv("SECRET", "hunter2")
    python_values = {"a": "hunter2", "b": ["hunter2", {"a": "hunter2"}]}

    for _ in range(2):
        (found,) = load_project(folder).models
        assert found.config.tags == ("hunter2",)
        assert found.config.dagster.metadata == python_values

    kept = folder / kept_readings.FOLDER / kept_readings.FILE
    assert b"hunter2" not in kept.read_bytes()


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ('b"abc"', 'memoryview(b"abc")', "'description'"),
        ('b"abc"', 'bytearray(b"abc")', None),
        ('b"1"', 'array.array("b", [49])', "'description'"),
    ],
)
def test_no_value_is_taken_for_another(
    first: str, then: str, told: str | None, project: Make
) -> None:
    """What looks alike as bytes is told of, or read, as it is without what was kept."""
    python = "import array\nmetadata = {'description': %s}\n"
    folder = project({"a/x.sql": SQL, "a/x.py": python % first})
    load_project(folder)
    (folder / "models" / "a" / "x.py").write_text(python % then)

    if told is None:
        assert load_project(folder).models == _without(folder).models
        return
    for load in (load_project, _without):
        with pytest.raises(ProjectError, match=told):
            load(folder)


def test_dates_of_other_libraries_are_dates(project: Make) -> None:
    """Those of pandas are subclasses; the core and its hashes know Python's own."""
    python = MODEL.format(window='"start_date": Stamp(2024, 1, 2, 3)', test="", values="")
    python = python.replace(
        '"metadata": {}',
        '"partitions": {"type": "daily", "start_date": Stamp(2024, 1, 1)},'
        ' "freshness_policy": {"fail_window": Span(days=2)}',
    )
    made = "class Stamp(datetime):\n    pass\nclass Span(timedelta):\n    pass\n"
    python = python.replace("metadata = {", f"{made}metadata = {{")
    folder = project({"a/x.sql": SQL, "a/x.py": python})

    (found,) = load_project(folder).models

    start = datetime(2024, 1, 2, 3)
    assert (found.window.start_date, type(found.window.start_date)) == (start, datetime)  # type: ignore[union-attr]  # it has one
    partitions, policy = found.config.dagster.partitions, found.config.dagster.freshness_policy
    assert partitions is not None
    assert partitions.start_date == datetime(2024, 1, 1)
    assert policy is not None
    assert policy.fail_window == timedelta(days=2)
    assert len(config_hash(found)) == 64


@pytest.mark.parametrize("made", ["own.append(own)", "for _ in range(3000): own = [own]"])
def test_metadata_without_an_end_is_told_of(made: str, project: Make) -> None:
    """A list in itself, or one too deep."""
    python = f"own = []\n{made}\nmetadata = {{'tags': own}}\n"
    folder = project({"a/x.sql": SQL, "a/x.py": python})

    with pytest.raises(ProjectError, match=r"x\.py: model a\.x: .* too deep"):
        load_project(folder)


def test_what_cannot_be_kept_is_no_less_metadata(project: Make) -> None:
    """A list in itself says nothing that t4t reads."""
    folder = project({"a/x.sql": SQL})
    (folder / "functions" / "a").mkdir(parents=True)
    (folder / "functions" / "a" / "f.sql").write_text("CREATE MACRO a.f(x) AS x + 1")
    (folder / "functions" / "a" / "f.py").write_text(
        "own = []\nown.append(own)\nmetadata = {'metadata': {'own': own}}\n"
    )

    for _ in range(2):
        assert len(load_project(folder).graph.functions) == 1


@pytest.mark.parametrize("written", ['threads = "2"', "threads = 0", "treads = 2", "threads = 65"])
def test_what_is_wrong_in_the_settings_is_told_each_time(written: str, project: Make) -> None:
    """Also where all else is known already."""
    folder = project({"a/x.sql": SQL}, toml="[flags]\nthreads = 2\n")
    assert load_project(folder).settings.flags.threads == 2
    toml = folder / "project.toml"
    toml.write_text(toml.read_text().replace("threads = 2", written))

    for _ in range(2):
        with pytest.raises(ProjectError, match=r"\[flags\]"):
            load_project(folder)


def test_settings_in_other_words_say_the_same(project: Make) -> None:
    """`generic` is DuckDB's dialect, a number may stand in quotes, and a variable be a date."""
    folder = project({"a/x.sql": SQL}, toml="[vars]\nday = 2024-01-01\nn = 1\nb = true\n")
    toml = folder / "project.toml"
    text = toml.read_text().replace("lock_timeout_s = 0.2", 'lock_timeout_s = "0.2"')
    assert '"0.2"' in text
    toml.write_text('source_sql_dialect = "generic"\n' + text)

    without = _without(folder)
    found = [load_project(folder).settings for _ in range(3)]

    assert [repr(one) for one in found] == [repr(without.settings)] * 3
    shutil.rmtree(folder / kept_readings.FOLDER)
    assert load_project(folder).settings == without.settings
