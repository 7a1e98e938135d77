"""History by time: each version of a key, from its own time until that of the next one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from running_lab import Lab

Source = Callable[..., None]
QUERY = "SELECT id, c, v FROM src"
SHORT = "SELECT id, v, day(valid_from), day(valid_to) FROM m.t"


def scd2(**settings: object) -> dict[str, Any]:
    """The metadata of a model that keeps history by the time `c`."""
    own: dict[str, object] = {"strategy": "timestamp", "unique_key": "id", "updated_at": "c"}
    return {"materialization": "scd2", "scd2": own | settings}


def intervals_are_sound(lab: Lab) -> bool:
    """Whether each key's intervals are longer than nothing, touch, and one is open."""
    broken = lab.sql(
        "SELECT count(*) FROM (SELECT *, lead(valid_from) OVER (PARTITION BY id ORDER BY "
        "valid_from) AS following FROM m.t) WHERE valid_to <= valid_from "
        "OR valid_to IS DISTINCT FROM following"
    )
    return broken == [(0,)]


def test_the_first_run_makes_every_version_of_the_query(lab: Lab, source: Source) -> None:
    """Versions of a key in any order become intervals that touch; the last one is open."""
    source((1, 3, "c"), (2, 1, "x"), (1, 1, "a"), (1, 2, "b"))
    lab.model(QUERY, scd2())

    report = lab.run()

    assert (report.materialization, report.strategy) == ("scd2", "timestamp")
    assert (report.mode, report.rows_inserted, report.row_count) == ("full", 4, 4)
    assert str(report.watermark) == "2024-01-03T00:00:00"
    assert lab.rows(SHORT) == [
        (1, "a", 1, 2),
        (1, "b", 2, 3),
        (1, "c", 3, None),
        (2, "x", 1, None),
    ]


def test_a_new_version_ends_the_one_before(lab: Lab, source: Source) -> None:
    """A later run adds the new versions, ends those before them, and counts both."""
    source((1, 1, "a"), (2, 1, "x"))
    lab.model(QUERY, scd2(is_current="is_now"))
    lab.run()
    source((1, 4, "d"), (1, 3, "c"), (3, 2, "n"))

    report = lab.run()

    assert (report.mode, report.rows_inserted, report.rows_updated) == ("incremental", 3, 1)
    assert (report.rows_deleted, report.row_count) == (0, 5)
    assert lab.rows("SELECT id, v, day(valid_from), day(valid_to), is_now FROM m.t") == [
        (1, "a", 1, 3, False),
        (1, "c", 3, 4, False),
        (1, "d", 4, None, True),
        (2, "x", 1, None, True),
        (3, "n", 2, None, True),
    ]


def test_a_late_version_takes_its_place(lab: Lab, source: Source) -> None:
    """A version that comes late cuts the interval of the one before, or goes before them all."""
    source((1, 5, "e"), (1, 9, "i"), (2, 9, "x"))
    lab.model(QUERY, scd2(lookback="10 days"))
    lab.run()
    source((1, 7, "g"), (1, 2, "b"))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (2, 1)
    assert lab.rows(SHORT)[:4] == [
        (1, "b", 2, 5),
        (1, "e", 5, 7),
        (1, "g", 7, 9),
        (1, "i", 9, None),
    ]
    assert lab.rows() == lab.refreshed()


def test_a_version_beyond_the_lookback_is_not_read(lab: Lab, source: Source) -> None:
    """What comes later than the lookback allows is left out, as for every strategy."""
    source((1, 5, "e"), (1, 9, "i"))
    lab.model(QUERY, scd2(lookback="3 days"))
    lab.run()
    source((1, 2, "b"))

    report = lab.run()

    assert not report.has_changed_rows


def test_nothing_new_changes_nothing(lab: Lab, source: Source) -> None:
    """A window read again says 0 rows and leaves the data version as it was."""
    source((1, 1, "a"), (1, 2, None), (2, 2, "x"), (2, 2, "x"))
    lab.model(QUERY, scd2(lookback="10 days"))
    first = lab.run()

    report = lab.run()

    assert not report.has_changed_rows
    assert report.data_version == first.data_version


