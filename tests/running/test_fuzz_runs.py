"""Whatever values and rows a run is given, it succeeds, or fails in words and writes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from long_part import histories, played
from running_lab import Lab, incremental

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import T4tError
from t4t_core.planning.request import Request
from t4t_core.project.load import load_project, with_variables
from t4t_core.running.session import Session
from t4t_core.sql.names import column
from t4t_core.state.ledger_tables import ensure_ledger
from t4t_core.windows.slices import Slice

pytestmark = pytest.mark.long

_CSV = ["id", "a", "1", "-1.5", ",", ",,", ";", "\t", "'", '"', '""', '"a', 'b"', "\n", "\r\n"]
_CSV += ["\r", "\0", "\ufeff", "é", "\\", "#", " ", "NULL", "2024-01-01", "1e400"]
CSV = st.lists(st.sampled_from(_CSV), max_size=16).map("".join).map(str.encode)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def opened(lab: Lab) -> tuple[Session, Warehouse]:
    """A session of the project on an empty database in memory."""
    project = load_project(lab.folder)
    warehouse = Warehouse.open_empty(project.settings.catalog)
    ensure_ledger(warehouse)
    return Session(project, warehouse), warehouse


def everything(warehouse: Warehouse, table: str) -> list[tuple[object, ...]]:
    return [
        *warehouse.rows(f"FROM {table} ORDER BY ALL"),
        *warehouse.rows("SELECT * FROM _t4t.commits ORDER BY ALL"),
        *warehouse.rows("SELECT table_name FROM duckdb_tables() ORDER BY ALL"),
    ]


@histories(60, 1000)
@given(content=CSV | st.binary(max_size=30))
def test_any_file_is_a_seed_or_is_refused_in_words(content: bytes) -> None:
    """Odd quotes, NUL, ragged rows, other encodings: a table, or words and the table as it was."""
    played["inputs"] += 1
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder) / "lab")
        file = lab.folder / "seeds" / "m" / "s.csv"
        file.parent.mkdir(parents=True)
        file.write_text("id\n7\n")
        session, warehouse = opened(lab)
        with warehouse:
            (seed,) = session.project.graph.select()
            assert session.run(seed, Request()).status == "success"
            before = everything(warehouse, "m.s")
            file.write_bytes(content)

            report = session.run(seed, Request())

            if report.status == "failed":
                assert str(file) in str(report.error)
                assert everything(warehouse, "m.s") == before
            else:
                count = warehouse.number("SELECT count(*) FROM m.s")
                assert count == report.row_count


@histories(60, 1000)
@given(value=JSON)
def test_any_value_is_a_variable_or_is_refused_in_words(value: object) -> None:
    """As Dagster's run config and `--vars` give them, in a query and as the start."""
    played["inputs"] += 1
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder) / "lab")
        settings = incremental("append", start_date="@a", lookback="@a")
        lab.model("SELECT 1 AS id, TIMESTAMP '2024-01-01' AS c, @a AS v", settings)
        session, warehouse = opened(lab)
        with warehouse:
            project = with_variables(session.project, {"a": value})
            session.project = project
            (model,) = project.models
            try:
                report = session.run(model, Request(variables=project.variables))
            except T4tError:
                return
            if report.status == "failed":
                assert warehouse.rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'm'") == []
                assert warehouse.rows("FROM _t4t.commits") == []


@histories(60, 1000)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        unique=True,
        min_size=1,
        max_size=4,
    )
)
def test_any_text_is_a_partition(texts: list[str]) -> None:
    """The slice of some of a column's values holds their rows, and no others."""
    played["inputs"] += 1
    half = tuple(texts[: len(texts) // 2 + 1])
    condition = Slice("v", half).holds(column("v"))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS v", [texts])

        held = connection.execute(f"SELECT v FROM t WHERE {condition}").fetchall()

    assert sorted(held) == sorted((text,) for text in half)
