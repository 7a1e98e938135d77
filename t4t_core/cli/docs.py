"""The command that documents: `docs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from t4t_core.cli.options import load, shared


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; site/index.html in the project by default.",
)
@shared
def docs(project: Path, output: Path | None, **options: Any) -> None:
    """Write a page about PROJECT that opens in any browser."""
    from t4t_core.errors import UsageError
    from t4t_core.site import page_of

    loaded, _ = load(project, options)
    file = output or loaded.settings.folder / "site" / "index.html"
    page = page_of(loaded)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, "utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error}") from error
    if options["as_json"]:
        click.echo(json.dumps({"status": "success", "file": str(file)}))
    else:
        click.echo(f"wrote {file}")
