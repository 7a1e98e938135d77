"""The commands about a project itself: `init`, `state`, `debug`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from t4t_core.cli.options import load, shared


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a new project in FOLDER."""
    from t4t_core.commands.new_project import write_new_project

    for file in write_new_project(folder):
        click.echo(f"wrote {file}")
    click.echo(f"now: {shlex.join(['t4t', 'build', str(folder)])}")


@click.command()
@click.argument("action", type=click.Choice(["show", "windows", "reset", "set"]))
@shared
@click.option("-m", "--model", metavar="NAME", help="The model; set and reset need it.")
@click.option("--value", metavar="TIME", help="Of set: the new watermark.")
def state(action: str, project: Path, model: str | None, value: str | None, **options: Any) -> None:
    """Show, set or reset the state of models.

    \b
    show     prints what the last run of each model left
    windows  prints which times runs have read, and which lie between them unread
    set      moves a model's watermark, from which its next run reads
    reset    forgets a model's state, so that its next run is a full load
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from t4t_core.commands.state import shown, shown_text, shown_windows, windows_text

    loaded, _ = load(project, options)
    if action == "windows":
        windows = shown_windows(loaded, model)
        click.echo(
            json.dumps({"status": "success", "models": windows})
            if options["as_json"]
            else windows_text(windows)
        )
        return
    if action == "show":
        rows = shown(loaded, model)
        click.echo(
            json.dumps({"status": "success", "models": rows})
            if options["as_json"]
            else shown_text(rows)
        )
        return
    if model is None or (action == "set" and value is None):
        raise click.UsageError(
            "reset needs --model" if action == "reset" else "set needs --model and --value"
        )
    from t4t_core.commands.change_state import reset, set_watermark

    done = reset(loaded, model) if action == "reset" else set_watermark(loaded, model, value or "")
    click.echo(
        json.dumps({"status": "success", "models": [done]})
        if options["as_json"]
        else shown_text([done])
    )


@click.command()
@shared
def debug(project: Path, **options: Any) -> None:
    """Check a project, its database and its state."""
    from t4t_core.commands.diagnosis import diagnosed, diagnosis_text

    loaded, _ = load(project, options)
    found = diagnosed(loaded)
    click.echo(json.dumps(found) if options["as_json"] else diagnosis_text(found))
    sys.exit(0 if found["status"] == "success" else 2)
