"""Models that turn values into columns: DuckDB 2.0 does not tell how many rows it wrote of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from running_lab import Lab, incremental

from t4t_core.planning.request import Request
from t4t_core.running.run import run_nodes

QUERY = "SELECT id, c, x FROM (PIVOT src ON v USING sum(n) GROUP BY id, c)"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A source with one row, and a model that reads the pivoted one."""
    lab = Lab(tmp_path / "shop")
    lab.sql("CREATE TABLE src AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c, 'x' AS v, 5 AS n")
    lab.model("SELECT count(*) AS n, sum(x)::INT AS x FROM m.t", None, "d")
    return lab


@pytest.mark.parametrize("query", [QUERY, "PIVOT src ON v USING sum(n) GROUP BY id, c"])
def test_a_table_has_as_many_rows_as_are_reported(lab: Lab, query: str) -> None:
    """A run that asks only for what changed leaves it as it is then."""
    lab.model("SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c, 'x' AS v, 5 AS n", None, "s")
    lab.model(query.replace("src", "m.s"))

    assert lab.run().row_count == 1
    project = lab.project()
    again = run_nodes(project, project.graph.select(), Request(only_changed=True))

    assert {model.mode for model in again.models} == {"skipped"}


@pytest.mark.parametrize(
    ("metadata", "rows"),
    [
        (incremental("append"), [(1, 5), (1, 6), (2, 7)]),
        (incremental("merge"), [(1, 6), (2, 7)]),
        (incremental("merge", unique_key=["id", "c"]), [(1, 5), (1, 6), (2, 7)]),
        (incremental("delete_insert", start_date="2024-01-01"), [(1, 6), (2, 7)]),
    ],
    ids=["append", "merge", "merge-of-new-keys", "delete_insert"],
)
def test_what_is_new_is_written_and_counted(
    lab: Lab, metadata: dict[str, Any], rows: list[tuple[int, int]]
) -> None:
    """Also where no row of the window is as it was; what reads the table runs after it."""
    lab.model(QUERY, metadata)
    lab.run()
    late = "2024-01-01" if metadata["incremental"]["strategy"] == "append" else "2024-01-02"
    lab.sql(
        f"UPDATE src SET c = '{late}', n = 6",
        "INSERT INTO src VALUES (2, TIMESTAMP '2024-01-03', 'x', 7)",
    )

    project = lab.project()
    report = run_nodes(project, project.graph.select(), Request(only_changed=True))

    assert lab.rows("SELECT id, x::INT FROM m.t") == rows
    assert report.models[0].row_count == len(rows)
    assert report.models[0].rows_inserted >= 1
    assert lab.rows("SELECT * FROM m.d") == [(len(rows), sum(x for _, x in rows))]
    assert [str(row[2]) for row in lab.ledger() if row[0] == "m.t"][-1] == "2024-01-03T00:00:00"
