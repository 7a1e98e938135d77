"""A project that is wrong is refused with words, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]

CONNECTION = '[connection]\npath = "data/warehouse.duckdb"\n'
APPEND = (
    '-- metadata: {"materialization": "incremental", "incremental": '
    '{"strategy": "append", "append": {"time_column": "t", %s}}}\n'
)

TOML = {
    "broken": (CONNECTION + "x = \n", ["project.toml:3:5", "not TOML"]),
    "table twice": (CONNECTION * 2, ["project.toml:3:", "not TOML"]),
    "no connection": ('project_folder = "shop"\n', ["'connection' is missing"]),
    "unknown table": (CONNECTION + "[flag]\n", ["project.toml:3:1", "'flag'", "'flags'"]),
    "unknown key": ('[connection]\npth = "x"\n', ["project.toml:2:1", "'pth'", "'path'"]),
    "missing key": ("[connection]\n", ["project.toml:1:1", "'path' is missing"]),
    "inline key": ('connection = {path = "x", schma = "y"}\n', [":1:1", "'schma'", "'schema'"]),
    "wrong type": ("[connection]\npath = 3\n", ["project.toml:2:1", "'path'", "string", "3"]),
    "wrong choice": (
        CONNECTION + '[flags]\nmaterialization_change_behavior = "wran"\n',
        ["project.toml:4:1", "'materialization_change_behavior'", "'wran'", "'warn'"],
    ),
    "other database": (CONNECTION + 'type = "postgres"\n', [":3:1", "'postgres'", "'duckdb'"]),
    "environment": (
        CONNECTION.replace("data", "${T4T_TEST_UNSET}"),
        ["project.toml:2:1", "T4T_TEST_UNSET is not set", "${T4T_TEST_UNSET:-value}"],
    ),
    "dialect": (
        'source_sql_dialect = "duckdbb"\n' + CONNECTION,
        ["project.toml:1:1", "'duckdbb'", "known are", "snowflake"],
    ),
}

FILES = {
    "broken sql": ({"s/m.sql": "SELECT 1,\n  FROM FROM t\nWHERE"}, ["m.sql:3:1", "s.m", "WHERE"]),
    "open quote": ({"s/m.sql": "SELECT 1,\n  'x\nFROM t"}, ["m.sql:2:3", "s.m", "never closed"]),
    "open comment": ({"s/m.sql": "SELECT 1\n/* x"}, ["m.sql:2:1", "s.m", "never closed"]),
    "two statements": ({"s/m.sql": "SELECT 1;\nSELECT 2"}, ["m.sql:2:1", "s.m", "one query"]),
    "no query": ({"s/m.sql": "\nDROP TABLE x"}, ["m.sql:2:1", "s.m", "not a query", "DROP"]),
    "empty": ({"s/m.sql": "-- nothing\n"}, ["m.sql", "s.m", "holds no query"]),
    "nothing selected": ({"s/m.sql": "SELECT"}, ["m.sql", "s.m", "selects nothing"]),
    "not utf-8": ({"s/m.sql": "SELECT 'é'"}, ["m.sql", "cannot be read"]),
    "select into": ({"s/m.sql": "SELECT 1 AS a INTO b"}, ["m.sql", "s.m"]),
    "cycle": (
        {"s/a.sql": "SELECT * FROM b", "s/b.sql": "SELECT * FROM a"},
        ["a.sql", "s.a reads s.b reads s.a"],
    ),
    "itself": ({"s/m.sql": "SELECT * FROM s.m"}, ["m.sql", "s.m reads itself"]),
    "made twice": (
        {"m.sql": "SELECT 1 AS a", "main/m.sql": "SELECT 1 AS a"},
        ["main.m is made twice", "models/m.sql", "models/main/m.sql"],
    ),
    "missing variables": (
        {"s/m.sql": "SELECT @one AS a,\n  @two AS b"},
        ["m.sql:1:8", "@one", "m.sql:2:3", "@two", "--vars", "[vars]", "s.m"],
    ),
    "missing start": (
        {"s/m.sql": APPEND % '"start_date": "@begin"' + "SELECT now() AS t"},
        ["m.sql", "s.m", "@begin", "--vars"],
    ),
    "lookback": (
        {"s/m.sql": APPEND % '"lookback": "7 dayz"' + "SELECT now() AS t"},
        ["m.sql", "s.m", "'7 dayz' is not a lookback", "'7 days'"],
    ),
    "metadata not json": (
        {"s/m.sql": "-- metadata: {x}\nSELECT 1 AS a"},
        ["m.sql:1", "s.m", "not JSON"],
    ),
    "metadata twice": (
        {"s/m.sql": "-- metadata: {}\nSELECT 1 AS a", "s/m.py": "metadata = {}"},
        ["m.sql", "s.m", "m.py", "keep one"],
    ),
    "no metadata": ({"s/m.sql": "SELECT 1 AS a", "s/m.py": "x = 1"}, ["m.py", "`metadata`"]),
    "python syntax": ({"s/m.py": "def x(:\n"}, ["m.py:1:7", "not Python"]),
    "python raises": ({"s/m.py": "x = 1\nint('a')\n"}, ["m.py:2", "ValueError"]),
    "python exits": ({"s/m.py": "import sys\n\nsys.exit(0)\n"}, ["m.py:3", "SystemExit"]),
    "no model": ({"s/m.py": "x = 1\n"}, ["m.py", "declares no model", "@model"]),
    "sql in python": (
        {"s/m.py": "create_model('s.m', 'SELECT 1;\\nSELECT 2')"},
        ["m.py", "s.m", "line 2, column 1 of its SQL"],
    ),
    "variable in python": (
        {"s/m.py": "create_model('s.m', 'SELECT @one AS a')"},
        ["m.py", "s.m", "@one", "--vars"],
    ),
}


def _assert_refused(result: Result, folder: Path, words: list[str]) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) < 24
    for word in words:
        assert word in result.stderr
    assert not (folder / "data").exists()


@pytest.mark.parametrize("case", TOML)
def test_wrong_settings_are_refused(case: str, project: Make, t4t: Run) -> None:
    """A mistake in project.toml is named with its line and what would be right."""
    text, words = TOML[case]
    folder = project({"m.sql": "SELECT 1 AS a"}, toml_file=text)

    result = t4t("run", folder)

    _assert_refused(result, folder, words)


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("case", FILES)
def test_wrong_files_are_refused(case: str, command: str, project: Make, t4t: Run) -> None:
    """A mistake in a model's files is named with file, line, model and what to do."""
    files, words = FILES[case]
    folder = project(files)
    if case == "not utf-8":
        (folder / "models/s/m.sql").write_bytes("SELECT 'é'".encode("latin-1"))

    result = t4t(command, folder)

    _assert_refused(result, folder, words)


