"""Arrays of a fixed length, which DuckDB 2.0.0 mixes up on their way through an outer join."""

from __future__ import annotations

from typing import Any

import pytest
from running_lab import Lab, incremental, scd2

from t4t_core.sql.fixed_arrays import has_fixed_array, lists_in

CHECK = {"materialization": "scd2", "scd2": {"strategy": "check", "unique_key": "id"}}


@pytest.mark.parametrize(
    ("metadata", "current"),
    [
        pytest.param(incremental("append"), "c = (SELECT max(c) FROM src)", id="append"),
        pytest.param(incremental("merge"), "true", id="merge"),
        pytest.param(incremental("merge", method="merge"), "true", id="merge-statement"),
        pytest.param(incremental("merge", exclude_columns="w"), "true", id="merge-excluded"),
        pytest.param(incremental("delete_insert"), "c = (SELECT max(c) FROM src)", id="delete"),
        pytest.param(scd2("timestamp"), "valid_to IS NULL", id="timestamp"),
        pytest.param(CHECK, "valid_to IS NULL", id="check"),
    ],
)
def test_arrays_stay_what_they_are(lab: Lab, metadata: dict[str, Any], current: str) -> None:
    """Rows of new keys before those of known ones take none of their arrays, nor look changed."""
    lab.sql("CREATE TABLE src (id BIGINT, c TIMESTAMP, v INTEGER[2], w STRUCT(a VARCHAR[2]))")
    lab.model("SELECT * FROM src", metadata)
    for day, first, more in ((1, 100, 0), (2, 0, 0), (3, 50, 7)):
        lab.sql(
            "DELETE FROM src",
            f"INSERT INTO src SELECT i, '2024-01-0{day}', [i, i + {more}], "
            f"{{'a': ['x', 'w' || i]}} FROM range({first}, 200) AS r(i)",
        )
        lab.run()

        columns = "SELECT id, v::VARCHAR, w::VARCHAR FROM"
        shown = lab.rows(f"{columns} m.t WHERE {current} AND id >= {first}")
        assert shown == lab.rows(f"{columns} src")
    assert lab.run().rows_updated == 0


def test_a_column_that_is_gone_keeps_its_arrays(lab: Lab) -> None:
    """Of known keys it holds what it held, and of new ones NULL."""
    metadata = incremental("merge")
    metadata["incremental"]["on_schema_change"] = "ignore"
    lab.sql(
        "CREATE TABLE src AS SELECT i AS id, 1 AS c, [i, i]::INTEGER[2] AS v FROM range(9) r(i)"
    )
    lab.model("SELECT * FROM src WHERE id > 4", metadata)
    lab.run()
    lab.model("SELECT id, c + 1 AS c FROM src", metadata)
    lab.settings({"definition_change_behavior": "continue"})

    lab.run()

    held = lab.rows("SELECT id, c, v::VARCHAR FROM m.t")
    assert held == [(i, 2, f"[{i}, {i}]" if i > 4 else None) for i in range(9)]


def test_brackets_in_quotes_are_none_of_an_array() -> None:
    """A field and a text of an ENUM may be called as they like."""
    assert not has_fixed_array("STRUCT(\"a[2]\" ENUM('b[3]', 'c''[4]'), d INTEGER[])")
    replaced = lists_in({"x": 'STRUCT("a""[2]" INTEGER[2])[3]', "y": "INTEGER"})
    assert replaced == ' REPLACE (CAST(x AS STRUCT("a""[2]" INTEGER[])[]) AS x)'
