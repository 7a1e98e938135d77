"""What SQL texts say is kept between loads, and is never believed where it could be wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import Dialect, Token
from sqlglot.parser import Parser

from t4t_core.checks.expression import Expression
from t4t_core.errors import ProjectError, T4tError
from t4t_core.models import Model
from t4t_core.planning.compiled import compiled_query
from t4t_core.project import kept_readings
from t4t_core.project.load import Project, load_project
from t4t_core.sql.condition import Condition
from t4t_core.sql.query import Query
from t4t_core.sql.statements import is_null

EXAMPLE = Path(__file__).parents[2] / "example_project" / "t_project"

MODELS = {
    "a/plain.sql": "SELECT 1 AS id -- end\n;",
    "a/Cased.sql": 'SELECT "Id", \'@day\' AS d FROM "Raw"."Orders" WHERE v > @least;',
    "a/typed.sql": "SELECT DATE '@day' AS d, {{ least }} AS n FROM raw.x",
    "a/names.sql": "WITH c AS (SELECT * FROM raw.y) SELECT f(id), s.g(1) FROM c JOIN plain ON c",
    "a/metadata.sql": '-- metadata: {"tags": ["é",\n--  "@day"]}\nSELECT 1 AS x',
    "a/late.sql": 'SELECT 1 AS x;\n/* metadata: {"description": "after the end"} */',
    "a/rows.sql": "VALUES (1, 'a'), (2, 'b')",
    "a/pivot.sql": "PIVOT raw.p ON k USING sum(v)",
    "a/files.sql": "SELECT * FROM 'in/*.csv' UNION ALL SELECT * FROM read_csv('more.csv')",
    "a/windows.sql": "\ufeffSELECT 'a\r\nb' AS t,\r\n  @least AS n\r\n",
    "a/defaults.sql": "SELECT @a:1 AS a, @b:1.0 AS b, {{ c | default('é') }} AS c, @d:true AS d",
    "a/inlined.sql": '-- metadata: {"materialization": "ephemeral"}\nSELECT id FROM raw.z',
    "a/reads.sql": "SELECT * FROM inlined, a.plain",
    "a/window.sql": (
        '-- metadata: {"materialization": "incremental", "incremental": {"strategy":'
        ' "delete_insert", "delete_insert": {"time_column": "c", "start_date": "@day",'
        ' "where_condition": "a.window.c >= @start_date -- all"}}}\nSELECT * FROM raw.w'
    ),
    "a/merged.sql": (
        '-- metadata: {"materialization": "incremental", "incremental": {"strategy": "merge",'
        ' "merge": {"time_column": "c", "unique_key": ["id"], "delete_when": "source.gone",'
        ' "incremental_predicates": ["target.c > source.c", "target.id > @least"]}}}\n'
        "SELECT * FROM raw.w"
    ),
    "a/made.py": (
        "from t4t_core import create_model\n"
        "for n in range(3):\n"
        "    create_model(table_name=f'made_{n}', sql=f'SELECT {n} FROM a.plain', metadata={})\n"
    ),
    "a/around.sql": (
        '-- metadata: {"pre_hook": "SET VARIABLE at = @day",'
        ' "post_hook": ["INSERT INTO raw.log VALUES (\'@table_name\', @least)",'
        ' "CREATE INDEX i ON @table_name (id)"], "schema": [{"name": "id",'
        ' "datatype": "Decimal(10,2)", "tests": ["not_null",'
        ' {"name": "relationships", "params": {"to": "raw.\\"Or ders\\"", "field": "id"}}]}],'
        ' "tests": [{"name": "expression", "params": {"expression": "id > @least -- all"},'
        ' "where": "id IN (SELECT id FROM a.plain)"}, {"name": "least", "params": {"n": 2}}]}\n'
        "SELECT a.twice(1) AS id, a.plus(2) AS p, a.ends(3) AS e FROM raw.w"
    ),
}
OTHERS = {
    "seeds/raw/s.csv": "id,v\n1,2\n",
    "seeds/raw/s.py": 'metadata = {"schema": [{"name": "id", "datatype": "number"}]}',
    "functions/a/twice.sql": ("CREATE FUNCTION a.twice(x BIGINT) RETURNS BIGINT AS $$ x * 2 $$"),
    "functions/a/ends.sql": "CREATE MACRO ends(x, y := current_date) AS TABLE FROM raw.e -- end\n",
    "functions/a/made.py": (
        "from t4t_core import functions\n"
        "@functions.sql(function_name='a.plus', return_type='int')\n"
        "def plus(x):\n    return f'{x} + 1'\n"
        "@functions.python(function_name='a.py', parameters=[{'name': 'x', 'type': 'text'}],"
        " return_type='object')\n"
        "def py(x):\n    return x\n"
    ),
    "tests/least.sql": "SELECT * FROM @table_name WHERE id < @n:1",
    "tests/alone.sql": '-- metadata: {"limit": 2}\nSELECT * FROM a.plain WHERE id > @n:9',
    "tests/functions/twice.sql": "SELECT a.twice(1) = 2",
}


@pytest.fixture
def folder(project: Callable[..., Path]) -> Path:
    """A project with every kind of text that reading treats in its own way."""
    folder = project(MODELS, toml='[vars]\nleast = 3\nday = "2024-01-01"\n')
    for path, content in OTHERS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


class _CountedParser:
    """A parser that notes what it parses; a compiled one's own methods cannot be replaced."""

    def __init__(self, parser: Parser, found: list[str]) -> None:
        self._parser = parser
        self._found = found

    def parse(self, tokens: list[Token], sql: str) -> object:
        self._found.append(f"parse {sql}")
        return self._parser.parse(tokens, sql)

    def __getattr__(self, name: str) -> object:
        return getattr(self._parser, name)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are tokenized or parsed, as they come."""
    found: list[str] = []
    tokenize, parser = Dialect.tokenize, Dialect.parser

    def counted_tokenize(self: Dialect, sql: str, **kwargs: object) -> object:
        found.append(f"tokenize {sql}")
        return tokenize(self, sql, **kwargs)

    def counted_parser(self: Dialect, **kwargs: object) -> _CountedParser:
        return _CountedParser(parser(self, **kwargs), found)

    monkeypatch.setattr(Dialect, "tokenize", counted_tokenize)
    monkeypatch.setattr(Dialect, "parser", counted_parser)
    return found


def _kept(folder: Path) -> Path:
    return folder / ".t4t" / "kept.jsonl"


def _without(folder: Path) -> Project:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("T4T_CACHE", "0")
        return load_project(folder)


def _queries(project: Project) -> Iterator[tuple[Model, Query]]:
    for model in project.models:
        if isinstance(model.source, Query):
            yield model, model.source


def _conditions(project: Project, model: Model) -> Iterator[Condition]:
    yield from model.conditions
    for check in project.checks.of(model.name.key):
        if check.where is not None:
            yield check.where
        if isinstance(check.rule, Expression):
            yield check.rule.expression


def _same(one: Project, other: Project) -> None:
    assert one.models == other.models
    assert one.graph.parents == other.graph.parents
    assert one.graph.sources == other.graph.sources
    assert one.graph.seeds == other.graph.seeds
    assert one.checks == other.checks
    assert one.graph.functions == other.graph.functions
    for (model, query), (other_model, alike) in zip(_queries(one), _queries(other), strict=True):
        assert query == alike
        assert repr(query.defaults) == repr(alike.defaults)
        for condition, same in zip(
            _conditions(one, model), _conditions(other, other_model), strict=True
        ):
            assert (condition, condition.words) == (same, same.words)
        values = one.variables
        assert compiled_query(model, one.graph, values) == compiled_query(
            model, other.graph, values
        )


@pytest.mark.parametrize("of", ["every kind", "example"])
def test_a_project_is_the_same_with_what_was_kept(of: str, folder: Path, tmp_path: Path) -> None:
    """Loaded without a cache, with a new one and with an old one, a project is the same."""
    if of == "example":
        folder = shutil.copytree(EXAMPLE, tmp_path / "t_project")

    without = _without(folder)
    cold = load_project(folder)
    warm = load_project(folder)

    assert _kept(folder).is_file()
    _same(without, cold)
    _same(without, warm)


def test_an_unchanged_file_is_not_parsed(folder: Path, parsed: list[str]) -> None:
    """The second load parses nothing; a load after one file changed parses that one, once."""
    load_project(folder)
    shutil.rmtree(folder / ".t4t")
    parsed.clear()  # sqlglot parses some texts of its own once
    queries = [query.text for _, query in _queries(load_project(folder))]
    cold = list(parsed)
    parsed.clear()
    load_project(folder)
    warm = list(parsed)
    (folder / "models" / "a" / "plain.sql").write_text("SELECT 2 AS id")
    load_project(folder)

    assert len(queries) == 19
    for text in queries:
        assert (cold.count(f"tokenize {text}"), cold.count(f"parse {text}")) == (1, 1)
    assert warm == []
    assert parsed == ["tokenize SELECT 2 AS id", "parse SELECT 2 AS id"]


def test_a_query_that_was_kept_is_never_parsed(folder: Path, parsed: list[str]) -> None:
    """What was read once is filled in and filtered without a tree."""
    load_project(folder)
    project = load_project(folder)
    parsed.clear()

    texts = {
        model.name.name: compiled_query(model, project.graph, project.variables)
        for model, _ in _queries(project)
    }

    assert texts["reads"].sql == "SELECT * FROM (\nSELECT id FROM raw.z\n) AS inlined, a.plain"
    assert texts["typed"].where("d", is_null).sql.endswith("WHERE q.d IS NULL")
    assert parsed == []


def test_a_change_is_seen_without_time_and_size(folder: Path) -> None:
    """What counts is the text: not when the file was written, nor how long it is."""
    file = folder / "models" / "a" / "plain.sql"
    load_project(folder)
    before = file.stat()
    file.write_text("SELECT 7 AS id -- end\n;")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    project = load_project(folder)

    assert file.stat().st_size == before.st_size
    _same(project, _without(folder))
    assert "7" in project.graph.node("a.plain").source.text  # type: ignore[union-attr]  # a query


def test_another_dialect_reads_the_text_anew(folder: Path) -> None:
    """The same text in another dialect is another text."""
    load_project(folder)
    toml = folder / "project.toml"
    toml.write_text('source_sql_dialect = "postgres"\n' + toml.read_text())

    _same(load_project(folder), _without(folder))


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        pytest.param("models/a/plain.sql", "1 AS", "(1 AS", "cannot be read", id="query"),
        pytest.param("models/a/around.sql", "SET", "BEGIN", "begins with BEGIN", id="hook"),
        pytest.param(
            "models/a/around.sql", "id > @", "id > (@", "not a condition", id="expression"
        ),
        pytest.param("models/a/around.sql", "id IN", "id IN IN", "not a condition", id="where"),
        pytest.param("models/a/around.sql", 'ders\\"', "ders", "not a table's", id="table"),
        pytest.param("functions/a/twice.sql", "x *", "x * *", "cannot be read", id="function"),
        pytest.param("functions/a/made.py", "{x} +", "{x} +)", "cannot be read", id="body"),
        pytest.param("functions/a/made.py", "text", "txet", "is no type", id="type of a function"),
        pytest.param("seeds/raw/s.py", "number", "numbr", "which is none", id="type of a seed"),
        pytest.param("tests/least.sql", "WHERE", "WHERE <", "cannot be read", id="test"),
        pytest.param(
            "project.toml", "\n[conn", '\nsource_sql_dialect = "x"\n[conn', "unknown", id="dialect"
        ),
    ],
)
def test_a_mistake_is_told_of_each_time(
    file: str, right: str, wrong: str, told: str, folder: Path
) -> None:
    """A mistake is no less told on the second load, and all other texts are kept."""
    load_project(folder)
    text = (folder / file).read_text()
    assert text.count(right) == 1
    (folder / file).write_text(text.replace(right, wrong))
    errors = []
    for _ in range(2):
        with pytest.raises(T4tError) as caught:
            load_project(folder)
        errors.append(str(caught.value))
    (folder / file).write_text(text)

    assert errors[0] == errors[1]
    assert told in errors[0]
    assert Path(file).name in errors[0]
    _same(load_project(folder), _without(folder))


def test_a_function_of_another_name_is_another_one(folder: Path) -> None:
    """A statement that was kept for one file is refused in a file of another name."""
    load_project(folder)
    twice = folder / "functions" / "a" / "twice.sql"
    twice.rename(twice.with_name("thrice.sql"))

    with pytest.raises(ProjectError, match=r"the file's function is a\.thrice"):
        load_project(folder)


@pytest.mark.parametrize(
    ("old", "new"), [("def plus(x)", "def plus(y, x)"), ("type='int'", "type='double'")]
)
def test_a_body_with_other_parameters_is_another_function(old: str, new: str, folder: Path) -> None:
    """The same text over other parameters, or with another type, is no text that was kept."""
    before = load_project(folder).graph.functions["a", "plus"]
    made = folder / "functions" / "a" / "made.py"
    made.write_text(made.read_text().replace(old, new))

    after = load_project(folder)

    assert after.graph.functions["a", "plus"] != before
    _same(after, _without(folder))


def test_files_that_are_gone_are_forgotten(folder: Path) -> None:
    """Only what the last load read is kept."""
    load_project(folder)
    long = _kept(folder).stat().st_size
    (folder / "models" / "a" / "names.sql").unlink()
    load_project(folder)

    assert _kept(folder).stat().st_size < long
    assert [file.name for file in sorted(_kept(folder).parent.iterdir())] == [
        ".gitignore",
        "kept.jsonl",
    ]


def test_an_unchanged_project_is_not_written(folder: Path) -> None:
    """A load that learned nothing writes nothing."""
    load_project(folder)
    before = _kept(folder).stat()

    load_project(folder)

    after = _kept(folder).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("part", [0, 1, 63, 64, 65, 66, 200, -1, -2, -300])
def test_a_truncated_cache_changes_nothing(part: int, folder: Path) -> None:
    """A file that was cut off anywhere is not believed, and is made anew."""
    load_project(folder)
    whole = _kept(folder).read_bytes()
    _kept(folder).write_bytes(whole[:part])

    _same(load_project(folder), _without(folder))
    assert _kept(folder).read_bytes() == whole


def test_a_cache_written_by_hand_changes_nothing(folder: Path, parsed: list[str]) -> None:
    """Facts that somebody changed are not believed, however well they look."""
    load_project(folder)
    whole = _kept(folder).read_bytes()
    _kept(folder).write_bytes(whole.replace(b'"schema":"raw"', b'"schema":"row"'))
    parsed.clear()

    project = load_project(folder)

    assert parsed
    _same(project, _without(folder))


def test_what_other_code_wrote_is_not_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache of another version of t4t, sqlglot or Python is read as none."""
    monkeypatch.setattr(kept_readings, "_maker", lambda: "another version")
    load_project(folder)
    foreign = _kept(folder).read_bytes()
    monkeypatch.undo()

    _same(load_project(folder), _without(folder))
    assert _kept(folder).read_bytes() != foreign