def test_the_source_corrects_a_version(lab: Lab, source: Source) -> None:
    """Other values with the same key and time replace that version, NULL among them."""
    source((1, 1, "a"), (1, 2, "b"), (2, 2, "x"))
    lab.model(QUERY, scd2(lookback="10 days"))
    lab.run()
    lab.sql("UPDATE src SET v = NULL WHERE v IN ('a', 'x')")

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (0, 2)
    assert lab.rows(SHORT) == [(1, "b", 2, None), (1, None, 1, 2), (2, None, 2, None)]


def test_a_touched_row_is_a_version(lab: Lab, source: Source) -> None:
    """A row with a new time and the same values is a version: what lies between may come late."""
    source((1, 1, "a"))
    lab.model(QUERY, scd2(lookback="10 days"))
    lab.run()
    source((1, 5, "a"))
    touched = lab.run()
    source((1, 3, "b"))

    lab.run()

    assert touched.rows_inserted == 1
    assert lab.rows(SHORT) == [(1, "a", 1, 3), (1, "a", 5, None), (1, "b", 3, 5)]


@pytest.mark.parametrize("is_known", [False, True], ids=["first-run", "later-run"])
def test_one_of_two_rows_with_one_key_and_time(lab: Lab, source: Source, is_known: bool) -> None:
    """The greater values win, whatever the order; on_duplicate_key can refuse them instead."""
    source((9, 1, "other"))
    lab.model(QUERY, scd2(lookback="10 days"))
    if is_known:
        lab.run()
    source((1, 2, "b"), (1, 2, "c"), (1, 2, None), (1, 2, "a"))

    lab.run()

    assert lab.rows(SHORT) == [(1, "c", 2, None), (9, "other", 1, None)]
    lab.model(QUERY, scd2(lookback="10 days", on_duplicate_key="error"))
    before = lab.everything()
    assert "(id, c) that come more than once: 1" in str(lab.failure().error)
    assert lab.everything() == before


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((None, 3, "b"), "NULL in the unique key (id): 1"),
        ((2, None, "b"), "NULL in 'c', so that nothing says when they began: 1"),
    ],
    ids=["key", "time"],
)
def test_a_row_without_key_or_time_is_refused(
    lab: Lab, source: Source, row: Any, words: str
) -> None:
    """NULL in the key or the time is an error with its count, and nothing is written."""
    source((1, 1, "a"), (1, 2, "b"))
    lab.model(QUERY, scd2())
    lab.run()
    before = lab.everything()
    source((1, 4, "d"), row)

    failed = lab.failure()

    assert words in str(failed.error)
    assert lab.everything() == before
    assert words in str(lab.failure(full_refresh=True).error)
    assert lab.everything() == before


def test_a_full_refresh_forgets_and_says_so(lab: Lab, source: Source) -> None:
    """Versions that the source has no more are kept by runs and lost by --full-refresh."""
    source((1, 1, "a"))
    lab.model(QUERY, scd2())
    lab.run()
    lab.sql("DELETE FROM src")
    source((1, 2, "b"))
    lab.run()
    kept = lab.rows(SHORT)

    report = lab.run(full_refresh=True)

    assert kept == [(1, "a", 1, 2), (1, "b", 2, None)]
    assert "history in the table is replaced" in str(report.warning)
    assert lab.rows(SHORT) == [(1, "b", 2, None)]


def test_no_change_of_the_definition_forgets(lab: Lab, source: Source) -> None:
    """Another query goes on with a warning; another key, time or strategy is refused."""
    source((1, 1, "a"), (1, 2, "b"))
    lab.model(QUERY, scd2())
    lab.run()
    source((1, 3, "c"))

    lab.model("SELECT id, c, upper(v) AS v FROM src", scd2())
    report = lab.run()
    assert report.mode == "incremental"
    assert "the query changed" in str(report.warning)
    assert lab.rows(SHORT) == [(1, "B", 2, 3), (1, "C", 3, None), (1, "a", 1, 2)]

    before = lab.everything()
    for changed in ({"unique_key": "v"}, {"strategy": "check"}):
        lab.model(QUERY, scd2(**changed))
        assert "no going on from the versions" in str(lab.failure().error)
    lab.model("SELECT *, 1 AS extra FROM src", scd2())
    assert "extra INTEGER is new" in str(lab.failure().error)
    for other in ({"materialization": "table"}, {"materialization": "view"}):
        lab.model(QUERY, other)
        assert "it would be forgotten" in str(lab.failure().error)
    lab.settings(flags={"definition_change_behavior": "error"})
    lab.model("SELECT id, c, lower(v) AS v FROM src", scd2())
    assert "definition_change_behavior" in str(lab.failure().error)
    lab.settings()
    lab.model(QUERY, {**scd2(), "full_refresh": False})
    assert '"full_refresh": false refuses' in str(lab.failure(full_refresh=True).error)
    assert lab.everything() == before


