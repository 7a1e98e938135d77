"""Every kind of time column, with every strategy, in any time zone of the session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from running_lab import Lab, incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.report import ModelReport
from t4t_core.running.open_session import open_session

STRATEGIES = pytest.mark.parametrize("strategy", ["append", "merge", "delete_insert"])
ZONES = pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])

# Around the night in which New York's clocks go forward: the last value, one within the lookback
# at its edge, one just before it, a new one, and the lookback.
TIMES: dict[str, tuple[str, str, str, str, str]] = {
    "DATE": ("2024-03-11", "2024-03-09", "2024-03-08", "2024-03-12", "2 days"),
    "TIMESTAMP": (
        "2024-03-11 02:30:00",
        "2024-03-10 02:30:00",
        "2024-03-10 02:29:59.999999",
        "2024-03-11 02:30:00.000001",
        "1 day",
    ),
    "TIMESTAMP_S": (
        "2024-03-10 03:30:00",
        "2024-03-10 01:30:00",
        "2024-03-10 01:29:59",
        "2024-03-10 03:30:01",
        "2 hours",
    ),
    "TIMESTAMP_MS": (
        "2024-03-31 00:00:00",
        "2024-02-29 00:00:00",
        "2024-02-28 23:59:59.999",
        "2024-03-31 00:00:00.001",
        "1 month",
    ),
    "TIMESTAMP_NS": (
        "2024-03-10 03:00:00.000000001",
        "2024-03-10 02:00:00.000000001",
        "2024-03-10 02:00:00",
        "2024-03-10 03:00:00.000000002",
        "1 hour",
    ),
    "TIMESTAMPTZ": (
        "2024-03-10 07:30:00+00",
        "2024-03-09 07:30:00+00",
        "2024-03-09 07:29:59.999999+00",
        "2024-03-10 03:31:00-04",
        "1 day",
    ),
    "INTEGER": ("100", "90", "89", "101", "10"),
    "BIGINT": ("-5", "-9000000000", "-9000000001", "9000000000", "8999999995"),
    "UINTEGER": ("7", "0", "0", "8", "100"),
}


class Zoned:
    """A project whose runs and looks happen in a session with a time zone of its own."""

    def __init__(self, lab: Lab, zone: str) -> None:
        self.lab = lab
        lab.database.parent.mkdir()
        self.connection = duckdb.connect(str(lab.database))
        self.connection.execute(f"SET GLOBAL TimeZone = '{zone}'")

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        for statement in statements:
            self.connection.execute(statement)
        return self.connection.fetchall()

    def run(self, **variables: object) -> ModelReport:
        project = self.lab.project(**variables)
        with open_session(project, Warehouse.borrowed(self.connection)) as session:
            (model,) = project.models
            report = session.run(model, Request(variables=project.variables))
        assert report.status == "success", report.error
        return report


@pytest.fixture
def zoned(lab: Lab, zone: str) -> Iterator[Zoned]:
    """The project in the session's zone."""
    made = Zoned(lab, zone)
    with made.connection:
        yield made


@STRATEGIES
@ZONES
@pytest.mark.parametrize("kind", sorted(TIMES))
def test_the_window_is_exact(zoned: Zoned, kind: str, strategy: str) -> None:
    """A row at the lookback's edge is read, one a tick before it is not, whatever the zone."""
    last, edge, before, new, lookback = TIMES[kind]
    zoned.sql(
        f"CREATE TABLE src (id INTEGER, c {kind})",
        f"INSERT INTO src VALUES (1, '{last}')",
    )
    zoned.lab.model("SELECT id, c FROM src", incremental(strategy, lookback=lookback))
    first = zoned.run()
    zoned.sql(f"INSERT INTO src VALUES (2, '{edge}'), (3, '{before}'), (4, '{new}')")

    later = zoned.run()
    again = zoned.run()

    held = zoned.sql("SELECT id FROM m.t ORDER BY id")
    assert held == [(id_,) for id_ in (1, 2, 3, 4) if id_ != 3 or before == edge]
    (greatest,) = zoned.sql(f"SELECT max(c) = '{new}'::{kind} FROM m.t")
    assert greatest == (True,)
    assert first.watermark is not None
    assert later.watermark is not None
    assert later.watermark.ordinal > first.watermark.ordinal
    assert again.watermark == later.watermark
    if strategy != "delete_insert":
        assert not again.has_changed_rows


