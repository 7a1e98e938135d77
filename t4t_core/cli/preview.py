"""The commands that show what a run would do: `compile`, `plan`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from t4t_core.cli.options import backfilling, load, running, selected_nodes, selecting, shared


@click.command()
@selecting
@shared
def compile(project: Path, **options: Any) -> None:
    """Print each model's SQL, for the first run and for later ones."""
    from t4t_core.preview import compiled_models, compiled_text

    loaded, request = load(project, options)
    models = compiled_models(loaded, selected_nodes(loaded, options), request)
    status = "failed" if any(model["error"] for model in models) else "success"
    if options["as_json"]:
        click.echo(json.dumps({"status": status, "models": models}))
    else:
        click.echo(compiled_text(models))
    sys.exit(1 if status == "failed" else 0)


@click.command()
@backfilling
@running
def plan(project: Path, **options: Any) -> None:
    """Show what the next run would do, and why."""
    from t4t_core.preview import plan_text, planned_models

    loaded, request = load(project, options)
    models = planned_models(loaded, selected_nodes(loaded, options), request)
    status = "failed" if any(model["error"] for model in models) else "success"
    if options["as_json"]:
        click.echo(json.dumps({"status": status, "models": models}))
    else:
        click.echo(plan_text(models))
    sys.exit(1 if status == "failed" else 0)
