"""The command that tests: `test`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from t4t_core.cli.options import at_once, load, selected_nodes, selecting, shared


@click.command(short_help="Run the data tests, or with --unit the unit tests.")
@click.option("--unit", is_flag=True, help="Run the unit tests of the models.")
@at_once
@selecting
@shared
def test(project: Path, *, unit: bool, **options: Any) -> None:
    """Run the data tests of PROJECT on its tables as they are, or the unit tests of its models."""
    if unit:
        _unit(project, options)
    else:
        _data(project, options)


def _data(project: Path, options: dict[str, Any]) -> None:
    from t4t_core.data_tests.alone import tables_tested
    from t4t_core.data_tests.summary import tests_summary

    loaded, request = load(project, options)
    nodes = selected_nodes(loaded, options)
    threads = options["threads"] or loaded.settings.flags.threads
    report = tables_tested(loaded, nodes, request, threads=threads)
    if options["as_json"]:
        click.echo(json.dumps(report.to_json()))
    else:
        click.echo(tests_summary(report), err=True)
    sys.exit(1 if report.status == "failed" else 0)


def _unit(project: Path, options: dict[str, Any]) -> None:
    from t4t_core.errors import UsageError
    from t4t_core.unit_tests import UnitReport, run_unit_tests, unit_text

    if options["threads"]:
        raise UsageError("unit tests run one at a time; leave --threads out")

    def tell(report: UnitReport) -> None:
        if not options["as_json"]:
            click.echo(unit_text(report, shows_all=options["verbose"]), err=True)

    loaded, _ = load(project, options, is_quiet=True)
    reports = run_unit_tests(loaded, selected_nodes(loaded, options), tell)
    failed = [report for report in reports if report.status == "failed"]
    if options["as_json"]:
        tests = [report.to_json() for report in reports]
        status = "failed" if failed else "success"
        click.echo(json.dumps({"status": status, "models": [], "tests": tests}))
    else:
        click.echo(f"{len(reports) - len(failed)} passed, {len(failed)} failed", err=True)
    sys.exit(1 if failed else 0)