@ZONES
@pytest.mark.parametrize("strategy", ["append", "merge"])
def test_the_start_of_a_column_with_a_zone_is_utc(zoned: Zoned, strategy: str) -> None:
    """A start date is midnight in UTC for a column with a zone, in every session."""
    zoned.sql(
        "CREATE TABLE src (id INTEGER, c TIMESTAMPTZ)",
        "INSERT INTO src VALUES (1, '2024-03-09 23:59:59+00'), (2, '2024-03-10 00:00:00+00')",
    )
    zoned.lab.model("FROM src", incremental(strategy, start_date="2024-03-10"))

    zoned.run()

    assert zoned.sql("SELECT id FROM m.t") == [(2,)]


@ZONES
@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMPTZ"])
@pytest.mark.parametrize("start", ["2024-03-10", "2024-03-10T00:00:00"], ids=["date", "moment"])
def test_both_halves_of_a_window_agree(zoned: Zoned, kind: str, start: str) -> None:
    """`@start_date` deletes what the insert brings back, in every zone and for every kind."""
    first = (
        "TIMESTAMPTZ '2024-03-09 00:00:00+00'"
        if kind == "TIMESTAMPTZ"
        else "TIMESTAMP '2024-03-09'"
    )
    zoned.sql(
        f"CREATE TABLE src (id INTEGER, c {kind})",
        f"INSERT INTO src SELECT h, {first} + INTERVAL (h) HOUR FROM range(72) AS t(h)",
    )
    zoned.lab.model(
        "SELECT id, c FROM src",
        incremental("delete_insert", where_condition="c >= @since", start_date="@since"),
    )
    zoned.run(since=start)

    report = zoned.run(since=start)

    assert (report.rows_deleted, report.rows_inserted, report.row_count) == (48, 48, 72)


@ZONES
def test_the_watermark_survives_a_change_of_the_zone(zoned: Zoned) -> None:
    """A watermark written in one zone means the same moment in another."""
    zoned.sql(
        "CREATE TABLE src (id INTEGER, c TIMESTAMPTZ)",
        "INSERT INTO src VALUES (1, '2024-11-03 05:30:00+00')",
    )
    zoned.lab.model("FROM src", incremental("append"))
    first = zoned.run()
    zoned.sql(
        "SET GLOBAL TimeZone = 'Pacific/Auckland'",
        "INSERT INTO src VALUES (2, '2024-11-03 05:30:00+00'), (3, '2024-11-03 05:29:59+00')",
    )

    zoned.run()

    assert str(first.watermark) == "2024-11-03T05:30:00+00:00"
    assert zoned.sql("SELECT id FROM m.t ORDER BY id") == [(1,), (2,)]


@STRATEGIES
@pytest.mark.parametrize(
    ("time", "lookback", "words"),
    [
        ("7", "10 days", "its lookback is a number, not '10 days'"),
        ("DATE '2024-01-01'", 10, "lookback '10' has no unit"),
    ],
    ids=["a span for a number", "a number for a date"],
)
def test_a_lookback_of_another_kind_fails_the_first_run(
    lab: Lab, strategy: str, time: str, lookback: object, words: str
) -> None:
    """A table is not made whose later runs would all fail."""
    lab.model(f"SELECT 1 AS id, {time} AS c", incremental(strategy, lookback=lookback))

    failed = lab.failure()

    assert failed.error is not None
    assert words in failed.error
    assert lab.sql("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'm'") == [(0,)]