def test_all_mistakes_are_shown_together(project: Make, t4t: Run) -> None:
    """One look shows every mistake of every file, of metadata and of SQL."""
    folder = project(
        {
            "s/a.sql": '-- metadata: {"x": 1, "tag": []}\nSELECT 1; SELECT 2',
            "s/b.sql": "SELECT FROM WHERE",
            "s/c.py": "raise ValueError('c')",
            "s/d.py": "create_model('s.d', 'SELECT 1', x=1)\ncreate_model('s.e', 'DROP TABLE d')",
        },
        {"s/f.xlsx": ""},
    )

    result = t4t("run", folder)

    words = ["'x'", "'tags'", "second statement", "b.sql:1", "ValueError: c", "s.d", "s.e", "xlsx"]
    _assert_refused(result, folder, words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--vars", "{x"], ["--vars is not JSON"]),
        (["--vars", "[1]"], ["list, not an object"]),
        (["-s", "nothing"], ["'nothing'", "no model or seed"]),
        (["-s", "ordrs"], ["did you mean 'main.orders'"]),
        (["-e", "tag:none"], ["'tag:none'"]),
        (["--nope"], ["--nope"]),
    ],
    ids=["vars", "vars list", "select", "nearest", "exclude", "option"],
)
def test_wrong_options_are_refused(
    options: list[str], words: list[str], project: Make, t4t: Run
) -> None:
    """A mistake on the command line is exit status 2, in words."""
    folder = project({"orders.sql": "SELECT 1 AS a"})

    result = t4t("run", folder, *options)

    assert result.exit_code == 2
    for word in words:
        assert word in result.stderr
    assert not (folder / "data").exists()


@pytest.mark.parametrize("missing", ["folder", "project.toml", "models"])
def test_missing_parts_are_named(missing: str, tmp_path: Path, t4t: Run) -> None:
    """Without a folder, a project.toml or models there is nothing to run, and it says so."""
    folder = tmp_path / "shop"
    if missing != "folder":
        folder.mkdir()
    if missing == "models":
        (folder / "project.toml").write_text(CONNECTION)

    result = t4t("run", folder)

    assert result.exit_code == 2
    assert missing in result.stderr
    assert "try: " in result.stderr


def test_command_refuses_in_a_process_of_its_own(project: Make, t4t_process: Run) -> None:
    """A wrong project is refused by the command itself too, with its exit status."""
    folder = project({"s/m.sql": "SELECT 1;\nSELECT 2"})

    result = t4t_process("run", folder, cwd=folder.parent)

    assert result.returncode == 2
    assert "m.sql:2:1" in result.stderr
    assert "Traceback" not in result.stderr
