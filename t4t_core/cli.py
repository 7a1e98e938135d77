"""The command `t4t`.

What a command needs is imported when it runs, so that `t4t --help` is quick.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from t4t_core.project.load import Project
    from t4t_core.request import Request

Command = TypeVar("Command", bound=Callable[..., Any])


class _Group(click.Group):
    """A group whose errors are one screen of words, with the exit status of their kind."""

    def invoke(self, ctx: click.Context) -> Any:
        from t4t_core.errors import T4tError

        try:
            return super().invoke(ctx)
        except T4tError as error:
            _fail(error, ctx)
        except KeyboardInterrupt:
            click.echo("stopped; what was committed stays, the rest was rolled back", err=True)
            sys.exit(130)


def _fail(error: Exception, ctx: click.Context) -> NoReturn:
    from t4t_core.errors import T4tError

    assert isinstance(error, T4tError), "other errors are not caught"
    words = ctx.meta.get("t4t.flags", {})
    if words.get("verbose"):
        logging.getLogger("t4t").error("", exc_info=error)
    if words.get("as_json"):
        click.echo(json.dumps({"status": "failed", "error": str(error), "models": []}))
    click.echo(f"error: {error}", err=True)
    sys.exit(error.exit_status)


def _project_argument(command: Command) -> Command:
    return click.argument("project", type=click.Path(path_type=Path), metavar="PROJECT")(command)


def _shared(command: Command) -> Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no log."),
        click.option("-v", "--verbose", is_flag=True, help="Log every statement; show tracebacks."),
        click.option("--vars", "variables", metavar="JSON", help="Variables, as a JSON object."),
    ):
        command = option(command)
    return _project_argument(command)


def _selecting(command: Command) -> Command:
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


def _running(command: Command) -> Command:
    return click.option(
        "--full-refresh", is_flag=True, help="Build incremental tables anew from all their rows."
    )(_selecting(_shared(command)))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="t4t-dagster", prog_name="t4t")
def main() -> None:
    """Incremental data models on DuckDB that neither lose nor double a row."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a new project in FOLDER."""
    from t4t_core.new_project import write_new_project

    for file in write_new_project(folder):
        click.echo(f"wrote {file}")
    click.echo(f"now: t4t build {folder}")


@main.command()
@_running
def run(project: Path, **options: Any) -> None:
    """Run the models of PROJECT."""
    _run(project, options, with_models=True, with_seeds=False)


@main.command()
@_running
def seed(project: Path, **options: Any) -> None:
    """Load the files of seeds/ into tables."""
    _run(project, options, with_models=False, with_seeds=True)


@main.command()
@_running
def build(project: Path, **options: Any) -> None:
    """Load seeds and run models, in the order of what they read."""
    _run(project, options, with_models=True, with_seeds=True)


@main.command()
@_selecting
@_shared
def compile(project: Path, **options: Any) -> None:
    """Print each model's SQL, for the first run and for later ones."""
    from t4t_core.preview import compiled_models, compiled_text

    loaded, request = _load(project, options)
    models = compiled_models(loaded, _selected(loaded, options), request)
    status = "failed" if any(model["error"] for model in models) else "success"
    if options["as_json"]:
        click.echo(json.dumps({"status": status, "models": models}))
    else:
        click.echo(compiled_text(models))
    sys.exit(1 if status == "failed" else 0)


@main.command()
@_running
def plan(project: Path, **options: Any) -> None:
    """Show what the next run would do, and why."""
    from t4t_core.preview import plan_text, planned_models

    loaded, request = _load(project, options)
    models = planned_models(loaded, _selected(loaded, options), request)
    status = "failed" if any(model["error"] for model in models) else "success"
    if options["as_json"]:
        click.echo(json.dumps({"status": status, "models": models}))
    else:
        click.echo(plan_text(models))
    sys.exit(1 if status == "failed" else 0)


@main.command()
@click.argument("action", type=click.Choice(["show", "reset", "set"]))
@_shared
@click.option("-m", "--model", help="The model; needed for reset and set.")
@click.option("--value", help="set: the watermark that the next run starts from.")
def state(action: str, project: Path, model: str | None, value: str | None, **options: Any) -> None:
    """Show, set or reset the state of models.

    ACTION is show, reset or set.
    """
    from t4t_core.state_commands import reset, set_watermark, shown, shown_text

    loaded, _ = _load(project, options)
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
    done = reset(loaded, model) if action == "reset" else set_watermark(loaded, model, value or "")
    click.echo(
        json.dumps({"status": "success", "models": [done]})
        if options["as_json"]
        else shown_text([done])
    )


@main.command()
@_shared
def debug(project: Path, **options: Any) -> None:
    """Check a project, its database and its state."""
    from t4t_core.diagnosis import diagnosed, diagnosis_text

    loaded, _ = _load(project, options)
    found = diagnosed(loaded)
    click.echo(json.dumps(found) if options["as_json"] else diagnosis_text(found))
    sys.exit(0 if found["status"] == "success" else 2)


def _run(project: Path, options: Mapping[str, Any], *, with_models: bool, with_seeds: bool) -> None:
    from t4t_core.models import Model
    from t4t_core.progress import progress
    from t4t_core.run import run_nodes
    from t4t_core.summary import summary

    loaded, request = _load(project, options)
    nodes = [
        node
        for node in _selected(loaded, options)
        if (with_models if isinstance(node, Model) else with_seeds)
    ]
    with progress(len(nodes), is_quiet=options["as_json"]) as advance:
        report = run_nodes(loaded, nodes, request, advance)
    if options["as_json"]:
        click.echo(json.dumps(report.to_json()))
    else:
        click.echo(summary(report), err=True)
    sys.exit(1 if report.failed else 0)


def _selected(loaded: Project, options: Mapping[str, Any]) -> tuple[Any, ...]:
    return loaded.graph.select(options["select"], options["exclude"])


def _load(project: Path, options: Mapping[str, Any]) -> tuple[Project, Request]:
    from t4t_core.project.load import load_project
    from t4t_core.request import Request

    click.get_current_context().meta["t4t.flags"] = dict(options)
    _log(verbose=options["verbose"], is_quiet=options["as_json"])
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


if __name__ == "__main__":
    main()
