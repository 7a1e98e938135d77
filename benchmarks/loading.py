"""Loading a project of many SQL models: with nothing kept, with all kept, and the least of it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable
from pathlib import Path

import workload

METADATA = (
    '{"materialization": "table", "description": "model %d", '
    '"schema": [{"name": "id", "tests": ["not_null"]}]}'
)
_SHORT = """\
WITH a AS (
    SELECT id, ts, v, CASE WHEN v > 10 THEN 'x' ELSE 'y' END AS k FROM {parent} WHERE v IS NOT NULL
)
SELECT a.id, max(a.ts) AS ts, sum(a.v) AS v, count(*) FILTER (WHERE a.k = 'x') AS xs
FROM a LEFT JOIN raw.dim AS d ON d.id = a.id
GROUP BY a.id
"""
_LONG = """\
WITH orders AS (
    SELECT
        o.order_id,
        o.customer_id,
        o.ordered_at,
        lower(trim(o.status)) AS status,
        coalesce(o.amount, 0) - coalesce(o.discount, 0) AS net_amount,
        CASE
            WHEN o.channel IN ('web', 'app') THEN 'online'
            WHEN o.channel = 'shop' THEN 'store'
            ELSE 'other'
        END AS channel
    FROM {parent} AS o
    WHERE o.ordered_at >= DATE '2024-01-01' AND o.status <> 'test'
),
customers AS (
    SELECT
        c.customer_id,
        c.first_name || ' ' || c.last_name AS customer_name,
        c.country,
        c.signed_up_at,
        row_number() OVER (PARTITION BY c.customer_id ORDER BY c.updated_at DESC) AS nth
    FROM raw.customers AS c
),
payments AS (
    SELECT
        p.order_id,
        sum(p.amount) FILTER (WHERE p.state = 'paid') AS paid,
        sum(p.amount) FILTER (WHERE p.state = 'refunded') AS refunded,
        min(p.paid_at) AS first_paid_at,
        count(DISTINCT p.method) AS methods
    FROM raw.payments AS p
    GROUP BY p.order_id
    HAVING count(*) > 0
),
joined AS (
    SELECT
        o.*,
        c.customer_name,
        c.country,
        date_diff('day', c.signed_up_at, o.ordered_at) AS days_since_signup,
        p.paid,
        p.refunded,
        p.first_paid_at,
        sum(o.net_amount) OVER (
            PARTITION BY o.customer_id ORDER BY o.ordered_at ROWS UNBOUNDED PRECEDING
        ) AS lifetime_amount,
        lag(o.ordered_at) OVER (PARTITION BY o.customer_id ORDER BY o.ordered_at) AS previous_at
    FROM orders AS o
    LEFT JOIN customers AS c ON c.customer_id = o.customer_id AND c.nth = 1
    LEFT JOIN payments AS p ON p.order_id = o.order_id
)
SELECT
    date_trunc('day', j.ordered_at) AS day,
    j.country,
    j.channel,
    count(*) AS orders,
    count(DISTINCT j.customer_id) AS customers,
    sum(j.net_amount) AS net_amount,
    avg(j.net_amount) AS average_amount,
    sum(CASE WHEN j.previous_at IS NULL THEN 1 ELSE 0 END) AS first_orders,
    max(j.lifetime_amount) AS greatest_lifetime,
    round(100.0 * sum(coalesce(j.refunded, 0)) / nullif(sum(j.paid), 0), 2) AS refund_rate
FROM joined AS j
WHERE j.status NOT IN ('cancelled', 'failed') AND j.days_since_signup >= 0
GROUP BY ALL
ORDER BY day, j.country
"""
# By how long their SQL is: the text of a model, and how many tables it names.
KINDS = {"short": (_SHORT, 2), "long": (_LONG, 3)}


def measure(folder: Path, kind: str, count: int, runs: int) -> dict[str, object]:
    """Seconds of each load with nothing kept, with all kept and with one text changed.

    Beside them those of the floor: each text is read and parsed once, and its tables found by hand.
    """
    from t4t_core.project.load import load_project

    query, tables = KINDS[kind]
    models = folder / "models" / "bench"
    models.mkdir(parents=True)
    workload.write_settings(folder)
    for number in range(count):
        parent = f"bench.m{number - 1}" if number % 10 else "raw.src"
        text = f"-- metadata: {METADATA % number}\n{query.format(parent=parent)}"
        (models / f"m{number}.sql").write_text(text)

    def load() -> None:
        assert len(load_project(folder).models) == count

    def cold() -> None:
        shutil.rmtree(folder / ".t4t", ignore_errors=True)
        load()

    cold()  # sqlglot and pydantic make some things of theirs at their first use
    found: dict[str, list[tuple[float, float]]] = {
        "cold": [],
        "warm": [],
        "changed": [],
        "floor": [],
    }
    changed = models / "m7.sql"
    for number in range(runs):
        found["floor"].append(_alone(lambda: _parse(models, tables)))
        found["cold"].append(_alone(cold))
        found["warm"].append(_alone(load))
        before = changed.read_text()
        changed.write_text(f"{before}LIMIT {number + 1}\n")
        found["changed"].append(_alone(load))
        changed.write_text(before)
    return dict(found)


def _alone(call: Callable[[], None]) -> tuple[float, float]:
    """Its seconds, without those of taking away what came before it."""
    gc.collect()
    return workload.taken(call)


def _parse(models: Path, count: int) -> None:
    """Reads and parses each file, and finds the tables that it reads, so many in each."""
    import sqlglot
    from sqlglot import exp

    for file in sorted(models.glob("*.sql")):
        tree = sqlglot.parse_one(file.read_text("utf-8"), dialect="duckdb")
        ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        tables = {
            (table.catalog, table.db, table.name)
            for table in tree.find_all(exp.Table)
            if table.db or table.name.lower() not in ctes
        }
        assert len(tables) == count
