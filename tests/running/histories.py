"""Sources, query shapes and time columns to play histories on, in a database in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from long_part import played
from running_lab import incremental, scd2

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.project.load import Project, load_project
from t4t_core.report import ModelReport
from t4t_core.running.session import Session
from t4t_core.state.ledger_tables import ensure_ledger


@dataclass(frozen=True)
class Shape:
    """A query over the source, with what its time, key and text columns are called."""

    query: str
    time: str = "c"
    key: str = "id"
    text: str = "v"


# Rows of these stay once the source has given them, so every strategy can follow them.
GROWING = {
    "plain": Shape("SELECT id, c, v FROM src WHERE v IS DISTINCT FROM 'skip'"),
    "star": Shape("SELECT * FROM src"),
    "star of one": Shape("SELECT s.* FROM src AS s JOIN dim AS d ON d.id <= s.id AND d.id = 0"),
    "star without": Shape("SELECT * EXCLUDE (v), v AS w FROM src", text="w"),
    "star replaced": Shape("SELECT * REPLACE (upper(v) AS v) FROM src"),
    "aliased": Shape("SELECT v AS w, c AS d, id AS v, s.c FROM src AS s", "d", "v", "w"),
    "quoted": Shape(
        'SELECT id AS "Order Id", c AS "Order Time", v AS "select" FROM src AS "From"',
        "Order Time",
        "Order Id",
        '"select"',
    ),
    "mixed case": Shape("SELECT ID AS Id, C AS Ordered_At, V FROM SRC", "ordered_AT", "ID"),
    "expression": Shape("SELECT id, coalesce(c, NULL) AS c, v FROM src"),
    "or": Shape("SELECT id, c, v FROM src WHERE v = 'a' OR v = 'b' OR v IS NULL"),
    "join": Shape("SELECT f.id, f.c, f.v, d.name FROM src AS f JOIN dim AS d USING (id)"),
    "left join": Shape(
        "SELECT f.id, f.c, f.v, d.name FROM src AS f LEFT JOIN dim AS d ON d.id = f.id"
    ),
    "comma join": Shape("SELECT f.id, f.c, f.v, d.name FROM src AS f, dim AS d WHERE f.id = d.id"),
    "exists": Shape(
        "SELECT id, c, v FROM src WHERE EXISTS (SELECT 1 FROM dim WHERE dim.id = src.id)"
    ),
    "in": Shape("SELECT id, c, v FROM src WHERE id IN (SELECT id FROM dim) OR v = 'a'"),
    "cte": Shape("WITH a AS (SELECT * FROM src), b AS (SELECT id, c, v FROM a) SELECT * FROM b"),
    "union all": Shape(
        "SELECT id, c, v FROM src UNION ALL SELECT id + 10, c, v FROM src WHERE v = 'a'"
    ),
    "distinct": Shape("SELECT DISTINCT id, c, v FROM src"),
    "subquery": Shape("SELECT * FROM (SELECT c, v, id FROM src) AS q"),
    "from first": Shape("FROM src SELECT id, c, v WHERE v IS NOT NULL"),
    "unnest": Shape("SELECT id, c, unnest([v, 'x']) AS v FROM src"),
}
# A row of these is replaced when its key gets a later one, or counts more. Append keeps what it
# has once added, so it cannot follow them; LIMIT and aggregates over everything no strategy can.
REPLACING = {
    "latest": Shape(
        "SELECT * FROM src QUALIFY row_number() OVER "
        "(PARTITION BY id ORDER BY c DESC NULLS LAST, v DESC NULLS LAST) = 1"
    ),
    "greatest": Shape(
        "SELECT id, max(c) AS c, count(*) AS n, min(v) AS v FROM src "
        "WHERE c IS NOT NULL GROUP BY id"
    ),
    "union distinct": Shape(
        "SELECT id, max(c) AS c, min(v) AS v FROM src WHERE c IS NOT NULL "
        "GROUP BY id UNION SELECT id + 10, c, v FROM src"
    ),
}
_HOURS = "'2024-03-10' + INTERVAL (?) HOUR"
# For each type the expression that makes the time from a number, and how a lookback is written.
KINDS = {
    "TIMESTAMP": (f"TIMESTAMP {_HOURS}", "{} hours"),
    "TIMESTAMP_S": (f"CAST(TIMESTAMP {_HOURS} AS TIMESTAMP_S)", "{} hours"),
    "TIMESTAMP_MS": (f"CAST(TIMESTAMP {_HOURS} AS TIMESTAMP_MS)", "{} hours"),
    "TIMESTAMP_NS": (f"CAST(TIMESTAMP {_HOURS} AS TIMESTAMP_NS)", "{} hours"),
    "TIMESTAMPTZ": ("TIMESTAMPTZ '2024-03-10 00:00:00+00' + INTERVAL (?) HOUR", "{} hours"),
    "DATE": ("DATE '2024-03-10' + CAST(? AS INTEGER)", "{} days"),
    "SMALLINT": ("CAST(? AS SMALLINT)", "{}"),
    "BIGINT": ("CAST(? AS BIGINT)", "{}"),
    "HUGEINT": ("CAST(? AS HUGEINT)", "{}"),
}
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


@dataclass
class World:
    """A warehouse in memory with the source, and the project that runs on it."""

    project: Project
    kind: str
    zone: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warehouse = self._empty()
        self.session = Session(self.project, self.warehouse)

    def _empty(self) -> Warehouse:
        warehouse = Warehouse.open_empty(self.project.settings.catalog)
        warehouse.execute(f"SET TimeZone = '{self.zone}'")
        warehouse.execute(f"CREATE TABLE src (id INTEGER, c {self.kind}, v VARCHAR)")
        warehouse.execute("CREATE TABLE dim AS SELECT r AS id, 'n' || r AS name FROM range(2) t(r)")
        ensure_ledger(warehouse)
        return warehouse

    def _add(self, warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
        moment = KINDS[self.kind][0]
        for row in rows:
            warehouse.row(f"INSERT INTO src SELECT ?, {moment}, ?", row)

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self._add(self.warehouse, rows)
        self.rows += rows

    @property
    def is_numbered(self) -> bool:
        """Whether the time column is a number."""
        return self.kind.endswith("INT")

    @property
    def processed(self) -> int | None:
        """The greatest time that the source has."""
        return max((row[1] for row in self.rows if row[1] is not None), default=None)

    def correct(self, row: tuple[Any, ...], v: str) -> None:
        """Gives each row of the source that equals this one another value."""
        moment = KINDS[self.kind][0]
        self.warehouse.row(
            f"UPDATE src SET v = ? WHERE id = ? AND c = {moment} AND v IS NOT DISTINCT FROM ?",
            (v, row[0], row[1], row[2]),
        )
        self.rows = [(*row[:2], v) if other == row else other for other in self.rows]

    def run(self, *, full_refresh: bool = False) -> ModelReport:
        (model,) = self.project.models
        played["runs"] += 1
        return self.session.run(model, Request(full_refresh=full_refresh))

    def table(self, condition: str = "true") -> Counter[tuple[object, ...]]:
        return Counter(self.warehouse.rows(f"SELECT * FROM m.t WHERE {condition}"))

    @contextmanager
    def refreshed(self) -> Iterator[World]:
        """The same source in a second database, loaded in full."""
        other = World(self.project, self.kind, self.zone)
        with other.warehouse:
            other.add(self.rows)
            report = other.run()
            assert (report.status, report.mode) == ("success", "full"), report.error
            yield other


def world(
    folder: Path, strategy: str, name: str, kind: str, zone: str, own: dict[str, Any]
) -> World:
    """A project with one model of a shape, and nothing in its source."""
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "project.toml").write_text('[connection]\npath = "w.duckdb"\n')
    played["histories"] += 1
    written = scd2(strategy, **own) if strategy == "timestamp" else incremental(strategy, **own)
    metadata = json.dumps(written)
    query = (GROWING | REPLACING)[name].query
    (folder / "models" / "m" / "t.sql").write_text(f"-- metadata: {metadata}\n{query}\n")
    return World(load_project(folder), kind, zone)


def arriving(
    data: st.DataObject, now: World, processed: int | None, lookback: int
) -> list[tuple[Any, ...]]:
    """Rows for the source, none more than `lookback` behind what was processed."""
    earliest = 0 if processed is None else processed - lookback
    latest = (0 if processed is None else processed) + 4
    time = st.one_of(st.integers(earliest, latest), st.none())
    new = st.tuples(st.integers(0, 3), time, st.sampled_from(["a", "b", "skip", None]))
    again = [row for row in now.rows if row[1] is None or row[1] >= earliest]
    row = st.one_of(new, new, st.sampled_from(again)) if again else new
    return data.draw(st.lists(row, max_size=5), label="rows")


def own_settings(data: st.DataObject, strategy: str, kind: str, name: str) -> dict[str, Any]:
    """The strategy's settings for a shape, some of them drawn."""
    shape = (GROWING | REPLACING)[name]
    lookback = data.draw(st.integers(0, 6), label="lookback")
    own: dict[str, Any] = {
        "lookback": KINDS[kind][1].format(lookback) if lookback else 0,
        "time_column": shape.time,
    }
    if strategy == "merge":
        own["unique_key"] = [shape.key]
        own["method"] = data.draw(st.sampled_from(["fastest", "merge"]), label="method")
        if data.draw(st.booleans(), label="has deletes"):
            own["delete_when"] = f"lower({shape.text}) = 'a'"
            own["null_time"] = "exclude"
    # A row without a time can be replaced by one before the start, which no run sees.
    can_start = strategy != "delete_insert" and name != "latest"
    if can_start and data.draw(st.booleans(), label="has start"):
        own["start_date"] = 2 if kind.endswith("INT") else "2024-03-11"
    return own


def check_converged(now: World, strategy: str, name: str, own: dict[str, Any]) -> None:
    """Compares the table and the watermark with those of a full refresh."""
    time = f'"{own["time_column"]}"'
    with now.refreshed() as other:
        marks = [
            w.warehouse.rows("SELECT watermark FROM _t4t.commits ORDER BY version DESC LIMIT 1")
            for w in (now, other)
        ]
        condition = "true"
        if strategy == "delete_insert":
            # Rows without a time are left to full loads.
            condition = f"{time} IS NOT NULL"
            if name in REPLACING:
                # What fell out of the window is left as it was.
                lookback = own["lookback"]
                nothing = "0" if now.is_numbered else "INTERVAL 0 DAY"
                span = nothing if not lookback else f"INTERVAL '{lookback}'"
                span = str(lookback) if lookback and now.is_numbered else span
                condition = f"{time} >= (SELECT max({time}) - {span} FROM m.t)"
        assert now.table(condition) == other.table(condition)
        assert marks[0] == marks[1]
    if strategy == "merge":
        key = own["unique_key"][0]
        (repeated,) = now.warehouse.rows(f'SELECT count(*) - count(DISTINCT "{key}") FROM m.t')
        assert repeated == (0,)
