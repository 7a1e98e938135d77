"""`t4t init`: a project that runs at once."""

from __future__ import annotations

from pathlib import Path

from t4t_core.errors import UsageError

_FILES = {
    "project.toml": """\
project_folder = "{name}"

[connection]
type = "duckdb"
path = "data/{name}.duckdb"
schema = "analytics"

[flags]
materialization_change_behavior = "warn"
""",
    ".gitignore": "data/\n.t4t/\n",
    "seeds/raw/orders.csv": """\
id,customer,amount,updated_at
1,ada,12.50,2024-01-01 09:00:00
2,grace,7.00,2024-01-02 10:30:00
3,ada,30.00,2024-01-03 16:45:00
""",
    "models/analytics/orders.sql": """\
SELECT
    id,
    customer,
    amount,
    updated_at
FROM raw.orders
WHERE amount > 0
""",
    "models/analytics/orders.py": """\
from t4t_core.typing import ModelMetadata

metadata: ModelMetadata = {{
    "description": "The current state of each order",
    "materialization": "incremental",
    "incremental": {{
        "strategy": "merge",
        "merge": {{
            "unique_key": ["id"],
            "time_column": "updated_at",
            "start_date": "auto",
            "lookback": "3 hours",
        }},
    }},
    "schema": [
        {{"name": "id", "tests": ["primary_key"]}},
        {{"name": "customer", "tests": ["not_null"]}},
    ],
}}
""",
    "models/analytics/customers.sql": """\
-- metadata: {{"description": "What each customer has ordered", "materialization": "table"}}
SELECT
    customer,
    count(*) AS orders,
    sum(amount) AS amount
FROM analytics.orders
GROUP BY customer
""",
}


def write_new_project(folder: Path) -> list[Path]:
    """Writes a small project; gives its files.

    Raises:
        UsageError: The folder holds something already, or cannot be written.
    """
    folder = folder.expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", hint="name a folder that is new or empty")
    name = "".join(c if c.isalnum() else "_" for c in folder.resolve().name)
    written = []
    try:
        for path, text in _FILES.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.format(name=name), "utf-8")
            written.append(file)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}") from error
    return written