def test_the_digest_of_nonsense_does_not_make_it_sense(folder: Path) -> None:
    """Even a file with the right digest is checked for what stands in it."""
    for body in (b"", b"[]", b"{", b'{"a": {}}', b'{"a": {"end": "x"}}', b"\xff"):
        _kept(folder).parent.mkdir(exist_ok=True)
        _kept(folder).write_bytes(kept_readings._digest(body).encode() + b"\n" + body)

        _same(load_project(folder), _without(folder))


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_random_bytes_change_nothing(data: st.DataObject, project: Callable[..., Path]) -> None:
    """Whatever bytes stand in the file, whole or in its middle, the project loads as without."""
    folder = project({"a/t.sql": "SELECT id FROM raw.x WHERE v > @v"}, toml="[vars]\nv = 1\n")
    shutil.rmtree(folder / ".t4t", ignore_errors=True)
    load_project(folder)
    whole = _kept(folder).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    noise = data.draw(st.binary(max_size=80))
    rest = data.draw(st.sampled_from([b"", whole[at:], whole[at + len(noise) :]]))
    _kept(folder).write_bytes(whole[:at] + noise + rest)

    _same(load_project(folder), _without(folder))


@pytest.mark.parametrize("obstacle", ["a file for the folder", "a folder for the file"])
def test_a_project_loads_where_nothing_can_be_kept(obstacle: str, folder: Path) -> None:
    """Where the cache cannot be read or written, there is none, and no error."""
    if obstacle == "a file for the folder":
        (folder / ".t4t").write_text("mine")
    else:
        _kept(folder).mkdir(parents=True)
        (_kept(folder) / "mine").touch()

    for _ in range(2):
        _same(load_project(folder), _without(folder))

    assert not _kept(folder).is_file()
    assert not list(folder.rglob("kept.jsonl.*"))


def test_the_cache_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With T4T_CACHE=0 nothing is written."""
    monkeypatch.setenv("T4T_CACHE", "0")

    load_project(folder)

    assert not (folder / ".t4t").exists()


def test_a_write_that_breaks_off_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old cache stays whole until the new one is, whoever writes at the same time."""
    load_project(folder)
    whole = _kept(folder).read_bytes()
    (folder / "models" / "a" / "new.sql").write_text("SELECT 9 AS x")

    def full(_: Path, __: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    project = load_project(folder)
    monkeypatch.undo()

    assert _kept(folder).read_bytes() == whole
    assert not list(folder.rglob("kept.jsonl.*"))
    _same(project, _without(folder))


def test_the_folder_keeps_itself_out_of_git(folder: Path) -> None:
    """Nobody has to name the cache in a .gitignore of their own."""
    load_project(folder)

    assert (folder / ".t4t" / ".gitignore").read_text() == "*\n"
