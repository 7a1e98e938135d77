"""Columns that come and go under a history, which cannot be loaded anew for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from running_lab import Lab, scd2

Source = Callable[..., None]
FORMS = pytest.mark.parametrize(
    ("strategy", "settings"),
    [
        ("timestamp", {"lookback": "1 day"}),
        ("timestamp", {"hard_deletes": "invalidate"}),
        ("check", {"updated_at": "c"}),
    ],
    ids=["versions", "states", "check"],
)


@FORMS
def test_a_new_column_is_added(
    lab: Lab, source: Source, strategy: str, settings: dict[str, Any]
) -> None:
    """Ended versions have NULL in it; open ones that are read get its value, and go on."""
    source((1, 2, "a"), (2, 5, "x"))
    own = {"on_schema_change": "append_new_columns", "is_current": "now", **settings}
    lab.model("SELECT id, c, v FROM src", scd2(strategy, **own))
    lab.run()
    lab.sql("UPDATE src SET c = '2024-01-06', v = 'b' WHERE id = 1")
    lab.model("SELECT id, c, v, length(v) AS n, 'é' AS \"Straße\" FROM src", scd2(strategy, **own))

    report = lab.run()
    again = lab.run()

    assert report.status == "success"
    assert "adds n BIGINT" in report.reason
    assert (report.rows_inserted, report.rows_updated) == (1, 2)
    assert lab.rows('SELECT id, v, n, "Straße", day(valid_to), now FROM m.t') == [
        (1, "a", None, None, 6, False),
        (1, "b", 1, "é", None, True),
        (2, "x", 1, "é", None, True),
    ]
    assert not again.has_changed_rows


@FORMS
def test_a_column_that_is_gone_or_left_out(
    lab: Lab, source: Source, strategy: str, settings: dict[str, Any]
) -> None:
    """A gone column stays, with NULL in new versions; under `ignore` a new one is left out."""
    source((1, 2, "a"), (2, 5, "x"))
    own = {"on_schema_change": "ignore", **settings}
    lab.model("SELECT id, c, v, 1 AS gone FROM src", scd2(strategy, **own))
    lab.run()
    lab.sql("UPDATE src SET c = '2024-01-06', v = 'b' WHERE id = 1")
    lab.model("SELECT 2 AS new, v, c, id FROM src", scd2(strategy, **own))

    report = lab.run()

    assert (report.rows_inserted, report.rows_updated) == (1, 1)
    assert lab.rows("SELECT id, v, gone, day(valid_to) FROM m.t") == [
        (1, "a", 1, 6),
        (1, "b", None, None),
        (2, "x", 1, None),
    ]
    assert not lab.run().has_changed_rows


@pytest.mark.parametrize(
    ("query", "settings", "words"),
    [
        ("SELECT id::BIGINT AS id, c, v FROM src", {}, "the unique key id"),
        ("SELECT id, c::DATE AS c, v FROM src", {}, "the updated_at c"),
        ("SELECT id, c, v FROM src", {"is_current": "now"}, "the history's now"),
        ("SELECT id, c, v, 1 AS n FROM src", {"on_schema_change": "fail"}, "n INTEGER is new"),
    ],
    ids=["key", "time", "flag", "fail"],
)
def test_what_no_history_can_go_on_with(
    lab: Lab, source: Source, query: str, settings: dict[str, Any], words: str
) -> None:
    """Another type of key or time, or another column of the history's own, is refused."""
    own = {"on_schema_change": "append_new_columns"}
    source((1, 2, "a"))
    lab.model("SELECT id, c, v FROM src", scd2("timestamp", **own))
    lab.run()
    before = lab.everything()
    lab.model(query, scd2("timestamp", **(own | settings)))

    failed = lab.failure()

    assert words in str(failed.error)
    assert lab.everything() == before


def test_a_type_gets_wider(lab: Lab, source: Source) -> None:
    """The table's column takes the wider type, with every value that it holds."""
    source((1, 2, "a"))
    own = {"on_schema_change": "append_new_columns", "lookback": "1 day"}
    lab.model("SELECT id, c, 7::INTEGER AS n FROM src", scd2("timestamp", **own))
    lab.run()
    source((1, 3, "b"))
    lab.model("SELECT id, c, 7000000000 AS n FROM src WHERE v = 'b'", scd2("timestamp", **own))

    lab.run()

    assert lab.rows("SELECT n, typeof(n), day(valid_to) FROM m.t") == [
        (7, "BIGINT", 3),
        (7000000000, "BIGINT", None),
    ]


@pytest.mark.parametrize("settings", [{}, {"updated_at": "c"}], ids=["clock", "time"])
def test_a_column_that_comes_back_begins_no_version(
    lab: Lab, source: Source, settings: dict[str, Any]
) -> None:
    """Versions that began without it take its value; where an older one had NULL it is compared."""
    own = scd2("check", on_schema_change="append_new_columns", **settings)
    source((1, 2, "a"), (2, 2, None))
    lab.model("SELECT id, c, v FROM src", own)
    lab.run()
    source((3, 3, "k"))
    lab.model("SELECT id, c FROM src", own)
    lab.run()
    lab.run()
    lab.sql("UPDATE src SET v = 'new', c = '2024-01-05' WHERE id = 2")
    lab.model("SELECT id, c, v FROM src", own)

    back = lab.run()
    again = lab.run()
    lab.sql("UPDATE src SET v = NULL, c = '2024-01-06' WHERE id = 3")
    lab.run()
    lab.sql("UPDATE src SET v = 'later', c = '2024-01-07' WHERE id = 3")
    lab.run()

    assert (back.rows_inserted, back.rows_updated) == (1, 2)
    assert not again.has_changed_rows
    assert lab.rows("SELECT id, v, valid_to IS NULL FROM m.t") == [
        (1, "a", True),
        (2, "new", True),
        (2, None, False),
        (3, "k", False),
        (3, "later", True),
        (3, None, False),
    ]


def test_a_wider_type_alone_begins_no_version(lab: Lab, source: Source) -> None:
    """A value that only became exact is completed; another one begins a version."""
    own = scd2("check", on_schema_change="append_new_columns")
    source((1, 2, "a"), (2, 2, "b"), (3, 2, None))
    lab.model("SELECT id, (id / 10)::FLOAT AS x FROM src", own)
    lab.run()
    lab.model("SELECT id, IF(id = 2, 7, id / 10)::DOUBLE AS x FROM src", own)

    wider = lab.run()
    again = lab.run()

    assert (wider.rows_inserted, wider.rows_updated) == (1, 3)
    assert not again.has_changed_rows
    assert lab.rows("SELECT id, x FROM m.t WHERE valid_to IS NULL") == [(1, 0.1), (2, 7), (3, 0.3)]


def test_a_new_column_changes_no_other(lab: Lab, source: Source) -> None:
    """A version that gets its value keeps what it held in columns that are not checked."""
    own = scd2("check", on_schema_change="append_new_columns", check_columns="id")
    source((1, 2, "a"))
    lab.model("SELECT id, v FROM src", own)
    lab.run()
    lab.sql("UPDATE src SET v = 'b'")
    lab.model("SELECT id, v, 5 AS n FROM src", own)

    lab.run()

    assert lab.rows("SELECT id, v, n FROM m.t") == [(1, "a", 5)]