def test_a_lost_table_is_made_anew(lab: Lab, source: Source) -> None:
    """Where there is no history left to lose, the run is a full load and says why."""
    source((1, 1, "a"))
    lab.model(QUERY, scd2())
    lab.run()
    lab.sql("DROP TABLE m.t")

    report = lab.run()

    assert (report.mode, report.reason) == ("full", "its table is gone")


@pytest.mark.parametrize(
    ("query", "settings", "words"),
    [
        ("SELECT *, 1 AS Valid_To FROM src", {}, "the query gives a column 'valid_to'"),
        ("SELECT *, 1 AS x FROM src", {"is_current": "X"}, "the query gives a column 'X'"),
        ("SELECT id, v FROM src", {}, "does not give the updated_at 'c'"),
        ("SELECT c, v FROM src", {}, "does not give the unique key 'id'"),
        ("SELECT id, v AS c FROM src", {}, "type VARCHAR"),
    ],
    ids=["valid_to", "is_current", "no-time", "no-key", "text-time"],
)
def test_columns_that_cannot_be(
    lab: Lab, source: Source, query: str, settings: dict[str, Any], words: str
) -> None:
    """A query whose columns clash with the history's, or lack what it needs, is told so."""
    source((1, 1, "a"))
    lab.model(query, scd2(**settings))

    assert words in str(lab.failure().error)
    assert lab.sql("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'm'") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("DATE", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        (
            "TIMESTAMPTZ",
            ["2024-01-01 00:00:00+05", "2024-01-01 00:00:00+00", "2024-01-01 00:00:00-05"],
        ),
        (
            "TIMESTAMP_NS",
            ["2024-01-01 00:00:00.000000001", "2024-01-01 00:00:00.000000002", "2025-01-01"],
        ),
        ("TIMESTAMP_S", ["2024-01-01 00:00:01", "2024-01-01 00:00:02", "2024-01-01 00:00:03"]),
        ("UTINYINT", ["1", "2", "200"]),
        ("BIGINT", ["-5", "0", "5"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_time(lab: Lab, kind: str, times: list[str]) -> None:
    """Intervals have the time column's own type; names are quoted, and columns may be STRUCTs."""
    struct = "STRUCT(id INTEGER, valid_from INTEGER)"
    lab.sql(f'CREATE TABLE src ("Or der" INTEGER, "select" {kind}, h {struct}, t4t {struct})')
    lab.model(
        'SELECT "Or der", "select", h, t4t AS s FROM src',
        scd2(
            unique_key="or DER",
            updated_at="SELECT",
            valid_from="from",
            valid_to="t",
            lookback=999 if "INT" in kind else "999 days",
        ),
    )
    old, late, new = (f"CAST('{time}' AS {kind})" for time in times)
    lab.sql(f"INSERT INTO src VALUES (1, {old}, NULL, NULL), (1, {new}, NULL, NULL)")
    lab.run()
    lab.sql(f"INSERT INTO src VALUES (1, {late}, {{id: 2, valid_from: 3}}, NULL)")

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (1, 1)
    found = lab.sql(f'SELECT h.id, "from" = {late}, t = {new} FROM m.t ORDER BY "from" LIMIT 2')
    assert found == [(None, False, False), (2, True, True)]
    assert not lab.run().has_changed_rows


def test_instants_are_not_walls(lab: Lab) -> None:
    """Versions with a zone are ordered by their instant, in whatever zone the session is."""
    at = datetime.fromisoformat("2024-03-31T00:30:00+00:00")
    lab.sql("CREATE TABLE src (id INTEGER, c TIMESTAMPTZ, v VARCHAR)")
    lab.sql(
        "INSERT INTO src VALUES (1, '2024-03-31 02:40:00+02', 'second')",
        "INSERT INTO src VALUES (1, '2024-03-31 00:30:00+00', 'first')",
    )
    lab.model(QUERY, scd2())

    lab.run()

    assert lab.sql("SELECT v FROM m.t ORDER BY valid_from") == [("first",), ("second",)]
    (first,) = lab.sql("SELECT valid_from FROM m.t WHERE v = 'first'")[0]
    assert first == at
    assert intervals_are_sound(lab)
