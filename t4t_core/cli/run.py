"""The commands that write: `run`, `seed`, `build`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from t4t_core.cli.options import at_once, backfilling, leaving, load, running, selected_nodes


@click.command()
@at_once
@backfilling
@leaving
@running
def run(project: Path, **options: Any) -> None:
    """Run the models of PROJECT."""
    _run(project, options, with_models=True, with_seeds=False)


@click.command()
@at_once
@running
def seed(project: Path, **options: Any) -> None:
    """Load the files of seeds/ into tables."""
    _run(project, options, with_models=False, with_seeds=True)


@click.command(short_help="Load seeds, run models and test them.")
@at_once
@backfilling
@leaving
@running
def build(project: Path, **options: Any) -> None:
    """Load seeds, run models and test them, in the order of what they read."""
    _run(project, options, with_models=True, with_seeds=True, with_tests=True)


def _run(
    project: Path,
    options: Mapping[str, Any],
    *,
    with_models: bool,
    with_seeds: bool,
    with_tests: bool = False,
) -> None:
    from t4t_core.commands.progress import progress
    from t4t_core.commands.summary import summary
    from t4t_core.models import Model
    from t4t_core.running.run import run_nodes

    loaded, request = load(project, options)
    nodes = [
        node
        for node in selected_nodes(loaded, options)
        if (with_models if isinstance(node, Model) else with_seeds)
    ]
    asked = replace(request, with_tests=with_tests)
    with progress(len(nodes), is_quiet=options["as_json"]) as (advance, advance_batch):
        threads = options["threads"] or loaded.settings.flags.threads
        report = run_nodes(loaded, nodes, asked, advance, advance_batch, threads=threads)
    if options["as_json"]:
        click.echo(json.dumps(report.to_json()))
    else:
        click.echo(summary(report), err=True)
    sys.exit(1 if report.status == "failed" else 0)
