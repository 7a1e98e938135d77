"""A whole project as Dagster definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from t4t_core.project import load_project
from t4t_dagster.assets import IO_MANAGER_KEY, Execute, t4t_asset_checks, t4t_assets
from t4t_dagster.io_manager import T4tIOManager
from t4t_dagster.translator import T4tTranslator


def build_t4t_definitions(
    project: str | Path,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    translator: T4tTranslator | None = None,
    duckdb: DuckDBResource | None = None,
    vars: dict[str, Any] | None = None,
    env: str | None = None,
    io_manager_key: str = IO_MANAGER_KEY,
    retry_policy: dg.RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    backfill_policy: dg.BackfillPolicy | None = None,
    execute: Execute | None = None,
) -> dg.Definitions:
    """The assets of a project with the IO manager that runs them.

    Args:
        project: The folder that holds `project.toml`. A relative one is taken from the working
            directory, so write `Path(__file__).parent / "my_project"`.
        select: As `t4t run --select`; everything by default.
        exclude: As `t4t run --exclude`.
        translator: Decides how models look in Dagster.
        duckdb: Connect through this resource; it must open the project's own database.
        vars: Variables of every run, over `[vars]`; a run's own config stands above them.
        env: The environment of `project.toml` to take; T4T_ENV names it by default.
        io_manager_key: The resource that runs them; a second project needs another key.
        retry_policy: For errors of the database; a lock is waited for without one. A model's own
            stands above it.
        pool: The concurrency pool of every step; a model's own stands above it.
        op_tags: Tags of every step; a model's own are added.
        backfill_policy: How many partitions one run of a backfill takes.
        execute: The body of every asset: it gets the context and the output, which it returns.

    Raises:
        ProjectError: All that is wrong in the project.
        UsageError: There is no project.
    """
    loaded = load_project(project, vars, env=env)
    translator = translator or T4tTranslator()
    return dg.Definitions(
        assets=t4t_assets(
            loaded,
            select=select,
            exclude=exclude,
            translator=translator,
            io_manager_key=io_manager_key,
            retry_policy=retry_policy,
            pool=pool,
            op_tags=op_tags,
            backfill_policy=backfill_policy,
            execute=execute,
        ),
        asset_checks=t4t_asset_checks(
            loaded,
            select=select,
            exclude=exclude,
            translator=translator,
            io_manager_key=io_manager_key,
        ),
        resources={io_manager_key: T4tIOManager.of(loaded, translator=translator, duckdb=duckdb)},
    )
