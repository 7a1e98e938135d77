"""Whatever stands in a project's files, or behind an option, there is a result or words."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from long_part import histories, played
from test_fuzz import TEXTS, VALUES

from t4t_core.cli.options import _variables
from t4t_core.errors import T4tError
from t4t_core.project.load import load_project
from t4t_core.windows.window import batches, read_batch_size, read_window

pytestmark = pytest.mark.long

TOML = b'[connection]\npath = "data/x.duckdb"\n'
_TOML = """[connection]|[vars]|[flags]|[state]|[a|]|path =|schema = |"x"|'''|\"\"\"|= |1|{|}|[[|]]|\
${A}|${A:-b}|${|"duckdb"|type = |.|,|#|é|\0|\ufeff|source_sql_dialect = |\\u12|true"""
_PYTHON = """metadata = |{|}|(|)|[|]|"materialization": |"table"|"incremental"|: |, |None|1 / 0|\
raise |SystemExit|ValueError("x")|def f():|  |@model()|return |lambda: |f"{|...|é|\0|\ufeff|#|'|\
import missing|unit_tests = |from tee.typing import ModelMetadata"""
_NUMBERS = "0|1|-|+|.|e|9999999999999999999999|2024-01-01|2024-02-30|T|12:00|Z|+02:00| |day|days|d|"
_NUMBERS += "months|hours|week|_|٣|inf|nan|000"


def _texts(pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*pieces.split("|"), "\n"]), max_size=12).map("".join)


FILES = {
    "project.toml": _texts(_TOML),
    "models/m/t.sql": TEXTS,
    "models/m/t.py": _texts(_PYTHON),
    "models/m/u.py": _texts(_PYTHON),
    "seeds/m/s.py": _texts(_PYTHON),
    "tests/holds.sql": TEXTS,
    "functions/m/f.sql": TEXTS,
}


@pytest.mark.parametrize("name", FILES)
@histories(25, 400)
@given(data=st.data())
def test_any_file_is_read_or_refused_in_words(name: str, data: st.DataObject) -> None:
    """A project loads, or every mistake is told of, whatever one of its files holds."""
    content = data.draw(FILES[name].map(str.encode) | st.binary(max_size=20))
    played["inputs"] += 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        files = {
            "project.toml": TOML,
            "models/m/t.sql": b"SELECT 1 AS id",
            "seeds/m/s.csv": b"id\n",
        }
        for path, text in (files | {name: content}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text)

        with contextlib.suppress(T4tError):
            load_project(folder, {}, {})


DEEP = 100_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project.toml", "a = " + "[" * DEEP),
        ("models/m/t.py", "metadata = " + "(" * DEEP),
        ("models/m/t.py", "metadata = " + "-" * DEEP + "1"),
        ("models/m/t.sql", "SELECT " + "(" * DEEP),
        ("models/m/t.sql", '-- metadata: {"tags": ' + "[" * DEEP + "\nSELECT 1"),
    ],
    ids=["toml", "brackets", "minus", "sql", "comment"],
)
def test_a_bottomless_file_is_refused_in_words(tmp_path: Path, name: str, text: str) -> None:
    """What no parser gets to the bottom of is an error that names the file."""
    files = {"project.toml": TOML, "models/m/t.sql": b"SELECT 1 AS id"}
    for path, content in (files | {name: text.encode()}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    with pytest.raises(T4tError) as refused:
        load_project(tmp_path)

    assert Path(name).name in str(refused.value)


@example(text="[" * DEEP)
@example(text="{" + '"a":[' * DEEP)
@example(text='{"a": ' + "1" * 5_000 + "}")
@given(
    text=VALUES.map(json.dumps)
    | TEXTS
    | st.text(st.sampled_from('{}[]":,01.eEnulNa\\ '), max_size=9)
)
def test_any_vars_are_variables_or_an_error_in_words(text: str) -> None:
    """`--vars` gives names with values, or words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        assert isinstance(_variables(text), dict)


@given(start=_texts(_NUMBERS), end=_texts(_NUMBERS), size=_texts(_NUMBERS))
def test_any_window_is_one_or_an_error_in_words(start: str, end: str, size: str) -> None:
    """`--start`, `--end` and `--batch-size` give batches, or words."""
    played["inputs"] += 1
    with contextlib.suppress(T4tError):
        window = read_window(start, end)
        batches(window, read_batch_size(size))
