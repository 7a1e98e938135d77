"""Columns that are `auto_incremental`: each key has one number, for as long as it is there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from histories import World
from hypothesis import given
from hypothesis import strategies as st
from long_part import histories, played
from running_lab import Lab, incremental

from t4t_core.commands.preview import compiled_models
from t4t_core.errors import T4tError
from t4t_core.planning.request import Request
from t4t_core.project.load import load_project

QUERY = "SELECT id, c, v FROM src"
METHODS = pytest.mark.parametrize("method", ["fastest", "merge"])
Source = Callable[..., None]
_NARROW = "SELECT id, c, v, (id + 0.1)::FLOAT AS w"
_WIDE = "SELECT id, c, v, (id + 0.1)::DOUBLE AS w"


def numbered(strategy: str = "merge", name: str = "n", **settings_: object) -> dict[str, Any]:
    """Metadata with a numbered column, by the text `v` where the strategy has a key."""
    schema = {"schema": [{"name": name, "datatype": "integer", "auto_incremental": True}]}
    if strategy == "table":
        return {"materialization": "table", "unique_key": "v"} | schema
    if strategy == "merge":
        settings_ = {"unique_key": "v"} | settings_
    return incremental(strategy, **settings_) | schema


def numbers(lab: Lab) -> dict[Any, int]:
    return dict(lab.sql("SELECT v, n FROM m.t ORDER BY v"))


@METHODS
def test_a_key_keeps_its_number(lab: Lab, source: Source, method: str) -> None:
    """New keys follow in the order of the key, updated ones and a full refresh keep theirs."""
    source((1, 5, "oslo"), (1, 5, "bern"), (2, 4, "oslo"))
    lab.model(QUERY, numbered(method=method, lookback="5 days"))
    lab.run()
    first = numbers(lab)
    source((7, 6, "oslo"), (1, 6, "rome"), (1, 6, "aarau"), (2, 5, "aarau"), (1, 1, "bern"))
    report = lab.run()
    second = numbers(lab)
    again = lab.run()
    lab.sql("DELETE FROM src WHERE v = 'bern'", "INSERT INTO src VALUES (1, '2024-01-02', 'a')")

    lab.run(full_refresh=True)

    assert first == {"bern": 1, "oslo": 2}
    assert second == first | {"aarau": 3, "rome": 4}
    assert (report.rows_inserted, report.rows_updated) == (2, 1)
    assert not again.has_changed_rows
    assert numbers(lab) == {"oslo": 2, "aarau": 3, "rome": 4, "a": 5}
    assert lab.sql("SELECT n, id, v, typeof(n) FROM m.t WHERE v = 'oslo'") == [
        (2, 7, "oslo", "INTEGER")
    ]
    assert [row[0] for row in lab.sql("DESCRIBE m.t")] == ["n", "id", "c", "v"]


@METHODS
def test_no_number_is_given_twice(lab: Lab, source: Source, method: str) -> None:
    """The number of a key that was deleted, the greatest too, stays unused; it gets another."""
    source((1, 1, "a"), (1, 1, "b"))
    lab.model(QUERY, numbered(method=method, delete_when="id = 0"))
    lab.run()
    source((0, 2, "b"), (0, 2, "x"))
    lab.run()
    source((1, 3, "b"), (1, 3, "c"))

    lab.run()
    after = numbers(lab)
    lab.sql("DELETE FROM src WHERE v IN ('b', 'c')")
    lab.run(full_refresh=True)
    source((1, 9, "d"))
    lab.run()

    assert after == {"a": 1, "b": 3, "c": 4}
    assert numbers(lab) == {"a": 1, "d": 5}


@METHODS
def test_the_query_can_say_the_order(lab: Lab, source: Source, method: str) -> None:
    """Where the query gives the column, new keys get their numbers in its order."""
    source((1, 1, "a"), (1, 1, "b"))
    query = "SELECT row_number() OVER (ORDER BY v DESC) AS n, id, c, v FROM src"
    lab.model(query, numbered(method=method, lookback="9 days", exclude_columns="id"))
    lab.run()
    first = numbers(lab)
    source((1, 2, "c"), (1, 2, "d"), (1, 2, "a"))

    report = lab.run()

    assert first == {"b": 1, "a": 2}
    assert numbers(lab) == {"b": 1, "a": 2, "d": 3, "c": 4}
    assert (report.rows_inserted, report.rows_updated) == (2, 1)
    assert lab.run().has_changed_rows is False


@pytest.mark.parametrize("null_time", ["include", "error"])
def test_appended_rows_are_numbered_by_time(lab: Lab, source: Source, null_time: str) -> None:
    """Each row has its own number, equal ones too, and keeps it when a column comes."""
    source((1, 2, "b"), (1, 1, "z"), (1, 1, "z"))
    metadata = numbered("append", null_time=null_time)
    lab.model(QUERY, metadata)
    lab.run()
    source((1, 3, "k"), (1, 2, "a"), (1, 2, "b"))
    lab.run()
    before = lab.rows("SELECT n, v FROM m.t")
    again = lab.run()
    source((1, 1, "late"))

    lab.model("SELECT id, c, v, v || id AS w FROM src", metadata)
    report = lab.run()

    assert before == [(1, "z"), (2, "z"), (3, "b"), (4, "a"), (5, "b"), (6, "k")]
    assert not again.has_changed_rows
    assert report.mode == "full"
    assert lab.rows("SELECT n, v FROM m.t") == [*before, (7, "late")]


@pytest.mark.parametrize(
    ("before", "after"),
    [("SELECT id, c, v", "SELECT id, c, v, v || id AS w"), (_NARROW, _WIDE)],
    ids=["added", "widened"],
)
def test_appended_rows_keep_numbers_under_a_column_of_later(
    lab: Lab, source: Source, before: str, after: str
) -> None:
    """Rows that lack its value, being outside the window, are known again by a full refresh."""
    metadata = numbered("append")
    metadata["incremental"]["on_schema_change"] = "append_new_columns"
    source((1, 1, "z"), (1, 1, "z"), (2, 2, "b"))
    lab.model(f"{before} FROM src", metadata)
    lab.run()
    source((3, 6, "k"))
    lab.model(f"{after} FROM src", metadata)
    lab.run()
    held = lab.rows("SELECT n, v FROM m.t")

    report = lab.run(full_refresh=True)

    assert report.mode == "full"
    assert held == [(1, "z"), (2, "z"), (3, "b"), (4, "k")]
    assert lab.rows("SELECT n, v FROM m.t") == held
    assert lab.rows("SELECT * EXCLUDE n FROM m.t") == lab.rows(f"{after} FROM src")


def test_rows_that_differ_only_in_a_column_of_later_keep_their_numbers(lab: Lab) -> None:
    """Once they have its values these tell them apart, in a wider window and a full refresh."""
    metadata = numbered("append", lookback="5 days")
    metadata["incremental"]["on_schema_change"] = "append_new_columns"
    lab.sql("CREATE TABLE src AS SELECT TIMESTAMP '2024-01-05' AS c, i AS w FROM range(3000) q(i)")
    lab.model("SELECT c FROM src", metadata)
    lab.run()
    lab.model("SELECT * FROM src", metadata)
    completing = lab.run()
    held = lab.rows("SELECT n, w FROM m.t")
    lab.sql("CREATE OR REPLACE TABLE src AS FROM src ORDER BY hash(w)")
    metadata["incremental"]["append"]["lookback"] = "30 days"
    lab.model("SELECT * FROM src", metadata)

    wider = lab.run()
    after_wider = lab.rows("SELECT n, w FROM m.t")
    lab.run(full_refresh=True)

    assert completing.rows_updated == 3000
    assert not wider.has_changed_rows
    assert after_wider == held
    assert lab.rows("SELECT n, w FROM m.t") == held


def test_a_table_keeps_the_numbers_of_its_keys(lab: Lab, source: Source) -> None:
    """Each run makes it anew, with the numbers that it had; a broken key changes nothing."""
    source((1, 1, "b"), (1, 1, "a"))
    lab.model(f"{QUERY} -- all", numbered("table"))
    lab.run()
    lab.sql("DELETE FROM src WHERE v = 'a'", "INSERT INTO src VALUES (1, '2024-01-01', 'A')")
    lab.run()
    after = numbers(lab)
    before = lab.everything()
    memory = lab.sql("FROM _t4t.numbers")

    source((2, 1, "b"), (2, 1, None))
    failure = lab.failure()

    assert after == {"b": 2, "A": 3}
    assert "NULL in the unique key (v): 1" in str(failure.error)
    assert (lab.everything(), lab.sql("FROM _t4t.numbers")) == (before, memory)


def test_numbers_of_another_tools_table_are_kept(lab: Lab, source: Source) -> None:
    """A full refresh takes the table over with its numbers, unless two rows have the same."""
    source((1, 1, "a"), (1, 1, "b"), (1, 1, "c"))
    lab.sql(
        "CREATE SCHEMA m",
        "CREATE TABLE m.t AS FROM (VALUES ('b', 10), ('a', 10), ('gone', 12)) q(v, n)",
    )
    lab.model(QUERY, numbered())
    refused = lab.failure(full_refresh=True)
    lab.sql("UPDATE m.t SET n = 40 WHERE v = 'a'")

    lab.run(full_refresh=True)

    assert "numbers in n that more than one row had before: 1" in str(refused.error)
    assert numbers(lab) == {"a": 40, "b": 10, "c": 41}


def test_a_column_that_becomes_numbered_loads_in_full(lab: Lab, source: Source) -> None:
    """The old values are not taken for numbers, and the run says why it is one."""
    source((1, 1, "b"), (1, 1, "a"))
    lab.model("SELECT 5 AS n, id, c, v FROM src", incremental("merge", unique_key="v"))
    lab.run()

    lab.model("SELECT 5 AS n, id, c, v FROM src", numbered())
    report = lab.run()

    assert report.reason == "the auto_incremental column changed from none to n"
    assert numbers(lab) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (numbered("delete_insert"), "delete_insert cannot keep the numbers"),
        (numbered("table") | {"materialization": "view"}, "for a table with an auto_incremental"),
        (numbered("table") | {"unique_key": None}, "needs a 'unique_key'"),
        (numbered(name="V"), "cannot be key, time or updated column"),
        (numbered("append", name="c"), "cannot be key, time or updated column"),
        (numbered(update_columns="n"), "cannot be key, time or updated column"),
        (
            numbered()
            | {"schema": [{"name": x, "auto_incremental": True} for x in ("one", "two")]},
            "two columns are auto_incremental, one and two",
        ),
    ],
    ids=["delete_insert", "view", "no-key", "key", "time", "updated", "two"],
)
def test_what_cannot_have_numbers_is_refused(
    lab: Lab, metadata: dict[str, Any], words: str
) -> None:
    """It is an error in the metadata, before anything runs."""
    lab.model(QUERY, {key: value for key, value in metadata.items() if value is not None})

    with pytest.raises(T4tError) as refused:
        lab.project()

    assert words in str(refused.value)


def test_numbers_are_integers(lab: Lab, source: Source) -> None:
    """Another type is an error, be it the query's or the metadata's."""
    source((1, 1, "a"))
    lab.model("SELECT 'x' AS n, id, c, v FROM src", numbered())
    given = lab.failure()
    lab.model(QUERY, numbered() | {"schema": [{"name": "n", "datatype": "number"} | _AUTO]})

    written = lab.failure()

    assert "'n' has type VARCHAR, which is no integer" in str(given.error)
    assert "'n' has type number, which is no integer" in str(written.error)


_AUTO = {"auto_incremental": True}


@pytest.mark.parametrize("name", ["rowid", "Order By"])
@pytest.mark.parametrize("strategy", ["merge", "append", "table"])
def test_any_name_can_be_numbered(lab: Lab, strategy: str, name: str) -> None:
    """Keywords, blanks and `rowid` are names like others; `compile` prints what runs."""
    lab.sql(
        'CREATE TABLE src ("a b" VARCHAR, c TIMESTAMP, "select" INTEGER)',
        "INSERT INTO src VALUES ('k', '2024-01-01', 1)",
    )
    metadata = numbered(strategy, name=name)
    keyed = {"merge": metadata.get("incremental", {}).get("merge"), "table": metadata}
    keyed.get(strategy, {})["unique_key"] = "A b"
    lab.model("SELECT * FROM src", metadata)
    lab.run()
    lab.sql("INSERT INTO src VALUES ('a', '2024-01-01', 2), ('b', '2024-01-02', NULL)")

    lab.run()
    project = lab.project()
    (compiled,) = compiled_models(project, project.graph.select(), Request())

    assert lab.sql(f'SELECT "{name}", "a b" FROM m.t ORDER BY 1') == [(1, "k"), (2, "a"), (3, "b")]
    assert compiled["error"] is None


@pytest.mark.long
@histories(25, 100)
@given(data=st.data())
def test_any_history_keeps_numbers(data: st.DataObject) -> None:
    """Whatever runs: no number twice, none changes while its key is there, none comes back."""
    own: dict[str, Any] = {"time_column": "c", "unique_key": "id", "lookback": 3}
    own["method"] = data.draw(st.sampled_from(["fastest", "merge"]))
    own |= data.draw(st.sampled_from([{}, {"delete_when": "v = 'gone'", "null_time": "exclude"}]))
    query = data.draw(st.sampled_from([QUERY, "SELECT -id AS n, * FROM src"]))
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder) / "lab")
        lab.model(query, numbered(**own))
        now = World(load_project(lab.folder), "BIGINT", "UTC")
    played["histories"] += 1
    had: dict[int, int] = {}
    used: set[int] = set()

    with now.warehouse:
        for time in range(data.draw(st.integers(1, 7))):
            row = st.tuples(
                st.integers(0, 5),
                st.integers(max(time - 3, 0), time),
                st.sampled_from(["a", "b", "gone"]),
            )
            now.add(data.draw(st.lists(row, max_size=4)))
            report = now.run(full_refresh=data.draw(st.booleans()))
            assert report.status == "success", report.error
            found = now.warehouse.rows("SELECT id, n FROM m.t")
            has: dict[int, int] = dict(found)  # type: ignore[arg-type]
            assert len(set(has.values())) == len(has) == len(found)
            assert all(has[key] == had[key] for key in has.keys() & had.keys())
            assert not {has[key] for key in has.keys() - had.keys()} & used
            had, used = has, used | set(has.values())
