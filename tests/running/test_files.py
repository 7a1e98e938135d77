"""Files that models read are those of the project, wherever t4t is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_lab import Lab, incremental


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A project with a file; in the working directory stands another one of its name."""
    lab = Lab(tmp_path / "p")
    for folder, value in ((lab.folder, 1), (tmp_path / "elsewhere", 2)):
        (folder / "files").mkdir(parents=True)
        (folder / "files" / "a.csv").write_text(f"id,c\n{value},10\n")
        (folder / "files" / "b.json").write_text(f'{{"id": {value}, "c": 20}}')
    monkeypatch.chdir(tmp_path / "elsewhere")
    return lab


@pytest.mark.parametrize(
    "source",
    [
        "'files/a.csv'",
        '"files/a.csv" AS q',
        "read_csv('files/a.csv')",
        "read_csv(['files/a.csv'], header := true)",
        "read_csv(@path)",
        "read_csv_auto('{{ path }}')",
        "read_csv('files/*.csv')",
        "(WITH x AS (SELECT * FROM 'files/a.csv') SELECT * FROM x)",
    ],
)
@pytest.mark.parametrize("kind", ["table", "view", "incremental"])
def test_a_relative_name_begins_in_the_project(lab: Lab, source: str, kind: str) -> None:
    """After FROM and in functions that read files, by itself, in a list or in a variable."""
    metadata = incremental("append") if kind == "incremental" else {"materialization": kind}
    lab.model(f"SELECT id, c FROM {source}", metadata)

    lab.run(path="files/a.csv")

    assert lab.rows() == [(1, 10)]


@pytest.mark.parametrize("name", ["'files/a.csv'", '"files/a.csv"'])
def test_a_name_of_the_query_itself_is_no_file(lab: Lab, name: str) -> None:
    """DuckDB reads the common table expression that has a file's name."""
    lab.model(f'WITH "files/a.csv" AS (SELECT 7 AS id, 30 AS c) SELECT id, c FROM {name}')

    lab.run()

    assert lab.rows() == [(7, 30)]


def test_columns_may_be_qualified_by_the_file(lab: Lab) -> None:
    """DuckDB calls a file after FROM by its name without the ending."""
    lab.model("SELECT a.id, b.c FROM 'files/a.csv' JOIN 'files/b.json' USING (id)")

    lab.run()

    assert lab.rows() == [(1, 20)]


def test_ephemeral_models_and_functions_read_the_same_files(lab: Lab) -> None:
    """A function is kept with the whole name, so other clients find the file too."""
    (lab.folder / "functions/m").mkdir(parents=True)
    (lab.folder / "functions/m/ids.sql").write_text(
        "CREATE MACRO ids() AS TABLE FROM 'files/a.csv'"
    )
    lab.model("SELECT id FROM read_json('files/b.json')", {"materialization": "ephemeral"}, "e")
    lab.model("SELECT id FROM e UNION ALL SELECT id FROM ids()")

    lab.run()

    assert lab.rows() == [(1,), (1,)]
    assert lab.rows("SELECT id FROM m.ids()") == [(1,)]


def test_other_names_are_left_alone(lab: Lab, tmp_path: Path) -> None:
    """Absolute names, tables with odd names, and texts that name no file."""
    lab.sql('CREATE TABLE main."odd.name" AS SELECT 5 AS id')
    other = tmp_path / "elsewhere/files/a.csv"
    lab.model(
        f"""SELECT id FROM '{other}' UNION ALL SELECT id FROM "odd.name"
        UNION ALL SELECT 7 WHERE 'files/a.csv' LIKE 'files%'"""
    )

    lab.run()

    assert lab.rows() == [(2,), (5,), (7,)]


def test_a_missing_file_is_named_whole(lab: Lab) -> None:
    """The error says where it was looked for, and in which model."""
    lab.model("SELECT * FROM read_csv('files/none.csv')")

    failed = lab.failure()

    assert str(lab.folder / "files/none.csv") in str(failed.error)
    assert "t.sql" in str(failed.error)
