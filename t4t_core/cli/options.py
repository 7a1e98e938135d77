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
    from t4t_core.planning.request import Request
    from t4t_core.project.load import Project
    from t4t_core.seeds.seed import Seed
    from t4t_core.windows.window import Backfill

Command = TypeVar("Command", bound=Callable[..., Any])


def project_argument(command: Command) -> Command:
    """PROJECT."""
    return click.argument("project", type=click.Path(path_type=Path), metavar="PROJECT")(command)


def shared(command: Command) -> Command:
    """PROJECT, --vars, --env, --verbose and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no log."),
        click.option("-v", "--verbose", is_flag=True, help="Log every statement; show tracebacks."),
        click.option("--env", metavar="NAME", help="Take [env.NAME] of project.toml, not T4T_ENV."),
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


def leaving(command: Command) -> Command:
    """--changed and --all."""
    return click.option(
        "--changed/--all",
        "only_changed",
        default=None,
        help="Leave models as they are whose inputs have not changed; or run all of them.",
    )(command)


def running(command: Command) -> Command:
    """What commands take that run models, or show what a run would do."""
    return click.option(
        "--full-refresh",
        is_flag=True,
        help="Make incremental tables anew from all rows, and load seeds that did not change.",
    )(selecting(shared(command)))


def at_once(command: Command) -> Command:
    """--threads."""
    return click.option(
        "--threads",
        type=click.IntRange(1, 64),
        metavar="N",
        help="Run up to N at a time that do not read each other.",
    )(command)


def backfilling(command: Command) -> Command:
    """--start, --end, --batch-size, --missing and --restart."""
    for option in (
        click.option("--restart", is_flag=True, help="Do the batches again that were done."),
        click.option("--missing", is_flag=True, help="Backfill the windows that no run has read."),
        click.option(
            "--batch-size",
            metavar="SIZE",
            help="Commit after each '1 day', '7d', '12 hours', '1 month', or 10000 (integers).",
        ),
        click.option("--end", metavar="TIME", help="The window ends before this."),
        click.option("--start", metavar="TIME", help="Backfill the window from this on."),
    ):
        command = option(command)
    return command


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
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project

    click.get_current_context().meta["t4t.flags"] = dict(options)
    is_json = options["as_json"]
    _log(
        verbose=options["verbose"],
        is_quiet=is_json or (is_quiet and not options["verbose"]),
    )
    loaded = load_project(project, _variables(options["variables"]), env=options["env"])
    only_changed = options.get("only_changed")
    if only_changed is None:
        only_changed = loaded.settings.flags.only_changed
    return loaded, Request(
        variables=loaded.variables,
        full_refresh=bool(options.get("full_refresh")),
        backfill=_backfill(options),
        only_changed=only_changed,
    )


def _backfill(options: Mapping[str, Any]) -> Backfill | None:
    """The backfill that the options ask for, or None."""
    from t4t_core.errors import UsageError
    from t4t_core.windows.window import Backfill, batches, read_batch_size, read_window

    start, end, is_missing = (options.get(name) for name in ("start", "end", "missing"))
    if not (start or end or is_missing):
        if options.get("batch_size") or options.get("restart"):
            raise UsageError(
                "--batch-size and --restart say how a backfill is done, and none is asked for",
                hint="say of what: --start and --end, or --missing",
            )
        return None
    if options.get("full_refresh"):
        raise UsageError(
            "--full-refresh builds whole tables, and a backfill does a window of them",
            hint="leave one of them out",
        )
    if is_missing and (start or end):
        raise UsageError("--missing finds its windows itself; leave --start and --end out")
    if not is_missing and not (start and end):
        raise UsageError(
            f"{'--end' if start else '--start'} is missing: a window has both ends",
            hint="as in --start 2024-01-01 --end 2024-02-01, which leaves 1 February out",
        )
    size = None if options["batch_size"] is None else read_batch_size(options["batch_size"])
    window = None if is_missing else read_window(start or "", end or "")
    if window is not None:
        batches(window, size)  # refuses a size that does not suit it before anything runs
    return Backfill(window, size, is_restart=bool(options.get("restart")))


def _variables(text: str | None) -> dict[str, object]:
    from t4t_core.errors import UsageError

    if text is None:
        return {}
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
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
    level = logging.DEBUG if verbose else logging.INFO
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(levelname)s - %(name)s - %(message)s"))
    logging.basicConfig(level=logging.WARNING if is_quiet else level, handlers=[handler])


class _Lines(logging.Formatter):
    """Log lines that say which model they are of, where several are run at a time."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's name
        from t4t_core.names import THREAD

        name = record.threadName or ""
        # DuckDB and Python code have threads too, of other names.
        model = name.removeprefix(THREAD)
        if model != name and model not in record.message:
            record.message = f"{model}: {record.message}"
        return super().formatMessage(record)
