"""The commands that show what a run would do: `compile`, `plan`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from t4t_core.cli.options import (
    backfilling,
    leaving,
    load,
    running,
    selected_nodes,
    selecting,
    shared,
)


@click.command()
@selecting
@shared
def compile(project: Path, **options: Any) -> None:
    """Print each model's SQL, for the first run and for later ones."""
    from t4t_core.commands.preview import compiled_models, compiled_text

    loaded, request = load(project, options)
    models = compiled_models(loaded, selected_nodes(loaded, options), request)
    _show(models, compiled_text, as_json=options["as_json"])


@click.command()
@backfilling
@leaving
@running
def plan(project: Path, **options: Any) -> None:
    """Show what the next run would do, and why."""
    from t4t_core.commands.preview import plan_text, planned_models

    loaded, request = load(project, options)
    models = planned_models(loaded, selected_nodes(loaded, options), request)
    _show(models, plan_text, as_json=options["as_json"])


def _show(
    models: list[dict[str, Any]],
    text_of: Callable[[Sequence[dict[str, Any]]], str],
    *,
    as_json: bool,
) -> NoReturn:
    """Prints the models and ends the command; a model with an error makes it fail."""
    status = "failed" if any(model["error"] for model in models) else "success"
    click.echo(json.dumps({"status": status, "models": models}) if as_json else text_of(models))
    sys.exit(1 if status == "failed" else 0)
