"""Whatever a run's config or a `defs.yaml` says, there is a result or words."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shop import read, write
from hypothesis import given
from hypothesis import strategies as st
from long_part import histories, played
from pydantic import ValidationError

from t4t_dagster import T4tProjectComponent, build_t4t_definitions

pytestmark = [
    pytest.mark.long,
    # Dagster's own loading of components warns of what it uses.
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated:DeprecationWarning"),
]

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
LEAVES |= st.sampled_from(["2024-01-01", "'", "{{ x }}", "tag:a", "eager", "0 0 * * *", "@a"])
KEYS = ["project", "select", "exclude", "vars", "env", "translation", "op", "io_manager_key"]
KEYS += ["pool", "tags", "retry_policy", "max_retries", "delay", "backoff", "backfill_policy"]
KEYS += ["type", "max_partitions_per_run", "automation", "checks", "sensors", "group_name"]
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
REFUSED = (dg.DagsterError, ValidationError, dg.components.resolved.errors.ResolutionException)


@histories(8, 150)
@given(value=VALUES)
def test_any_vars_of_a_run_are_taken_or_refused_in_words(value: object) -> None:
    """The run succeeds, or its one failure is told in words and no table is made."""
    played["inputs"] += 1
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "shop"
        (folder / "models").mkdir(parents=True)
        (folder / "project.toml").write_text(
            '[connection]\npath = "data/shop.duckdb"\nschema = "mart"\n'
        )
        (folder / "models" / "t.sql").write_text("SELECT @a AS a")
        write(folder, "CREATE TABLE nothing (id INTEGER)")
        job = build_t4t_definitions(folder).resolve_implicit_global_asset_job_def()
        config: dict[str, Any] = {"vars": {"a": value}}
        try:
            done = job.execute_in_process(
                run_config={"resources": {"t4t_io_manager": {"config": config}}},
                raise_on_error=False,
            )
        except dg.DagsterInvalidConfigError:
            return  # a value that is no config

        found = read(folder, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mart'")
        if done.success:
            assert found == [("t",)]
        else:
            (failed,) = (event for event in done.all_events if event.is_step_failure)
            assert failed.step_failure_data.user_failure_data is not None
            assert found == []


@histories(60, 1000)
@given(attributes=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_attributes_are_taken_or_refused_in_words(attributes: dict[str, object]) -> None:
    """Those of a `defs.yaml` become a component, or an error of Dagster's that names them."""
    played["inputs"] += 1
    with contextlib.suppress(*REFUSED):
        T4tProjectComponent.resolve_from_dict({"project": "shop", **attributes})
