"""The arguments and options that commands share, and what is made of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from t4t_core.models import Model
    from t4t_core.project.load import Project
    from t4t_core.request import Request
    from t4t_core.seed import Seed

Command = TypeVar("Command", bound=Callable[..., Any])


def project_argument(command: Command) -> Command:
    """PROJECT."""
    return click.argument("project", type=click.Path(path_type=Path), metavar="PROJECT")(command)


def shared(command: Command) -> Command:
    """PROJECT, --vars, --verbose and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no log."),
        click.option("-v", "--verbose", is_flag=True, help="Log every statement; show tracebacks."),
        click.option("--vars", "variables", metavar="JSON", help="Variables, as a JSON object."),
    ):
        command = option(command)
    return project_argument(command)


def selecting(command: Command) -> Command:
    """--select and --exclude."""
    for option in (
        click.option("-e", "--exclude", multiple=True, metavar="SELECTOR", help="Leave these out."),
        click.option(
            "-s",
            "--select",
            multiple=True,
            metavar="SELECTOR",
            help="Names, wildcards, tag:x, +upstream, downstream+. All by default.",
        ),
    ):
        command = option(command)
    return command


def running(command: Command) -> Command:
    """What commands take that run models, or show what a run would do."""
    return click.option(
        "--full-refresh", is_flag=True, help="Build incremental tables anew from all their rows."
    )(selecting(shared(command)))


def selected_nodes(loaded: Project, options: Mapping[str, Any]) -> tuple[Model | Seed, ...]:
    """The nodes that --select and --exclude leave, parents before children."""
    return loaded.graph.select(options["select"], options["exclude"])


def load(
    project: Path, options: Mapping[str, Any], *, is_quiet: bool = False
) -> tuple[Project, Request]:
    """The project of the command line, and what the command asks for; logging is set up.

    Args:
        project: As it was given.
        options: Of the command.
        is_quiet: Log nothing but warnings and what `-v` asks for.
    """
    from t4t_core.project.load import load_project
    from t4t_core.request import Request

    click.get_current_context().meta["t4t.flags"] = dict(options)
    is_json = options["as_json"]
    _log(
        verbose=options["verbose"],
        is_quiet=is_json or (is_quiet and not options["verbose"]),
    )
    loaded = load_project(project, _variables(options["variables"]))
    return loaded, Request(
        variables=loaded.variables, full_refresh=bool(options.get("full_refresh"))
    )


def _variables(text: str | None) -> dict[str, object]:
    from t4t_core.errors import UsageError

    if text is None:
        return {}
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"--vars is not JSON: {error}", hint="""--vars '{"start_date": "2024-01-01"}'"""
        ) from error
    if not isinstance(values, dict):
        raise UsageError(
            f"--vars is a JSON {type(values).__name__}, not an object",
            hint="""--vars '{"start_date": "2024-01-01"}'""",
        )
    return values


def _log(*, verbose: bool, is_quiet: bool) -> None:
    from t4t_core.progress import LineHandler

    handler = LineHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s - %(name)s - %(message)s"))
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=logging.WARNING if is_quiet else level, handlers=[handler])
