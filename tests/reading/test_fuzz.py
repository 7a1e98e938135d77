"""Whatever stands in a file, reading it gives a result or an error in words."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from long_part import played

from t4t_core.errors import Place, T4tError
from t4t_core.parsing.query import parse_query, read_condition
from t4t_core.project.kept_readings import nothing_kept
from t4t_core.project.metadata import comment_metadata, read_config
from t4t_core.sql.filling import Fill
from t4t_core.sql.statements import is_null
from t4t_core.written.model import WrittenModel
from t4t_core.written.strategies import WrittenIncremental, WrittenMerge

pytestmark = pytest.mark.long

PLACE = Place(Path("m.sql"))
_PIECES = """
select |from t |where |group by all |with x as (|union |values (1)|pivot t on x using sum(y)|* |
exclude (a)|unnest(|@a|{{a}}|{{ a|'@a'|'|"|$$|$t$|--|/*|*/|;|(|)|[|]|{|}|E'|@|a|1|,|\\|?|$a|:a|
::date|date |=>|->|<@|^@|interval |é|\0|-- metadata: |{"tags": [|"x"
"""
PIECES = [*_PIECES.replace("\n", "").split("|"), "\n", "\n-- ", "|"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40)
KEYS = [*WrittenModel.model_fields, *WrittenIncremental.model_fields, *WrittenMerge.model_fields]
KEYS += ["schema", "where_condition", "filter_column", "start_value", "destination_filter_column"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["@a", "{{a}}", "@unset", "@", "append", "merge", "incremental", "7 days"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "bigquery", "tsql"])
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
@example(text="select $$")
@example(text="select a ->")
def test_any_text_is_a_query_or_an_error_in_words(text: str, dialect: str) -> None:
    """A SQL file is read, filled in and filtered, or refused with words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        query = parse_query(text, PLACE, dialect).filled(Fill(PLACE, {"a": "x'--"}))
        query.where("a", is_null)


@given(text=TEXTS)
@example(text="a ->")
@example(text="->")
def test_any_text_is_a_condition_or_an_error_in_words(text: str) -> None:
    """A `where_condition` is read, or refused with words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        read_condition(text, PLACE).filled(Fill(PLACE, {"a": "x'--"}))


@given(text=TEXTS)
def test_any_metadata_comment_is_metadata_or_an_error_in_words(text: str) -> None:
    """A metadata comment is read, or refused with words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        comment_metadata(f"-- metadata: {text}\nSELECT 1", PLACE, "duckdb", None)


@given(metadata=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_metadata_is_a_configuration_or_an_error_in_words(metadata: dict[str, object]) -> None:
    """A model's metadata is taken, or refused with words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        read_config(metadata, PLACE, "main.m", {"a": {"b": [1]}}, nothing_kept())
